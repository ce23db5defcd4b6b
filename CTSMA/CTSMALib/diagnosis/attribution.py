"""What each patch adds to the log odds of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from CTSMALib.diagnosis.batch import Batch
from CTSMALib.diagnosis.tokens import PLACES, Array
from CTSMALib.diagnosis.transformer import PatchTransformer

POINTS, POWER = 32, 3  # of the integral; with the power of its variable most points lie where few patches are known


def presence_contributions(nets: Sequence[PatchTransformer], knee: Batch) -> tuple[Array, float]:
    """Contributions along the way on which patches come into being, from a knee without any to this one.

    All patches get the same presence, which weighs them in every attention and rises from 0 to 1; what a patch adds is
    the integral of the slope of the log odds with respect to its own presence. These are the values of Aumann and
    Shapley (Values of Non-Atomic Games, 1974), and integrated gradients (Sundararajan et al., ICML 2017,
    arXiv:1703.01365) of the presences. No patch is left out for it. What the quadrature misses is spread over the
    patches in proportion, so that the sum is exact.

    Args:
        nets: in evaluation mode; their mean log odds are explained.
        knee: a batch of one.

    Returns:
        (96,) contributions, and the log odds without any patch. Together they are the log odds of this knee.
    """
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights * POWER * (0.5 * (nodes + 1.0)) ** (POWER - 1)
    steps = torch.from_numpy((nodes**POWER).astype(np.float32))
    presence = steps[:, None].repeat(1, knee.inputs.shape[1]) * knee.present
    presence.requires_grad_()
    # inputs with a gradient too: without one PyTorch takes a faster way, which has no derivative
    inputs = knee.inputs.repeat(POINTS, 1, 1).requires_grad_()
    places = knee.places.expand(POINTS, -1)
    with torch.enable_grad():
        logits = torch.stack([net(inputs, places, presence).logit for net in nets]).mean(dim=0)
        (slopes,) = torch.autograd.grad(logits.sum(), presence)
    with torch.inference_mode():
        present = torch.cat([knee.present, torch.zeros_like(knee.present)])
        ends = Batch(knee.inputs.expand(2, -1, -1), knee.places.expand(2, -1), present)
        reached, unknown = torch.stack([net(*ends).logit for net in nets]).double().mean(dim=0).tolist()
    there = knee.present[0].numpy()
    parts = np.where(there, np.tensordot(weights, slopes.double().numpy(), axes=1), 0.0)
    missed, size = reached - unknown - parts.sum(), np.abs(parts).sum()
    if size > 0.0:
        parts = parts + missed * np.abs(parts) / size
    found = np.zeros(PLACES)
    np.add.at(found, knee.places[0].numpy(), parts)
    return found, unknown
