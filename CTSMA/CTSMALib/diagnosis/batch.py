"""Knees as tensors, without the places where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.tokens import PLACES, KneeTokens


class Batch(NamedTuple):
    """Knees for a network.

    Attributes:
        inputs: (b, t, f) features of patches, float32.
        places: (b, t) their numbers on the learning grid.
        present: (b, t) which are there; the others only fill up.
    """

    inputs: torch.Tensor
    places: torch.Tensor
    present: torch.Tensor


def whole_batch(knees: Sequence[KneeTokens], standardizer: Standardizer) -> Batch:
    """All places of some knees, present or not."""
    inputs = np.array([standardizer.inputs(knee) for knee in knees], dtype=np.float32)
    present = np.array([knee.present for knee in knees])
    places = torch.arange(PLACES).expand(len(knees), -1)
    return Batch(torch.from_numpy(inputs), places, torch.from_numpy(present))


def packed(batch: Batch, shares: torch.Tensor | None = None, draws: torch.Tensor | None = None) -> Batch:
    """The same knees in as few columns as hold all patches that are present, or a part of these drawn by chance.

    Args:
        batch: with one column for each place.
        shares: (b,) which share of its patches each knee keeps, one at least if it has any; all if left out.
        draws: (b, t) from 0 to 1; those with the highest ones are kept.
    """
    order = torch.ones_like(batch.inputs[..., 0]) if draws is None else 1.0 + draws
    order = torch.where(batch.present, order, 0.0).argsort(dim=1, descending=True, stable=True)
    counts = batch.present.sum(dim=1)
    if shares is not None:
        counts = torch.minimum((counts * shares).ceil().long().clamp_min(1), counts)
    order = order[:, : max(int(counts.max()), 1)]
    inputs = batch.inputs.gather(1, order[..., None].expand(-1, -1, batch.inputs.shape[2]))
    return Batch(inputs, batch.places.gather(1, order), torch.arange(order.shape[1]) < counts[:, None])
