"""Bone against soft tissue: a mask of whole bones, marrow filled in, not yet told apart."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

BONE_HU = 130.0  # above muscle (about 60 HU) and most contrast-filled vessels, below the thinnest imaged cortex
SOFT_TISSUE_HU = 70.0  # muscle, cartilage, joint fluid
THRESHOLD_LIMITS_HU = (95.0, 250.0)
BONE_OUTSIDE_ATLAS_HU = 160.0  # where nothing else speaks for bone, muscle with noise must not pass for thin cortex
SMALLEST_BONE_ML = 1.0


def filled_bone_mask(image: sitk.Image, threshold_hu: float = BONE_HU) -> sitk.Image:
    """Threshold, close small gaps in the cortex, fill the marrow.

    Args:
        image: HU on an axis-aligned isotropic grid (see :func:`~CTSMALib.anatomy.grids.resample_axis_aligned`).
        threshold_hu: voxels above this are bone.

    Returns:
        ``uint8`` mask on the same grid; pieces under :data:`SMALLEST_BONE_ML` are dropped.
    """
    spacing = image.GetSpacing()[0]
    hard = sitk.GetArrayViewFromImage(image) > threshold_hu
    filled = fill_marrow(hard, spacing)
    labels, count = ndimage.label(filled)
    volumes = np.bincount(labels.ravel(), minlength=count + 1) * spacing**3 / 1000
    keep = volumes >= SMALLEST_BONE_ML
    keep[0] = False
    mask = sitk.GetImageFromArray(keep[labels].astype(np.uint8))
    mask.CopyInformation(image)
    return mask


def fill_marrow(bone: NDArray[np.bool_], spacing_mm: float, gap_mm: float = 10.0) -> NDArray[np.bool_]:
    """Fill what cortex encloses in an axial slice, bridging gaps in thin cortex.

    A shaft cut by the image is open only at its end, not in the axial slice, so slices are filled one by one.

    Args:
        bone: (z, y, x) mask of hard bone on an isotropic grid.
        spacing_mm: its spacing.
        gap_mm: widest gap that is bridged.
    """
    radius = max(1, round(gap_mm / 2 / spacing_mm))
    pad = radius + 1
    disk = _disk(radius)
    inner = slice(pad, -pad)
    filled = np.zeros_like(bone)
    for k, section in enumerate(bone):
        if section.any():
            padded = np.pad(section, pad)
            enclosed = _without_holes(ndimage.binary_closing(padded, disk))
            # Closing also fills notches and the space between bones: keep what survives an opening of the addition.
            added = ndimage.binary_opening(enclosed & ~padded, disk)
            filled[k] = _without_holes(padded | added)[inner, inner]
    return filled


def _without_holes(section: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What :func:`scipy.ndimage.binary_fill_holes` gives, faster, of a section whose corner is outside."""
    outside, _ = ndimage.label(~section)
    return np.asarray(outside != outside[0, 0])


def _disk(radius: int) -> NDArray[np.bool_]:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius)


def local_half_maximum(hu: NDArray[np.floating], spacing_mm: float, reach_mm: float = 2.5) -> NDArray[np.float32]:
    """Threshold half way between soft tissue and the densest bone nearby, so that thin and thick cortex both count.

    Args:
        hu: (z, y, x) image.
        spacing_mm: its isotropic spacing.
        reach_mm: how far the densest bone may be.

    Returns:
        Threshold in HU at each voxel, within :data:`THRESHOLD_LIMITS_HU`.
    """
    densest = ndimage.maximum_filter(hu, size=2 * max(1, round(reach_mm / spacing_mm)) + 1)
    return np.clip((SOFT_TISSUE_HU + densest) / 2, *THRESHOLD_LIMITS_HU).astype(np.float32)
