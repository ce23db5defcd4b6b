"""Levels of an MR signal: pure marrow, noise, and how much structure there is beside the noise.

Magnitude images: with noise of standard deviation s in each of the two channels, a signal A has the magnitude of mean
A + s^2 / (2 A) where it is several times s, and 1.25 s where there is none (Gudbjartsson and Patz, Magn Reson Med
1995;34:910).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import in_slice

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

FLANK = (0.95, 0.99)  # quantiles
COMMON_NOISE = 0.1  # of marrow; that of the noisiest scans
BINS_PER_LEVEL = 400
BLUR_ROUNDS = 4  # each brings the level ten times nearer
FEWEST_VOXELS = 200

BLOCK_MM = 4.0  # wide against the correlation of zero-filled noise
BLOCK_SLICES = 3  # among which noise is independent
FEWEST_BLOCKS = 30
LARGEST_VOXELS = 4_000_000  # more slices than this are skipped evenly
DARK = 0.4  # of the median in bone: more is no air
RAYLEIGH_VARIATION = (0.45, 0.60)  # standard deviation over mean; 0.523 for pure noise
QUIET_QUANTILE = 0.05  # of blocks: the most even ones
QUIET_BIAS = 0.95  # standard deviation of such blocks over that of the noise: 0.91 to 0.98, by share and correlation

FAR_MM = (1.2, 2.2)  # beyond the correlation of neighbors, short of trends across a patch
LEAST_STRUCTURE = 0.25  # variance beside noise, in units of the noise's, below which nothing is seen


def estimate_marrow(signal: Floats, bone: Bools, noise: float) -> float:
    """Signal of pure marrow, from all of the trabecular bone that is in view.

    The center of the normal distribution whose upper flank the histogram has, after it was blurred until its noise is a
    tenth of the result, whatever the noise of the scan: so scans of other noise agree. Two quantiles of the flank give
    the center, as its width is known; they move less from scan to scan than a peak does, and less with the amount of
    bone than one quantile.

    Args:
        signal: (z, y, x), the coil's sensitivity made up for.
        bone: (z, y, x) trabecular bone; the more, the steadier.
        noise: standard deviation in one channel.

    Returns:
        NaN where there is too little bone.
    """
    values = signal[bone].astype(float)
    if len(values) < FEWEST_VOXELS:
        return float("nan")
    level = float(np.quantile(values, FLANK[0]))
    for _ in range(BLUR_ROUNDS):
        if not level > 0.0:
            return float("nan")
        missing = np.sqrt(max((COMMON_NOISE * level) ** 2 - noise**2, 0.0))
        lower, upper = _blurred_quantiles(values, missing, level / BINS_PER_LEVEL)
        level = _flank_center(lower, upper, max(COMMON_NOISE * level, noise))
    return level


def _blurred_quantiles(values: NDArray[np.float64], sd: float, step: float) -> tuple[float, float]:
    """Both quantiles of values among Gaussian noise, from a histogram of bins of a width."""
    margin = 5.0 * sd + step
    edges = np.arange(values.min() - margin, values.max() + margin + step, step)
    counts = np.histogram(values, edges)[0].astype(float)
    if sd > 0.0:
        counts = ndimage.gaussian_filter1d(counts, sd / step, mode="constant")
    lower, upper = np.interp(FLANK, np.cumsum(counts) / counts.sum(), edges[1:])
    return float(lower), float(upper)


def _flank_center(lower: float, upper: float, sd: float) -> float:
    """Center of the part, normal and of a standard deviation, that both quantiles of :data:`FLANK` belong to."""
    place = np.linspace(-4.0, 4.0, 801)  # of the lower quantile, in standard deviations
    ratio = special.ndtr(-(place + (upper - lower) / sd)) / special.ndtr(-place)
    wanted = (1.0 - FLANK[1]) / (1.0 - FLANK[0])
    return lower - sd * float(np.interp(-wanted, -ratio, place))


def estimate_noise(signal: Floats, bone: Bools, spacing_mm: tuple[float, float, float]) -> float:
    """Standard deviation of the noise in one channel.

    From air where it is in view and was not blanked; else from the most even blocks of a few mm, which lie in fat,
    muscle or the marrow cavity. Differences of neighbors would not do: they are correlated where k-space was filled up
    with zeros. Within trabecular bone alone noise cannot be told from structure, and the result is an upper limit.

    Args:
        signal: (z, y, x) as wide a part of the scan as there is.
        bone: (z, y, x) trabecular bone.
        spacing_mm: (z, y, x).

    Returns:
        NaN where there are too few voxels.
    """
    across = int(np.argmax(spacing_mm))
    every = max(1, signal.size // LARGEST_VOXELS)
    part = np.moveaxis(signal, across, 0)[::every].astype(np.float32)
    within = np.moveaxis(bone, across, 0)[::every]
    in_plane = [spacing_mm[axis] for axis in in_slice(across)]
    rows, columns = (max(3, round(BLOCK_MM / step)) for step in in_plane)
    size, strides = (min(BLOCK_SLICES, len(part)), rows, columns), (1, rows // 2, columns // 2)
    mean, deviation = _blocks(part, size, strides)
    if mean.size == 0:
        return float("nan")
    touched = _blocks(within.astype(np.float32), size, strides)[0] > 0.0
    reference = float(np.median(part[within])) if within.any() else float(np.quantile(part, 0.9))
    air = ~touched & (mean < DARK * reference) & is_rayleigh(mean, deviation)
    if np.count_nonzero(air) >= FEWEST_BLOCKS:
        return float(np.median(np.sqrt(0.5 * (mean[air] ** 2 + deviation[air] ** 2))))
    bright = deviation[(mean > DARK * reference) & (deviation > 0.0)]
    if len(bright) == 0:
        return float("nan")
    return float(np.quantile(bright, QUIET_QUANTILE)) / QUIET_BIAS


def is_rayleigh(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Bools:
    """Whether blocks of a mean and standard deviation vary as the magnitude of noise alone does."""
    low, high = RAYLEIGH_VARIATION
    return (deviation > low * mean) & (deviation < high * mean)


def without_floor(signal: Floats, noise: float) -> Floats:
    """Signal without what the magnitude adds to it on average, s^2 / (2 A); a straight line below one s.

    Args:
        signal: magnitudes.
        noise: s, the standard deviation in one channel.
    """
    if noise <= 0.0:
        return signal
    s = np.float32(noise)
    return np.where(signal > s, signal - 0.5 * s * s / np.maximum(signal, s), 1.5 * signal - s).astype(np.float32)


def bone_fraction(patch: PatchImage) -> Floats:
    """(z, y, x) bone volume fraction of voxels by partial volumes, corrected for the noise floor of magnitudes."""
    noise = patch.noise if patch.magnitude else 0.0
    return np.float32(1.0) - without_floor(patch.signal, noise) / np.float32(patch.marrow)


def structure_variance(patch: PatchImage, fraction: Floats) -> float:
    """Variance of the bone fraction in slices beside that of noise, trends across the patch left out.

    Half the mean squared difference of voxels :data:`FAR_MM` apart, where neither structure nor noise is correlated any
    more, so that the part of noise is its variance whatever was filled up with zeros.

    Args:
        patch: where, and how much noise.
        fraction: (z, y, x) of the patch.

    Returns:
        NaN where there is not enough to see any.
    """
    total = 0.0
    pairs = 0
    for axis in in_slice(patch.across):
        values, inside = np.moveaxis(fraction, axis, 0), np.moveaxis(patch.inside, axis, 0)
        step = patch.spacing_mm[axis]
        for lag in range(max(1, round(FAR_MM[0] / step)), round(FAR_MM[1] / step) + 1):
            counted = inside[lag:] & inside[:-lag]
            total += 0.5 * float(np.sum((values[lag:] - values[:-lag])[counted].astype(float) ** 2))
            pairs += int(np.count_nonzero(counted))
    if pairs == 0:
        return float("nan")
    of_noise = (patch.noise / patch.marrow) ** 2
    variance = total / pairs - of_noise
    return variance if variance > max(LEAST_STRUCTURE * of_noise, 1e-6) else float("nan")


def shows_structure(patch: PatchImage) -> bool:
    """Whether the signal of a patch varies by more than noise."""
    return bool(np.isfinite(structure_variance(patch, patch.fraction)))


def _blocks(
    values: Floats, size: tuple[int, int, int], strides: tuple[int, int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of blocks that lie within the array."""
    values = values.astype(np.float64)
    if any(n < k for n, k in zip(values.shape, size, strict=True)):
        return np.empty(0), np.empty(0)
    kept = tuple(slice(k // 2, n - (k - 1) // 2, s) for n, k, s in zip(values.shape, size, strides, strict=True))
    mean = ndimage.uniform_filter(values, size)[kept]
    square = ndimage.uniform_filter(values**2, size)[kept]
    count = int(np.prod(size))
    return mean.ravel(), np.sqrt(np.maximum(square - mean**2, 0.0) * count / (count - 1)).ravel()
