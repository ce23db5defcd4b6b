"""Four parameters that agree with each other, from two numbers.

The plate model ties them: Tb.Th = BV/TV / Tb.N and Tb.Sp = (1 - BV/TV) / Tb.N (Parfitt et al., J Clin Invest
1983;72:1396). A network gives the logit of BV/TV and the logarithm of Tb.N, the standard deviation of their errors and
how these are correlated; uncertainties of the four follow to first order.
"""

from __future__ import annotations

import torch

from CTSMALib.morphometry.apparent.recipe import KEYS

LEAST_FRACTION = 0.005
OUTPUTS = 5  # logit BV/TV, log Tb.N, logarithms of their standard deviations, atanh of the correlation
BV_TV, TB_TH, TB_SP, TB_N = range(len(KEYS))


def latents(values: torch.Tensor) -> torch.Tensor:
    """(n, 2) logit of BV/TV and logarithm of Tb.N of (n, 4) parameters in the order of ``KEYS``."""
    fraction = values[:, BV_TV].clamp(LEAST_FRACTION, 1.0 - LEAST_FRACTION)
    return torch.stack([torch.logit(fraction), torch.log(values[:, TB_N].clamp_min(1e-3))], dim=1)


def tied(outputs: torch.Tensor) -> torch.Tensor:
    """(n, 4) parameters in the order of ``KEYS``.

    Args:
        outputs: (n, 2 or more); the first two columns are those of :func:`latents`.
    """
    fraction = torch.sigmoid(outputs[:, 0]).clamp(LEAST_FRACTION, 1.0 - LEAST_FRACTION)
    number = torch.exp(outputs[:, 1])
    return torch.stack([fraction, fraction / number, (1.0 - fraction) / number, number], dim=1)


def uncertainties(outputs: torch.Tensor) -> torch.Tensor:
    """(n, 4) standard deviations of the errors of :func:`tied`, to first order.

    Args:
        outputs: (n, :data:`OUTPUTS`) of a network.
    """
    fraction, thickness, separation, number = tied(outputs).unbind(dim=1)
    first, second = torch.exp(outputs[:, 2].clamp(-7.0, 2.0)), torch.exp(outputs[:, 3].clamp(-7.0, 2.0))
    together = torch.tanh(outputs[:, 4]) * first * second
    slopes = (
        (fraction * (1.0 - fraction), torch.zeros_like(number)),
        (thickness * (1.0 - fraction), -thickness),
        (-separation * fraction, -separation),
        (torch.zeros_like(number), number),
    )
    variances = [(a * first) ** 2 + (b * second) ** 2 + 2.0 * a * b * together for a, b in slopes]
    return torch.sqrt(torch.stack(variances, dim=1).clamp_min(1e-12))


def together(outputs: torch.Tensor) -> torch.Tensor:
    """(n, :data:`OUTPUTS`) of several networks as one: means of what they say, their differences part of the error.

    Args:
        outputs: (networks, n, :data:`OUTPUTS`).
    """
    said, sds = outputs[..., :2], torch.exp(outputs[..., 2:4].clamp(-7.0, 2.0))
    mean = said.mean(dim=0)
    off = said - mean
    variance = (sds**2).mean(dim=0) + (off**2).mean(dim=0)
    shared = (torch.tanh(outputs[..., 4]) * sds.prod(dim=-1)).mean(dim=0) + off.prod(dim=-1).mean(dim=0)
    correlation = shared / torch.sqrt(variance.prod(dim=-1))
    return torch.cat([mean, 0.5 * variance.log(), torch.atanh(correlation.clamp(-0.999, 0.999))[:, None]], dim=1)
