"""Axis-aligned LPS working grids: the anatomy is found on these, so storage order and obliqueness cannot matter."""

from __future__ import annotations

import itertools

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.volumes.geometry import crop_to_box

AIR_HU = -1024.0
CROP_MARGIN_MM = 3.0  # so that interpolation at the border of a box has neighbors
Box = tuple[NDArray[np.float64], NDArray[np.float64]]


def physical_box(image: sitk.Image) -> Box:
    """Lowest and highest LPS corner (mm) of the voxel centers of an image."""
    last = [n - 1 for n in image.GetSize()]
    corners = [
        image.TransformContinuousIndexToPhysicalPoint([float(c * n) for c, n in zip(corner, last, strict=True)])
        for corner in itertools.product((0, 1), repeat=3)
    ]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def intersect(box: Box, other: Box) -> Box:
    """The part two boxes share."""
    return np.maximum(box[0], other[0]), np.minimum(box[1], other[1])


def resample_axis_aligned(image: sitk.Image, spacing_mm: float, box: Box | None = None) -> sitk.Image:
    """An image on an isotropic grid along the LPS axes, low-pass filtered to its spacing.

    Args:
        image: HU, any orientation.
        spacing_mm: edge of the isotropic voxels.
        box: LPS region to cover; the whole image by default.

    Returns:
        ``float32`` image; :data:`AIR_HU` outside the input.
    """
    cropped = crop_to_box(image, box[0] - CROP_MARGIN_MM, box[1] + CROP_MARGIN_MM) if box is not None else image
    smoothed = shrunk(cropped, spacing_mm)
    low, high = box if box is not None else physical_box(cropped)
    size = [int(max(np.floor(extent / spacing_mm), 1)) + 1 for extent in high - low]
    return sitk.Resample(
        smoothed, size, sitk.Transform(), sitk.sitkLinear, [float(v) for v in low], [spacing_mm] * 3,
        np.eye(3).ravel().tolist(), AIR_HU, sitk.sitkFloat32,
    )  # fmt: skip


def shrunk(image: sitk.Image, spacing_mm: float = 1.0) -> sitk.Image:
    """An image as ``float32``, averaged over voxels of ``spacing_mm`` along axes that are sampled more finely."""
    image = sitk.Cast(image, sitk.sitkFloat32)
    shrink = [max(1, int(spacing_mm / s + 0.25)) for s in image.GetSpacing()]
    shrink = [min(factor, n) for factor, n in zip(shrink, image.GetSize(), strict=True)]
    return image if max(shrink) == 1 else sitk.BinShrink(image, shrink)


def voxel_centers(image: sitk.Image) -> NDArray[np.float64]:
    """LPS positions (mm) of all voxels: (z, y, x, 3)."""
    return index_to_lps(image, np.moveaxis(np.indices(image.GetSize()[::-1]), 0, -1))


def index_to_lps(image: sitk.Image, index_zyx: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.float64]:
    """Array indices (..., 3) in (z, y, x) order to LPS points in mm."""
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return np.asarray(index_zyx, dtype=float)[..., ::-1] @ matrix.T + np.array(image.GetOrigin())


def lps_to_index(image: sitk.Image, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS points (..., 3) in mm to continuous array indices in (z, y, x) order."""
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return ((np.asarray(points_mm) - np.array(image.GetOrigin())) @ np.linalg.inv(matrix).T)[..., ::-1]


def labels_on(labels: sitk.Image, like: sitk.Image) -> sitk.Image:
    """A label map on another grid, its outlines interpolated rather than blocky.

    Args:
        labels: ``uint8`` label map.
        like: the grid to resample to.

    Returns:
        ``uint8`` label map on the grid of ``like``.
    """
    result = sitk.Image(like.GetSize(), sitk.sitkUInt8)
    result.CopyInformation(like)
    values = np.unique(sitk.GetArrayViewFromImage(labels))
    for value in values[values > 0].tolist():
        share = sitk.Resample((labels == value) * 200, like, sitk.Transform(), sitk.sitkLinear, 0, sitk.sitkUInt8)
        result = sitk.Maximum(result, (share >= 100) * value)
    return result
