"""The cubes that networks read: one of each patch, in the joint frame of its bone, the same in every knee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.morphometry.direct_ct.patch_sampling import Steps

Three = tuple[float, float, float]

# Distance of samples (proximal, anterior, lateral), mm: near the voxels of a routine CT and of BFFE (sagittal slices).
CT_STEPS_MM: Three = (0.5, 0.4, 0.4)
MR_STEPS_MM: Three = (0.2, 0.2, 0.8)

HU_OFFSET, HU_SCALE = 200.0, 300.0  # to about 0 and 1


def shape_of(steps_mm: Steps) -> tuple[int, int, int]:
    """Cells along each axis that fill the cube of a patch.

    Args:
        steps_mm: (proximal, anterior, lateral), or one for all.
    """
    three = steps_mm if isinstance(steps_mm, tuple) else (steps_mm,) * 3
    proximal, anterior, lateral = (round(EDGE_MM / step) for step in three)
    return proximal, anterior, lateral


CT_SHAPE, MR_SHAPE = shape_of(CT_STEPS_MM), shape_of(MR_STEPS_MM)


@dataclass(frozen=True, eq=False)
class Cubes:
    """Patches of one scan or of many.

    Attributes:
        values: (n, z, y, x) CT numbers, which students read on the scale of :mod:`CTSMALib.student.reference_scale`, or
            apparent bone fractions of an MR.
        valid: likewise 1 in trabecular bone, else 0.
    """

    values: NDArray
    valid: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: NDArray) -> Cubes:
        """Some of the patches, by index or mask."""
        return Cubes(self.values[rows], self.valid[rows])
