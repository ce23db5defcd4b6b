"""Confidence intervals of any statistic where measurements of one patient belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLINGS = 1000
COVERED = 0.95
LEAST_SHARE = 0.9  # of resamplings that must give a number


@dataclass(frozen=True)
class Interval:
    """A statistic and its confidence interval.

    Attributes:
        value: on all data.
        low, high: percentiles over resamplings of patients; not numbers where too few of them gave one.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """``0.912 [0.873, 0.941]``."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def clustered_interval(
    statistic: Callable[[NDArray[np.intp]], float],
    patients: ArrayLike,
    resamplings: int = RESAMPLINGS,
    seed: int = 0,
    covered: float = COVERED,
) -> Interval:
    """Percentile interval by drawing whole patients with replacement (Efron & Tibshirani 1993, chapter 8).

    For statistics that must be computed anew from the rows of each draw, such as an AUC or a kappa, and with many
    patients. With few of them it is somewhat too narrow; where a statistic follows from sums over patients, as an ICC
    does, take :func:`~CTSMALib.agreement.corrected_interval`, which corrects for that. Both are kept, as numbers that
    are stated in the documentation were found with either.

    Args:
        statistic: of the rows at these positions, which may repeat.
        patients: (n,) whose each row is.
        resamplings: how many.
        seed: of the draws.
        covered: share that the interval covers.
    """
    names, codes = np.unique(np.asarray(patients), return_inverse=True)
    rows = [np.flatnonzero(codes == code) for code in range(len(names))]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamplings):
        drawn = rng.integers(0, len(rows), len(rows))
        found.append(statistic(np.concatenate([rows[n] for n in drawn])))
    numbers = np.array(found)[np.isfinite(found)]
    value = float(statistic(np.arange(len(codes))))
    if len(names) < 2 or len(numbers) < LEAST_SHARE * resamplings:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(numbers, (0.5 - covered / 2, 0.5 + covered / 2))
    return Interval(value, float(low), float(high))
