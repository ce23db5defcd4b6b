"""Where the voxels of a volume are, apart from their values."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SAME_WITHIN = 0.1  # voxels; what rounding of stored numbers may move a corner of the same grid


@dataclass(frozen=True)
class Grid:
    """A grid of voxels.

    Attributes:
        size: voxels along x, y, z.
        spacing_mm: along x, y, z.
        origin_mm: center of the first voxel, LPS.
        direction: nine numbers, row by row; columns are the axes x, y, z in LPS, right- or left-handed.
    """

    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...]

    @classmethod
    def of(cls, image: sitk.Image) -> Grid:
        """The grid of an image."""
        return cls(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    def image(self, array: NDArray) -> sitk.Image:
        """An image of (z, y, x) values on this grid."""
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing_mm)
        image.SetOrigin(self.origin_mm)
        image.SetDirection(self.direction)
        return image

    def vector_lps(self, vector_zyx: tuple[float, float, float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """A vector in mm along the array axes (z, y, x), turned to LPS."""
        return np.array(self.direction).reshape(3, 3) @ np.asarray(vector_zyx, dtype=float)[::-1]

    def corners_mm(self) -> NDArray[np.float64]:
        """(8, 3) centers of the corner voxels, LPS."""
        steps = np.array(list(itertools.product(*((0, n - 1) for n in self.size))), dtype=float)
        return np.array(self.origin_mm) + (steps * self.spacing_mm) @ np.array(self.direction).reshape(3, 3).T

    def is_same(self, other: Grid) -> bool:
        """Whether every voxel lies at the same place, up to rounding."""
        if self.size != other.size:
            return False
        moved = np.linalg.norm(self.corners_mm() - other.corners_mm(), axis=1).max()
        return bool(moved <= SAME_WITHIN * min(self.spacing_mm))
