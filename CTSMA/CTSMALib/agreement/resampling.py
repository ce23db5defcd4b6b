"""Patients drawn with replacement, all resamplings at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from CTSMALib.agreement.clustered import COVERED, LEAST_SHARE, RESAMPLINGS, Interval

Numbers = NDArray[np.float64]


def patient_draws(patients: int, resamplings: int = RESAMPLINGS, seed: int = 0) -> Numbers:
    """How often each patient counts: once in the first row, as drawn in the others.

    Statistics of the same draws can be compared, as their differences are those of the same patients.

    Args:
        patients: how many there are.
        resamplings: how many draws of as many patients.
        seed: of the draws.

    Returns:
        (1 + resamplings, patients)
    """
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(patients, np.full(patients, 1.0 / max(patients, 1)), size=resamplings)
    return np.concatenate([np.ones((1, patients)), drawn.astype(np.float64)])


def corrected_interval(found: Numbers, patients: int, covered: float = COVERED) -> Interval:
    """The interval of a statistic: percentiles of its resamplings, corrected for bias and for few patients.

    Resampling few patients makes them look more alike than they are: ICCs come out lower, and intervals narrower. So
    the percentiles are moved (Efron & Tibshirani 1993, chapter 14, without acceleration) and taken farther out, by
    Student's t and the lost degree of freedom (Hesterberg, Am Stat 2015;69:371). In simulations of an ICC, intervals
    that say 95 % covered 92 % of the time with 10 or 20 patients, 93 % with 40 or 60, and 94 % with 100.

    Args:
        found: (1 + resamplings,) the statistic of all data, then of each resampling.
        patients: whose data they are.
        covered: share that the interval is to cover.

    Returns:
        Without ends for fewer than two patients, where too few resamplings gave a number, or where the data do not.
    """
    value, drawn = float(found[0]), found[1:]
    numbers = drawn[np.isfinite(drawn)]
    if patients < 2 or not np.isfinite(value) or len(numbers) < max(LEAST_SHARE * len(drawn), 1):
        return Interval(value, float("nan"), float("nan"))
    below = float(np.mean(numbers < value) + 0.5 * np.mean(numbers == value))
    shift = 2.0 * ndtri(np.clip(below, 0.5 / len(numbers), 1.0 - 0.5 / len(numbers)))
    half = stdtrit(patients - 1, 0.5 + covered / 2) * np.sqrt(patients / (patients - 1))
    low, high = np.quantile(numbers, ndtr([shift - half, shift + half]))
    return Interval(value, float(low), float(high))
