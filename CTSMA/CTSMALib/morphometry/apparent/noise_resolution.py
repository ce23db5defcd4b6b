"""What resolution was acquired, from the noise of a scan: it has passed the same part of k-space as the signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.apparent.levels import BLOCK_MM, DARK, LARGEST_VOXELS, is_rayleigh
from CTSMALib.morphometry.apparent.plate_model import in_slice

LONGEST_MM = 2.0  # no correlation of noise is looked for beyond
FEWEST_PAIRS = 20_000
SAME_STRENGTH = 0.15  # of the mean of blocks


def estimate_acquired_mm(
    signal: NDArray[np.float32], bone: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> float:
    """Resolution in the slice, as that of a sharply cut k-space whose noise is correlated over the same width.

    Noise of a k-space out to 1 / (2 a) has the correlation sinc(r / a), whose square has the integral a; the squares of
    magnitudes of pure noise are correlated by that square. Where a filter fades the rim of k-space, the result is
    larger than what was acquired, as the resolution is.

    Args:
        signal: (z, y, x) as wide a part of the scan as there is, with air.
        bone: (z, y, x) bone, which is no air.
        spacing_mm: (z, y, x).

    Returns:
        Mean of both axes, at least the voxel; NaN where too little air is in view or it was blanked.
    """
    across = int(np.argmax(spacing_mm))
    every = max(1, signal.size // LARGEST_VOXELS)
    part = np.moveaxis(signal, across, 0)[::every].astype(np.float64)
    within = np.moveaxis(bone, across, 0)[::every]
    steps = [spacing_mm[axis] for axis in in_slice(across)]
    air = _air(part, within, (1, *(max(3, round(BLOCK_MM / step)) for step in steps)))
    if not air.any():
        return float("nan")
    power = part**2
    power -= power[air].mean()
    variance = float(np.mean(power[air] ** 2))
    widths = [_width_mm(np.moveaxis(power, n, 0), np.moveaxis(air, n, 0), variance, steps[n - 1]) for n in (1, 2)]
    return max(float(np.mean(widths)), *steps) if np.isfinite(widths).all() else float("nan")


def _air(part: NDArray[np.float64], within: NDArray[np.bool_], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where blocks hold noise alone: of the variation and, as most of them have it, the strength of noise."""
    mean = ndimage.uniform_filter(part, size)
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(part**2, size) - mean**2, 0.0))
    touched = ndimage.maximum_filter(within, size)
    reference = float(np.median(part[within])) if within.any() else float(np.quantile(part, 0.9))
    air = is_rayleigh(mean, deviation) & (mean < DARK * reference) & ~touched
    if air.any():
        air &= np.abs(mean / np.median(mean[air]) - 1.0) < SAME_STRENGTH
    # a rim of tissue may happen to vary like noise; it is narrow
    opened: NDArray[np.bool_] = ndimage.binary_opening(air, np.ones(size, bool))
    return opened


def _width_mm(power: NDArray[np.float64], air: NDArray[np.bool_], variance: float, step_mm: float) -> float:
    """Integral of the autocorrelation along the first axis."""
    total = 1.0
    for lag in range(1, min(round(LONGEST_MM / step_mm), len(power) - 1) + 1):
        pairs = air[lag:] & air[:-lag]
        if np.count_nonzero(pairs) < FEWEST_PAIRS:
            return float("nan")
        total += 2.0 * float(np.mean((power[lag:] * power[:-lag])[pairs])) / variance
    return total * step_mm
