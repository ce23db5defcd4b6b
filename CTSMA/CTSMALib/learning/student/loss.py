"""What networks are to be good at: four values, and the size of their own errors."""

from __future__ import annotations

import torch

from CTSMALib.student.tied_values import tied, uncertainties


def value_loss(outputs: torch.Tensor, values: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Mean squared error of the four values, each over its standard deviation among the training patches.

    Args:
        outputs: (n, 5) of a network.
        values: (n, 4) targets; what is not a number does not count.
        spread: (4,) standard deviations.
    """
    known = torch.isfinite(values)
    error = torch.where(known, (tied(outputs) - torch.where(known, values, 0.0)) / spread, 0.0)
    return (error**2).sum() / known.sum().clamp_min(1)


def scale_loss(outputs: torch.Tensor, values: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of the errors; it moves the uncertainties alone, the values are held.

    Arguments as of :func:`value_loss`.
    """
    held = torch.cat([outputs[:, :2].detach(), outputs[:, 2:]], dim=1)
    known = torch.isfinite(values)
    error = torch.where(known, (tied(held) - torch.where(known, values, 0.0)) / spread, 0.0)
    scale = uncertainties(held) / spread
    likelihood = 0.5 * (error / scale) ** 2 + torch.log(scale)
    return torch.where(known, likelihood, 0.0).sum() / known.sum().clamp_min(1)
