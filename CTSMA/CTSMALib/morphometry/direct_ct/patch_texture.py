"""Gradients, autocorrelation and band-pass contrast of a patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.direct_ct.masked_patches import MaskedPatches, divided

Floats = NDArray[np.float64]

AXES = ("proximal", "anterior", "lateral")  # array axes 1, 2, 3 of the patches
LAG_MM = 1.0
SMALLEST_VARIANCE_HU2 = 1e-6
FEWEST_CELLS = 0.05  # share of the cube in which a difference or pair must be available
BAND_SIGMAS_MM = {"fine": (0.0, 0.5), "medium": (0.5, 1.0), "coarse": (1.0, 2.0)}


def gradients(patches: MaskedPatches) -> dict[str, Floats]:
    """Mean gradient magnitude and RMS central differences along each axis, HU/mm, each (n,)."""
    found: dict[str, Floats] = {}
    square_sum = np.zeros_like(patches.hu)
    everywhere = patches.valid.copy()
    for axis, name in enumerate(AXES, start=1):
        slope = np.zeros_like(patches.hu)
        both = np.zeros_like(patches.valid)
        middle, before, after = (_span(axis, start, stop) for start, stop in ((1, -1), (None, -2), (2, None)))
        slope[middle] = (patches.hu[after] - patches.hu[before]) / (2.0 * patches.step_mm)
        both[middle] = patches.valid[middle] & patches.valid[after] & patches.valid[before]
        found[f"ct_gradient_{name}"] = np.sqrt(_mean_where(slope**2, both))
        square_sum += slope**2
        everywhere &= both
    return {"ct_gradient_mean": _mean_where(np.sqrt(square_sum), everywhere)} | found


def autocorrelation(residual: MaskedPatches) -> dict[str, Floats]:
    """Correlation between cells 1 mm apart along each axis, about the fitted plane; each (n,)."""
    lag = max(1, round(LAG_MM / residual.step_mm))
    variance = residual.mean(residual.hu**2)
    variance[variance < SMALLEST_VARIANCE_HU2] = 0.0
    found = {}
    for axis, name in enumerate(AXES, start=1):
        near, far = _span(axis, None, -lag), _span(axis, lag, None)
        both = residual.valid[near] & residual.valid[far]
        found[f"ct_acf_{name}"] = divided(_mean_where(residual.hu[near] * residual.hu[far], both), variance)
    return found


def band_contrast(residual: MaskedPatches) -> dict[str, Floats]:
    """Standard deviation of differences of Gaussians about the fitted plane, HU, each (n,).

    Blurring counts valid cells only (normalized convolution).
    """
    sigmas = sorted({sigma for pair in BAND_SIGMAS_MM.values() for sigma in pair})
    blurred = {sigma: _blurred(residual, sigma) for sigma in sigmas}
    found = {}
    for name, (fine, coarse) in BAND_SIGMAS_MM.items():
        band = blurred[fine] - blurred[coarse]
        variance = residual.mean(band**2) - residual.mean(band) ** 2
        found[f"ct_contrast_{name}"] = np.sqrt(np.maximum(variance, 0.0))
    return found


def _span(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    spans = [slice(None)] * 4
    spans[axis] = slice(start, stop)
    return tuple(spans)


def _mean_where(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    axes = (1, 2, 3)
    total = np.sum(np.where(counted, values, 0.0), axis=axes)
    count = counted.sum(axis=axes)
    return divided(total, np.where(count >= FEWEST_CELLS * np.prod(counted.shape[1:]), count, 0))


def _blurred(patches: MaskedPatches, sigma_mm: float) -> Floats:
    if sigma_mm == 0.0:
        return patches.hu
    sigma = (0.0, *(3 * (sigma_mm / patches.step_mm,)))
    share = ndimage.gaussian_filter(patches.valid.astype(float), sigma, mode="constant", truncate=3.0)
    blurred = ndimage.gaussian_filter(patches.hu, sigma, mode="constant", truncate=3.0)
    return np.nan_to_num(divided(blurred, share)) * patches.valid
