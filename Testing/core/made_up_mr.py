"""A made-up MR of an atlas knee: bright marrow full of fine structure, dark cortex, muscle, air, noise, a coil."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.atlas import atlases
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader

MARROW, MUSCLE, NOISE = 600.0, 150.0, 30.0
BONE_FRACTION = 0.25
SAGITTAL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])  # columns: along rows, columns, slices
EXTENT_MM = np.array([92.0, 100.0, 84.0])  # LPS, about the joint


def made_up_mr(pixel_mm: float = 0.42, slice_mm: float = 1.0, marrow: float = MARROW) -> tuple[Scan, sitk.Image]:
    """A sagittal scan of a right knee, and the labels of its bones on the grid of the atlas.

    Args:
        pixel_mm, slice_mm: voxels.
        marrow: its signal; lower than that of muscle, fat is suppressed.
    """
    atlas = atlases()[0]
    grid = _grid(atlas.center_mm, pixel_mm, slice_mm)
    labels = sitk.Resample(atlas.labels, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    bone = sitk.GetArrayFromImage(labels) > 0
    rng = np.random.default_rng(5)
    depth = ndimage.distance_transform_edt(bone, (slice_mm, pixel_mm, pixel_mm))
    fraction = np.where(depth < 1.2, 1.0, _struts(bone.shape, rng))
    body = _body(bone.shape)
    clean = np.where(bone, marrow * (1.0 - np.clip(fraction, 0.0, 1.0)), np.where(body, MUSCLE, 0.0))
    coil = 1.0 + 0.15 * np.linspace(-1.0, 1.0, bone.shape[1])[:, None]
    channels = NOISE * rng.standard_normal((2, *bone.shape))
    signal = np.hypot(ndimage.gaussian_filter(clean, (0.0, 0.5, 0.5)) * coil + channels[0], channels[1])
    image = sitk.GetImageFromArray(signal.astype(np.float32))
    image.CopyInformation(grid)
    return Scan(image, ScanHeader(modality="MR"), InputIdentity("made-up", "NRRD", "0" * 64)), atlas.labels


def _grid(center_mm: NDArray[np.float64], pixel_mm: float, slice_mm: float) -> sitk.Image:
    spacing = np.array([pixel_mm, pixel_mm, slice_mm])
    along = np.abs(SAGITTAL).T @ EXTENT_MM
    size = np.round(along / spacing).astype(int)
    image = sitk.Image([int(n) for n in size], sitk.sitkUInt8)
    image.SetSpacing(spacing.tolist())
    image.SetDirection(SAGITTAL.ravel().tolist())
    image.SetOrigin((center_mm - SAGITTAL @ (0.5 * (size - 1) * spacing)).tolist())
    return image


def _struts(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.floating]:
    field = ndimage.gaussian_filter(rng.standard_normal(shape), (0.3, 0.7, 0.7))
    return (field > np.quantile(field[::4, ::4, ::4], 1.0 - BONE_FRACTION)).astype(float)


def _body(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A cylinder along the leg, which leaves air in front, behind and at both sides."""
    z, x = (np.linspace(-1.0, 1.0, n) for n in (shape[0], shape[2]))
    inside: NDArray[np.bool_] = (z[:, None, None] / 0.95) ** 4 + (x / 0.85) ** 4 <= 1.0
    return np.broadcast_to(inside, shape)
