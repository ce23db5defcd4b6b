"""Distribution of CT numbers in a patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.masked_patches import MaskedPatches, divided

Floats = NDArray[np.float64]

SMALLEST_SD_HU = 1e-6
ENTROPY_BIN_HU = 25.0
ENTROPY_RANGE_HU = (-500.0, 2500.0)


def mean_and_sd(patches: MaskedPatches) -> tuple[Floats, Floats]:
    """(n,) mean and standard deviation (n - 1) over the valid cells, HU."""
    values, valid = patches.flat
    count = valid.sum(axis=1)
    mean = divided(values.sum(axis=1), count)
    centerd = (values - np.nan_to_num(mean)[:, None]) * valid
    return mean, np.sqrt(divided(np.sum(centerd**2, axis=1), count - 1))


def distribution(patches: MaskedPatches) -> dict[str, Floats]:
    """Mean, standard deviation, percentiles, skewness, excess kurtosis and entropy, each (n,)."""
    values, valid = patches.flat
    mean, sd = mean_and_sd(patches)
    scale = np.where(sd > SMALLEST_SD_HU, sd, np.nan)
    score = (values - mean[:, None]) / scale[:, None]
    third = np.sum(np.where(valid, score, 0.0) ** 3, axis=1)
    fourth = np.sum(np.where(valid, score, 0.0) ** 4, axis=1)
    count = np.where(np.isfinite(scale), valid.sum(axis=1), 0)
    low, high = _percentiles(values, valid, (10.0, 90.0))
    return {
        "ct_hu_mean": mean,
        "ct_hu_sd": sd,
        "ct_hu_p10": low,
        "ct_hu_p90": high,
        "ct_hu_skewness": divided(third, count),
        "ct_hu_kurtosis": divided(fourth, count) - 3.0,
        "ct_hu_entropy": _entropy(values, valid),
    }


def _percentiles(values: Floats, valid: NDArray[np.bool_], wanted: tuple[float, ...]) -> list[Floats]:
    """Percentiles of the valid cells of every row, interpolated between order statistics."""
    ordered = np.sort(np.where(valid, values, np.inf), axis=1)
    count = valid.sum(axis=1)
    ordered[count == 0] = np.nan
    rows = np.arange(len(values))
    found = []
    for percentile in wanted:
        position = np.maximum(count - 1, 0) * percentile / 100.0
        below = np.floor(position).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        share = position - below
        found.append(ordered[rows, below] * (1.0 - share) + ordered[rows, above] * share)
    return found


def _entropy(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Shannon entropy of the histogram in bits, bins of fixed width."""
    bins = int((ENTROPY_RANGE_HU[1] - ENTROPY_RANGE_HU[0]) / ENTROPY_BIN_HU)
    index = np.clip((values - ENTROPY_RANGE_HU[0]) // ENTROPY_BIN_HU, 0, bins - 1).astype(int)
    index += np.arange(len(values))[:, None] * bins
    counts = np.bincount(index[valid], minlength=len(values) * bins).reshape(len(values), bins)
    share = divided(counts.astype(float), np.repeat(valid.sum(axis=1, keepdims=True), bins, axis=1))
    return np.sum(share * np.log2(np.where(share > 0, 1.0 / np.where(share > 0, share, 1.0), 1.0)), axis=1)
