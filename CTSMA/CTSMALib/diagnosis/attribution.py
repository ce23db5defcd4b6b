"""What each patch adds to the log odds of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from CTSMALib.diagnosis.batch import Batch
from CTSMALib.diagnosis.tokens import PLACES, Array

POINTS = 32  # of the integral


def integrated_gradients(nets: Sequence[nn.Module], knee: Batch) -> tuple[Array, float]:
    """Integrated gradients (Sundararajan et al., ICML 2017, arXiv:1703.01365) from the usual knee to this one.

    The usual knee has the same patches, each with usual values: all inputs are 0. The integral is taken by the
    Gauss-Legendre rule; what it misses is spread over the patches in proportion, so that the sum is exact.

    Args:
        nets: in evaluation mode; their mean log odds are explained.
        knee: a batch of one.

    Returns:
        (96,) contributions, and the log odds of the usual knee. Together they are the log odds of this knee.
    """
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    steps = torch.from_numpy((0.5 * (nodes + 1.0)).astype(np.float32))[:, None, None]
    path = (steps * knee.inputs).requires_grad_()
    places, present = knee.places.expand(POINTS, -1), knee.present.expand(POINTS, -1)
    with torch.enable_grad():
        logits = torch.stack([net(path, places, present).logit for net in nets]).mean(dim=0)
        (slopes,) = torch.autograd.grad(logits.sum(), path)
    with torch.inference_mode():
        ends = Batch(torch.cat([knee.inputs, 0.0 * knee.inputs]), places[:2], present[:2])
        reached, usual = torch.stack([net(*ends).logit for net in nets]).double().mean(dim=0).tolist()
    mean_slope = np.tensordot(0.5 * weights, slopes.double().numpy(), axes=1)
    parts = (mean_slope * knee.inputs[0].double().numpy()).sum(axis=1)
    missed, size = reached - usual - parts.sum(), np.abs(parts).sum()
    if size > 0.0:
        parts = parts + missed * np.abs(parts) / size
    found = np.zeros(PLACES)
    np.add.at(found, knee.places[0].numpy(), parts)
    return found, usual
