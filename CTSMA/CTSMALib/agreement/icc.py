"""Intraclass correlation of single measurements.

Shrout & Fleiss, Psychol Bull 1979;86:420; McGraw & Wong, Psychol Methods 1996;1:30.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDING = 1e-12  # relative differences that are none


@dataclass(frozen=True)
class _MeanSquares:
    """Of a two-way analysis of variance without repetition."""

    subjects: float
    raters: float
    rest: float
    shape: tuple[int, int]


def icc_agreement(ratings: ArrayLike) -> float:
    """ICC(2,1): absolute agreement of single ratings, raters drawn at random.

    Args:
        ratings: (n, k) values of n subjects by k raters, sessions or methods. Subjects with a value that is not
            finite are left out.

    Returns:
        1 for equal ratings; not a number for fewer than three subjects, or where nothing varies.
    """
    found = _mean_squares(ratings)
    if found is None:
        return float("nan")
    n, k = found.shape
    bottom = found.subjects + (k - 1) * found.rest + k * (found.raters - found.rest) / n
    return (found.subjects - found.rest) / bottom if bottom > 0.0 else float("nan")


def icc_consistency(ratings: ArrayLike) -> float:
    """ICC(3,1): consistency of single ratings, where a constant difference between raters does not count.

    Arguments and result as in :func:`icc_agreement`.
    """
    found = _mean_squares(ratings)
    if found is None:
        return float("nan")
    bottom = found.subjects + (found.shape[1] - 1) * found.rest
    return (found.subjects - found.rest) / bottom if bottom > 0.0 else float("nan")


def _mean_squares(ratings: ArrayLike) -> _MeanSquares | None:
    values: NDArray[np.float64] = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"ratings of shape {values.shape}, not (subjects, raters)")
    values = values[np.isfinite(values).all(axis=1)]
    n, k = values.shape
    if n < 3 or np.ptp(values) <= ROUNDING * np.abs(values).max():
        return None
    values = values - values.mean()
    subjects, raters = values.mean(axis=1), values.mean(axis=0)
    between = k * float(np.sum(subjects**2))
    over_raters = n * float(np.sum(raters**2))
    rest = float(np.sum((values - subjects[:, None] - raters) ** 2))
    return _MeanSquares(between / (n - 1), over_raters / (k - 1), rest / ((n - 1) * (k - 1)), (n, k))
