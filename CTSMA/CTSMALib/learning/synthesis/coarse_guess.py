"""What the coarse network might say of a sample: its true labels, coarse, displaced, unsure and now and then wrong.

The fine network learns from such guesses, so that it neither waits for the coarse network nor trusts it blindly.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as nn

from CTSMALib.learning.synthesis.degrade import smooth_field
from CTSMALib.synthesis.network import CLASSES, COARSER

MOST_OFF_MM = 3.0
MISSED, CONFUSED = 0.06, 0.04  # share of the samples in which a bone is not seen, or taken for another
UNSURE = 0.3  # most of the likelihood that is spread over neighbors
WIDTH_VOXELS = 10.0  # of the displacement, coarse voxels


def guessed(
    bones: torch.Tensor, spacing_mm: float, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:
    """(5, n, n, n) likelihoods on the grid of a sample.

    Args:
        bones: (n, n, n) true labels.
        spacing_mm: of the sample.
        torch_rng: of the displacement.
        rng: of everything else.
    """
    seen = _mistaken(bones, rng)
    exact = nn.one_hot(seen, CLASSES).movedim(-1, 0).float()
    coarse = nn.avg_pool3d(exact[None], COARSER)
    moved = nn.grid_sample(
        coarse, _places(coarse.shape[2:], spacing_mm, torch_rng, rng), padding_mode="border", align_corners=True
    )
    share = float(rng.uniform(0.0, UNSURE))
    spread = nn.avg_pool3d(nn.pad(moved, [1] * 6, mode="replicate"), 3, 1)
    mixed = (1.0 - share) * moved + share * spread
    return nn.interpolate(mixed, scale_factor=COARSER, mode="trilinear", align_corners=False)[0]


def _mistaken(bones: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    there = [int(v) for v in torch.unique(bones) if v > 0]
    if not there:
        return bones
    chance, bone = rng.random(), there[int(rng.integers(len(there)))]
    if chance < MISSED:
        return torch.where(bones == bone, torch.zeros_like(bones), bones)
    if chance < MISSED + CONFUSED:
        return torch.where(bones == bone, torch.full_like(bones, int(rng.integers(1, CLASSES))), bones)
    return bones


def _places(
    shape: torch.Size, spacing_mm: float, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:  # fmt: skip
    """(1, z, y, x, 3) where coarse voxels are taken from."""
    same = nn.affine_grid(torch.eye(3, 4)[None], [1, 1, *shape], align_corners=True)
    size_mm = spacing_mm * COARSER * (torch.tensor(list(shape)[::-1]).float() - 1.0)
    amount = float(rng.uniform(0.0, MOST_OFF_MM)) / 2.0  # a field is seldom larger than two standard deviations
    off = torch.stack([smooth_field(shape, WIDTH_VOXELS, torch_rng) for _ in range(3)], dim=-1)
    return same + 2.0 * amount * off[None] / size_mm
