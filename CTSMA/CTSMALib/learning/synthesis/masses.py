"""Masses in the soft tissue of samples: tumors and the like, which are no bone however bright or dark they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from CTSMALib.virtual.scanners.tissue import Tissue

SHARE = 0.15  # of the samples
RADIUS_MM = (6.0, 30.0)
HU = (15.0, 70.0)  # of soft tissue tumors without and with contrast agent
TRIES = 30
LONGER = 0.4  # most by which an axis differs from the radius, as a share
FREE_OF = (Tissue.AIR, Tissue.METAL, Tissue.MARROW, Tissue.RED_MARROW, Tissue.EDEMA)


@dataclass(frozen=True, eq=False)
class Mass:
    """Attributes: (z, y, x) where it is; its signal, of the brightest tissue; its CT number."""

    where: torch.Tensor
    signal: float
    hu: float


def draw_mass(
    tissue: torch.Tensor, fraction: torch.Tensor, spacing_mm: float, rng: np.random.Generator
) -> Mass | None:  # fmt: skip
    """A mass about a place in soft tissue, or none; bones and air are not part of it.

    Args:
        tissue: (z, y, x) what fills the voxels.
        fraction: (z, y, x) of mineralized bone.
        spacing_mm: of the voxels.
        rng: draws everything.
    """
    if rng.random() >= SHARE:
        return None
    free = fraction == 0.0
    for kind in FREE_OF:
        free &= tissue != int(kind)
    center = _place(free, rng)
    if center is None:
        return None
    radii = rng.uniform(*RADIUS_MM) * (1.0 + LONGER * rng.uniform(-1.0, 1.0, 3)) / spacing_mm
    off = torch.zeros(tissue.shape)
    for axis, (middle, radius) in enumerate(zip(center, radii, strict=True)):
        along = (torch.arange(tissue.shape[axis], dtype=torch.float32) - middle) / float(radius)
        off += (along**2).reshape([-1 if a == axis else 1 for a in range(3)])
    return Mass((off < 1.0) & free, float(rng.uniform(0.1, 1.0)), float(rng.uniform(*HU)))


def _place(free: torch.Tensor, rng: np.random.Generator) -> tuple[int, int, int] | None:
    for _ in range(TRIES):
        z, y, x = (int(rng.integers(n)) for n in free.shape)
        if free[z, y, x]:
            return z, y, x
    return None
