"""By how much two measurements of the same thing differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.agreement.pair_moments import WITHIN


@dataclass(frozen=True)
class BlandAltman:
    """Of one quantity.

    Attributes:
        pairs: how many.
        bias: mean of measured less reference.
        sd: standard deviation of that.
        lower, upper: limits of agreement: between them lie 95 % of the differences, where they are normal.
    """

    pairs: int
    bias: float
    sd: float
    lower: float
    upper: float


def bland_altman(reference: ArrayLike, measured: ArrayLike) -> BlandAltman:
    """Limits of agreement (Bland & Altman, Lancet 1986;1:307); not numbers where fewer than two pairs are left.

    Args:
        reference: (n,) values.
        measured: (n,) of the same things. Pairs with a value that is not finite are left out.

    Raises:
        ValueError: there are not equally many.
    """
    both = [np.asarray(values, dtype=np.float64).ravel() for values in (reference, measured)]
    if len(both[0]) != len(both[1]):
        raise ValueError("there are different numbers of values")
    pairs: NDArray[np.float64] = np.column_stack(both)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if len(pairs) < 2:
        return BlandAltman(len(pairs), *[float("nan")] * 4)
    differences = pairs[:, 1] - pairs[:, 0]
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    return BlandAltman(len(pairs), bias, sd, bias - WITHIN * sd, bias + WITHIN * sd)
