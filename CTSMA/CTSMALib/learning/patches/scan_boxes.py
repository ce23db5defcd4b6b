"""Boxes of voxels of a scan around patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScanBoxes:
    """Parts of one scan, all of one shape.

    Attributes:
        values: (n, z, y, x) HU or signal.
        trabecular: (n, z, y, x) trabecular bone.
        spacing_mm: (z, y, x) of the scan.
        first_mm: (n, 3) LPS center of the first voxel of each box.
        direction: (3, 3) LPS axes of the scan, columns along x, y and z.
    """

    values: NDArray[np.int16]
    trabecular: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    first_mm: Array
    direction: Array

    def image(self, number: int) -> sitk.Image:
        """One box as an image of its values."""
        return self._image(self.values[number], number)

    def mask(self, number: int) -> sitk.Image:
        """One box as an image of 0 and 1, 1 in trabecular bone."""
        return self._image(self.trabecular[number].astype(np.uint8), number)

    def _image(self, values: NDArray[np.generic], number: int) -> sitk.Image:
        image = sitk.GetImageFromArray(values)
        image.SetSpacing(self.spacing_mm[::-1])
        image.SetOrigin(self.first_mm[number].tolist())
        image.SetDirection(self.direction.ravel().tolist())
        return image
