"""By how much two measurements of the same thing differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.agreement.pair_moments import WITHIN, variance_of_one


@dataclass(frozen=True)
class BlandAltman:
    """Of one quantity.

    Attributes:
        pairs: how many.
        individuals: whose they are.
        bias: mean of measured less reference.
        sd: standard deviation of that, for one pair of an individual of whom nothing else is known.
        lower, upper: limits of agreement: between them lie 95 % of the differences, where they are normal.
    """

    pairs: int
    individuals: int
    bias: float
    sd: float
    lower: float
    upper: float


def bland_altman(reference: ArrayLike, measured: ArrayLike, individuals: ArrayLike | None = None) -> BlandAltman:
    """Limits of agreement; not numbers where fewer than two pairs are left.

    Pairs of one individual are alike in how they differ. For limits they are not taken as independent: see
    :func:`~CTSMALib.agreement.pair_moments.variance_of_one`. With one pair each, these are the limits of Bland &
    Altman, Lancet 1986;1:307; of a single individual, they hold its own differences and say nothing of others.

    Args:
        reference: (n,) values.
        measured: (n,) of the same things. Pairs with a value that is not finite are left out.
        individuals: (n,) whose each pair is; each its own if left out.

    Raises:
        ValueError: there are not equally many.
    """
    both = [np.asarray(values, dtype=np.float64).ravel() for values in (reference, measured)]
    owners = np.arange(len(both[0])) if individuals is None else np.asarray(individuals).ravel()
    if not len(both[0]) == len(both[1]) == len(owners):
        raise ValueError("there are different numbers of values")
    pairs: NDArray[np.float64] = np.column_stack(both)
    known = np.isfinite(pairs).all(axis=1)
    codes = np.unique(owners[known], return_inverse=True)[1]
    counts = np.bincount(codes)
    if known.sum() < 2:
        return BlandAltman(int(known.sum()), len(counts), *[float("nan")] * 4)
    differences = pairs[known, 1] - pairs[known, 0]
    bias = float(differences.mean())
    means = np.bincount(codes, differences) / counts
    between = np.sum(counts * (means - bias) ** 2)
    within = np.sum((differences - means[codes]) ** 2)
    sd = float(np.sqrt(variance_of_one(len(counts), len(differences), np.sum(counts**2), between, within)))
    return BlandAltman(len(differences), len(counts), bias, sd, bias - WITHIN * sd, bias + WITHIN * sd)
