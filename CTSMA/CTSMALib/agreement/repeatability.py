"""What a second measurement of the same thing may differ by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_CHANGE = 1.96 * 2.0**0.5


@dataclass(frozen=True)
class Repeatability:
    """Of one quantity, from pairs of sessions.

    Attributes:
        pairs: how many.
        mean: over all sessions.
        bias: second less first session.
        within_sd: standard deviation within a pair, after the bias.
        cv: root mean square coefficient of variation, the standard deviation of each pair over its mean (Glüer 1995);
            the bias counts. Not a number where a mean is 0.
        least_significant_change: 1.96 √2 within_sd: what two measurements of an unchanged knee exceed once in twenty,
            beside the bias.
    """

    pairs: int
    mean: float
    bias: float
    within_sd: float
    cv: float
    least_significant_change: float


def repeatability(first: ArrayLike, second: ArrayLike) -> Repeatability:
    """Repeatability from two sessions; not numbers where fewer than two pairs are left.

    Bland & Altman, Lancet 1986;1:307; Glüer et al., Osteoporos Int 1995;5:262.

    Args:
        first: (n,) values of the first session.
        second: (n,) those of the same things in the second. Pairs with a value that is not finite are left out.

    Raises:
        ValueError: the sessions do not hold equally many values.
    """
    sessions = [np.asarray(values, dtype=np.float64).ravel() for values in (first, second)]
    if len(sessions[0]) != len(sessions[1]):
        raise ValueError("the sessions hold different numbers of values")
    pairs: NDArray[np.float64] = np.column_stack(sessions)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if len(pairs) < 2:
        return Repeatability(len(pairs), *[float("nan")] * 5)
    differences = pairs[:, 1] - pairs[:, 0]
    within = float(np.std(differences, ddof=1)) / 2.0**0.5
    means = pairs.mean(axis=1)
    cv = float(np.sqrt(0.5 * np.mean((differences / means) ** 2))) if np.all(means != 0.0) else float("nan")
    return Repeatability(len(pairs), float(pairs.mean()), float(differences.mean()), within, cv, LEAST_CHANGE * within)
