"""Cubes whose parameters are known: mean level says BV/TV, contrast says Tb.N."""

from __future__ import annotations

import numpy as np

from CTSMALib.learning.student.batches import Patches
from CTSMALib.student.cubes import CT_SHAPE, MR_SHAPE, Cubes
from CTSMALib.student.reference_scale import BONE_HU, MARROW_HU

USUAL = (0.7, 0.9, 45.0, 0.38, 0.6)


def made_up_patches(count: int, subjects: int = 6, seed: int = 0) -> Patches:
    """Patches of a few subjects."""
    rng = np.random.default_rng(seed)
    fraction, number = rng.uniform(0.15, 0.5, count), rng.uniform(1.2, 2.6, count)
    values = np.column_stack([fraction, fraction / number, (1.0 - fraction) / number, number])
    level, contrast = fraction[:, None, None, None], number[:, None, None, None]
    hu = 1200.0 * level + 25.0 * contrast * rng.standard_normal((count, *CT_SHAPE))
    mr = level + 0.05 * contrast * rng.standard_normal((count, *MR_SHAPE))
    ct = Cubes(hu.astype(np.int16), np.ones(hu.shape, np.uint8))
    own = Cubes(mr.astype(np.float16), np.ones(mr.shape, np.uint8))
    names = np.array([f"s{n % subjects}" for n in range(count)])
    references = np.tile((MARROW_HU, BONE_HU), (count, 1))
    return Patches(ct, own, values, np.tile(USUAL, (count, 1)), references, names)
