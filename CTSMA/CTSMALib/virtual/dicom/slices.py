"""The planes of an image as DICOM describes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.valuerep import DSfloat

from CTSMALib.errors import InputError
from CTSMALib.volumes.geometry import check_direction


@dataclass(frozen=True, eq=False)
class Slices:
    """Planes and their places.

    Attributes:
        planes: (z, y, x) ``int16``, a view of the image.
        orientation: along a row, then down a column, LPS.
        positions: per plane the center of its first pixel, LPS, mm.
        heights: per plane its place along the normal, mm.
        pixel_spacing: mm between rows, mm between columns.
        distance: mm between planes.
    """

    planes: NDArray[np.int16]
    orientation: list[DSfloat]
    positions: list[list[DSfloat]]
    heights: list[DSfloat]
    pixel_spacing: list[DSfloat]
    distance: DSfloat

    @property
    def rows(self) -> int:
        """Pixels of a column."""
        return int(self.planes.shape[1])

    @property
    def columns(self) -> int:
        """Pixels of a row."""
        return int(self.planes.shape[2])


def slices_of(image: sitk.Image) -> Slices:
    """Take an image apart.

    Args:
        image: 3-D, ``int16``, perpendicular axes.

    Raises:
        InputError: it is not.
    """
    if image.GetDimension() != 3 or not image.GetNumberOfPixels():
        raise InputError(f"An image of {image.GetSize()} voxels is no volume.", "Give one of three dimensions.")
    if image.GetPixelID() != sitk.sitkInt16:
        raise InputError(
            f"The image holds values of type '{image.GetPixelIDTypeAsString()}'.",
            "Give whole numbers of 16 bits with a sign (int16).",
        )
    check_direction(image.GetDirection(), "The image")
    axes = np.reshape(image.GetDirection(), (3, 3))
    across, down, through = image.GetSpacing()
    planes = sitk.GetArrayViewFromImage(image)
    steps = np.arange(len(planes))[:, None] * through
    positions = np.asarray(image.GetOrigin()) + steps * axes[:, 2]
    return Slices(
        planes=planes,
        orientation=decimals(axes[:, :2].T.ravel()),
        positions=[decimals(position) for position in positions],
        heights=decimals(positions @ np.cross(axes[:, 0], axes[:, 1])),
        pixel_spacing=decimals(np.array([down, across])),
        distance=decimal(through),
    )


def decimals(values: NDArray[np.float64]) -> list[DSfloat]:
    """Numbers as DICOM decimal strings."""
    return [decimal(value) for value in values]


def decimal(value: float) -> DSfloat:
    """A number as a DICOM decimal string, exact to 16 characters; noise of sums about zero is zero."""
    return DSfloat(round(float(value), 12) + 0.0, auto_format=True)
