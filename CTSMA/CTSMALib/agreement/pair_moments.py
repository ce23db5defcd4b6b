"""Agreement of two measurements from sums: thousands of resamplings of patients in the time of a few.

Every statistic here follows from six sums over the pairs, and the sums of a resampling are weighted sums of those of
the patients. So a resampling costs one row of a matrix product, however many pairs a patient has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WITHIN = 1.96  # standard deviations that hold 95 % of a normal distribution
ROUNDING = 1e-12  # relative sums of squares that are none
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairStatistics:
    """How well a second measurement agrees with a first; all of one shape, not numbers where they are undefined.

    Attributes:
        n: pairs.
        icc_agreement: ICC(2,1), as :func:`~CTSMALib.agreement.icc.icc_agreement`.
        icc_consistency: ICC(3,1), as :func:`~CTSMALib.agreement.icc.icc_consistency`.
        bias: mean of second less first.
        rmse: root mean square of second less first.
        correlation: Pearson's.
        first_sd: standard deviation of the first: an ICC means little without it.
    """

    n: Numbers
    icc_agreement: Numbers
    icc_consistency: Numbers
    bias: Numbers
    rmse: Numbers
    correlation: Numbers
    first_sd: Numbers


def pair_moments(first: ArrayLike, second: ArrayLike, groups: ArrayLike, count: int) -> Numbers:
    """Sums over the pairs of each group, such as a patient.

    Args:
        first: (n,) values, finite; those of the reference.
        second: (n,) values of the same things, finite. Sums of values far from 0 lose digits: take the mean of the
            reference off both before.
        groups: (n,) from 0 to ``count`` - 1.
        count: of groups; those without pairs have sums of 0.

    Returns:
        (count, 6): pairs, first, second, first², second², first × second.

    Raises:
        ValueError: there are not equally many of each.
    """
    x, y = (np.asarray(values, dtype=np.float64) for values in (first, second))
    codes = np.asarray(groups, dtype=np.intp)
    if x.shape != y.shape or x.shape != codes.shape:
        raise ValueError("a pair needs a first value, a second one and a group")
    parts = (np.ones_like(x), x, y, x * x, y * y, x * y)
    return np.stack([np.bincount(codes, part, count) for part in parts], axis=1)


def pair_statistics(moments: ArrayLike) -> PairStatistics:
    """Statistics from sums.

    Shrout & Fleiss, Psychol Bull 1979;86:420, with two raters: with s = first + second and d = second - first, the mean
    square between subjects is half the variance of s, and the rest is half that of d.

    Args:
        moments: (..., 6) as of :func:`pair_moments`, added up over patients, who may count several times.
    """
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(moments, dtype=np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        var_x = _none(xx - x * x / n, xx) / (n - 1.0)
        var_y = _none(yy - y * y / n, yy) / (n - 1.0)
        covariance = (xy - x * y / n) / (n - 1.0)
        rest = np.maximum(0.5 * (var_x + var_y) - covariance, 0.0)
        between = 0.5 * (var_x + var_y) + covariance
        bias = (y - x) / n
        raters = 0.5 * n * bias * bias
        few = (n < 3.0) | (between + rest + raters <= 0.0)
        agreement = (between - rest) / (between + rest + 2.0 * (raters - rest) / n)
        return PairStatistics(
            n=n,
            icc_agreement=np.where(few, np.nan, agreement),
            icc_consistency=np.where(few, np.nan, (between - rest) / (between + rest)),
            bias=bias,
            rmse=np.sqrt(np.maximum(xx + yy - 2.0 * xy, 0.0) / n),
            correlation=np.where(few, np.nan, covariance / np.sqrt(var_x * var_y)),
            first_sd=np.where(n < 2.0, np.nan, np.sqrt(var_x)),
        )


def limits_of_agreement(moments: ArrayLike, draws: ArrayLike) -> tuple[Numbers, Numbers]:
    """Lower and upper limit of agreement from sums, as :func:`~CTSMALib.agreement.bland_altman.bland_altman` has them.

    Args:
        moments: (individuals, 6) as of :func:`pair_moments`.
        draws: (..., individuals) how often each counts; one that counts twice is two.

    Returns:
        (...) each; not numbers where fewer than two pairs are left.
    """
    n, x, y, xx, yy, xy = np.asarray(moments, dtype=np.float64).T
    of_mean = np.divide((y - x) ** 2, n, out=np.zeros_like(n), where=n > 0.0)
    within = _none(xx + yy - 2.0 * xy - of_mean, xx + yy)
    sums = np.asarray(draws, dtype=np.float64) @ np.stack([n > 0.0, n, n * n, y - x, of_mean, within], axis=1)
    individuals, pairs, squared, total, means, rest = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = total / pairs
        between = _none(means - total * bias, means)
    half = WITHIN * np.sqrt(variance_of_one(individuals, pairs, squared, between, rest))
    return bias - half, bias + half


def variance_of_one(
    individuals: ArrayLike, pairs: ArrayLike, squared: ArrayLike, between: ArrayLike, within: ArrayLike
) -> Numbers:
    """Variance of a single difference of an individual who has several, by a one-way analysis of variance.

    The sum of the components between and within individuals, where the true value varies within them: Bland & Altman,
    J Biopharm Stat 2007;17:571. A component between them that comes out below 0 is not cut off, which would make the
    sum too large on average; the sum is never below 0.

    Args:
        individuals: how many; of a single one only the component within is known.
        pairs: that they have together.
        squared: the squares of how many each has, added up.
        between: sum of squares of the individuals' mean differences around the mean, a pair counting once.
        within: sum of squares of the differences around the individual's mean.

    Returns:
        Variances; not numbers for fewer than two pairs.
    """
    parts = (individuals, pairs, squared, between, within)
    n, m, mm, above, rest = (np.asarray(part, dtype=np.float64) for part in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(m > n, rest / (m - n), 0.0)
        usual = (m - mm / m) / (n - 1.0)  # pairs of an individual
        found = np.where(n > 1.0, inside + (above / (n - 1.0) - inside) / usual, inside)
    return np.where(m < 2.0, np.nan, found)


def _none(squares: Numbers, raw: Numbers) -> Numbers:
    """Sums of squares, where rounding must not pass for variation."""
    return np.where(squares <= ROUNDING * raw, 0.0, squares)
