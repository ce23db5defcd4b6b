"""Noise of a scan: the standard deviation of CT numbers in homogeneous soft tissue.

Follows the global noise level of Christianson et al. (AJR 2015): the local standard deviation is mapped
within the slices, and the most frequent value over soft tissue is taken. Blocks that hold a vessel or a
septum scatter above that value and do not move the peak. The block of 6 mm is much wider than the
correlation of the noise, so correlation costs only the slow part of it (below about 0.1 per mm).
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.direct_ct.histogram_mode import histogram_mode
from CTSMALib.morphometry.direct_ct.slice_axis import slice_axis
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences

BLOCK_MM = 6.0
SMOOTH_MM = 2.5
TISSUE_TOLERANCE_HU = 60.0  # of a mean over SMOOTH_MM about fat or muscle
TISSUE_SHARE = 0.95  # of a block that must be within it
LARGEST_VOXELS = 4_000_000  # more slices than this are skipped evenly
FEWEST_BLOCKS = 200
CLIP_HU = (-500, 600)
QUIET_PERCENTILE = 10.0  # blocks noisier than twice this one are no candidates for the peak
RELATIVE_BANDWIDTH = 0.05  # smoothing of the distribution of the logarithm


def estimate_noise_sd(
    image: sitk.Image, references: TissueReferences, bone_labels: sitk.Image | None = None
) -> float | None:
    """Noise in HU as the image is stored, at its own voxel size.

    Args:
        image: CT in HU.
        references: fat and muscle of the same scan.
        bone_labels: label map on the same grid; blocks that touch a bone are left out.

    Returns:
        Standard deviation in HU, or ``None`` where too little soft tissue is in view.
    """
    axis = 2 - slice_axis(image)
    hu = np.moveaxis(sitk.GetArrayViewFromImage(image), axis, 0)
    every = max(1, hu.size // LARGEST_VOXELS)
    hu = np.clip(hu[::every], *CLIP_HU).astype(np.float32)  # keeps the squares small; soft tissue is not touched
    spacing = np.delete(np.asarray(image.GetSpacing())[::-1], axis)
    size = _in_voxels(BLOCK_MM, spacing)
    smooth = ndimage.uniform_filter(hu, _in_voxels(SMOOTH_MM, spacing), mode="nearest")
    usable = np.ones(hu.shape, dtype=bool)
    if bone_labels is not None:
        usable = np.moveaxis(sitk.GetArrayViewFromImage(bone_labels), axis, 0)[::every] == 0
    mean = ndimage.uniform_filter(hu, size, mode="nearest")
    variance = ndimage.uniform_filter(hu**2, size, mode="nearest") - mean**2
    whole = np.zeros(hu.shape, dtype=bool)  # blocks that hold one tissue only
    for tissue in (references.fat.hu, references.muscle.hu):
        alike = usable & (np.abs(smooth - tissue) < TISSUE_TOLERANCE_HU)
        whole |= ndimage.uniform_filter(alike.astype(np.float32), size, mode="nearest") >= TISSUE_SHARE
    return _most_frequent(variance[whole], int(np.prod(size)))


def _in_voxels(length_mm: float, spacing_mm: NDArray[np.float64]) -> tuple[int, ...]:
    """Size of a square block within the slice, as (slices, rows, columns)."""
    return (1, *(int(max(3, round(length_mm / s))) for s in spacing_mm))


def _most_frequent(variance: NDArray[np.float32], samples: int) -> float | None:
    """Peak of the distribution of the standard deviation, taken on its logarithm."""
    positive = variance[variance > 0.01].astype(float)
    if len(positive) < FEWEST_BLOCKS:
        return None
    logarithm = 0.5 * np.log(positive * samples / (samples - 1))
    quiet = float(np.percentile(logarithm, QUIET_PERCENTILE))
    mode = histogram_mode(logarithm, (quiet - np.log(2.0), quiet + np.log(2.0)), RELATIVE_BANDWIDTH)
    return None if mode is None else float(np.exp(mode.value))
