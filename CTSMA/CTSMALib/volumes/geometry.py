"""Where voxels are: usable directions, right-handed axes, and a crop by a box in space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError

ORTHONORMAL_TOLERANCE = 1e-3


def check_direction(direction: Sequence[float], what: str) -> None:
    """Refuse image axes that are not three perpendicular unit vectors.

    Args:
        direction: nine numbers, row by row; columns are the image axes in LPS.
        what: the subject of the sentence.

    Raises:
        InputError: the axes are sheared, singular, or not numbers.
    """
    matrix = np.asarray(direction, dtype=float).reshape(3, 3)
    if not np.all(np.isfinite(matrix)) or np.abs(matrix.T @ matrix - np.eye(3)).max() > ORTHONORMAL_TOLERANCE:
        raise not_perpendicular(what)


def not_perpendicular(what: str) -> InputError:
    """The refusal of an image with sheared or singular axes."""
    return InputError(
        f"{what} has image axes that are not perpendicular.",
        "Resample it to perpendicular axes, for example with the Resample Scalar/Vector/DWI Volume module "
        "of 3D Slicer.",
    )


def image_from_array(
    array: np.ndarray, spacing: Sequence[float], origin: Sequence[float] | np.ndarray, axes: np.ndarray
) -> sitk.Image:
    """Make an image with right-handed axes; every voxel keeps its place in space.

    Args:
        array: (z, y, x).
        spacing: mm along x, y, z.
        origin: center of the first voxel, LPS, mm.
        axes: 3 × 3, one column per image axis x, y, z, orthonormal. If left-handed, the slice order is reversed.
    """
    axes, corner = np.array(axes, dtype=float), np.array(origin, dtype=float)
    if np.linalg.det(axes) < 0:
        corner = corner + axes[:, 2] * spacing[2] * (array.shape[0] - 1)
        axes[:, 2] *= -1
        array = array[::-1]
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(v) for v in spacing])
    image.SetOrigin([float(v) for v in corner])
    image.SetDirection([float(v) for v in axes.ravel()])
    return image


def crop_to_box(
    image: sitk.Image, lower: Sequence[float] | np.ndarray, upper: Sequence[float] | np.ndarray
) -> sitk.Image:
    """Crop to the voxels that an axis-parallel box in space touches.

    Args:
        image: any 3-D image.
        lower: smallest corner of the box, LPS, mm.
        upper: largest corner of the box, LPS, mm.

    Returns:
        The part of the image, with its geometry.

    Raises:
        ValueError: the box lies outside the image.
    """
    corners = itertools.product(*zip(lower, upper, strict=True))
    index = np.array([image.TransformPhysicalPointToContinuousIndex([float(v) for v in c]) for c in corners])
    start = np.maximum(np.ceil(index.min(axis=0) - 0.5), 0).astype(int)
    stop = np.minimum(np.floor(index.max(axis=0) + 0.5) + 1, image.GetSize()).astype(int)
    if np.any(stop <= start):
        raise ValueError("the box lies outside the image")
    return sitk.RegionOfInterest(image, [int(v) for v in stop - start], [int(v) for v in start])
