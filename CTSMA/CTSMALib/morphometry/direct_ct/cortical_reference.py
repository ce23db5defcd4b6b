"""The CT number of cortical bone, and whether the cortex in view is thick enough to show it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.histogram_mode import histogram_mode
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReference

THRESHOLD_HU = 600.0  # about halfway between soft tissue and cortical bone
IMAGED_PERCENTILE = 98.0
FEWEST_ML = 0.3
CORE_WINDOW_HU = (700.0, 2500.0)
SMOOTHING_HU = 30.0
SAMPLES = 100_000
DIRECTIONS = np.array([d for d in np.ndindex(3, 3, 3) if d != (1, 1, 1)]) - 1.0


def cortical_reference(
    image: sitk.Image, bone_labels: sitk.Image, psf_fwhm_mm: float | None, default_hu: float
) -> tuple[TissueReference, bool]:
    """Cortical bone as imaged.

    Where at least 0.3 ml of bone lies deeper than one FWHM of the point spread function below the
    surface of the dense bone, the most frequent value of that core is taken: blur lowers it by 2 % at
    most. Elsewhere the 98th percentile of the dense bone is given, which partial volume holds down.

    Args:
        image: CT in HU.
        bone_labels: label map on the same grid, 0 outside bone.
        psf_fwhm_mm: in-plane sharpness; twice the finest spacing if unknown.
        default_hu: where there is no dense bone at all.

    Returns:
        The reference, and whether the cortex is resolved.
    """
    hu = sitk.GetArrayViewFromImage(image)
    dense = np.flatnonzero((hu > THRESHOLD_HU) & (sitk.GetArrayViewFromImage(bone_labels) > 0))
    if len(dense) == 0:
        return TissueReference(default_hu, 0.1 * default_hu, 0, measured=False), False
    chosen = np.random.default_rng(0).choice(dense, min(SAMPLES, len(dense)), replace=False)
    values = hu.reshape(-1)[chosen].astype(float)
    spacing = np.asarray(image.GetSpacing())[::-1]
    depth_mm = 2.0 * float(spacing.min()) if psf_fwhm_mm is None else psf_fwhm_mm
    core = values[_is_deep(hu, chosen, spacing, depth_mm)]
    share = len(dense) / len(chosen)
    if len(core) * share * float(np.prod(spacing)) >= 1000.0 * FEWEST_ML:
        mode = histogram_mode(core, CORE_WINDOW_HU, SMOOTHING_HU)
        if mode is not None:
            return TissueReference(mode.value, mode.sd, round(mode.samples * share), measured=True), True
    imaged = float(np.percentile(values, IMAGED_PERCENTILE))
    highest = values[values >= imaged]
    return TissueReference(imaged, float(highest.std()), round(len(highest) * share), measured=True), False


def _is_deep(
    hu: NDArray[np.int16], flat: NDArray[np.int64], spacing: NDArray[np.float64], depth_mm: float
) -> NDArray[np.bool_]:
    """Which voxels see only dense bone at the given distance in 26 directions (the border voxel stands in outside)."""
    index = np.stack(np.unravel_index(flat, hu.shape))
    limit = np.asarray(hu.shape)[:, None] - 1
    deep = np.ones(len(flat), dtype=bool)
    for direction in DIRECTIONS:
        steps = depth_mm * direction / np.linalg.norm(direction) / spacing
        offset = (np.sign(steps) * np.ceil(np.abs(steps) - 0.25)).astype(int)[:, None]
        deep &= hu[tuple(np.clip(index + offset, 0, limit))] > THRESHOLD_HU
    return deep
