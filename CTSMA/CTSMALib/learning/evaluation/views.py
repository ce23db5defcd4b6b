"""The same patches seen at several levels, as pairs of a label and a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.learning.evaluation.result import COMPARTMENT, MIDDLE, PATCH, PATIENT, WITHIN

Numbers = NDArray[np.float64]
Codes = NDArray[np.intp]
MIDDLE_QUANTILES = (0.25, 0.75)


@dataclass(frozen=True, eq=False)
class Pairs:
    """One parameter.

    Attributes:
        labels: (m,) finite.
        values: (m,) finite.
        patients: (m,) codes.
    """

    labels: Numbers
    values: Numbers
    patients: Codes


def pairs_at(level: str, labels: Numbers, values: Numbers, patients: Codes, strata: Codes) -> Pairs:
    """What is compared at a level.

    Means are over the patches that have both label and value. At :data:`WITHIN` the mean of each knee's
    compartment is taken off both, so that only differences inside it count; those of m patches are widened by
    sqrt(m / (m - 1)), which the mean has taken from them, and single patches are left out. At :data:`MIDDLE` only
    patches are left whose label lies between the quartiles: a wide range of labels raises every ICC.

    Args:
        level: one of :data:`~CTSMALib.learning.evaluation.result.LEVELS`.
        labels: (n,) of patches; not a number where there is none.
        values: (n,) likewise.
        patients: (n,) codes.
        strata: (n,) codes of knee and compartment.

    Raises:
        ValueError: there is no such level.
    """
    known = np.isfinite(labels) & np.isfinite(values)
    x, y, owners, parts = labels[known], values[known], patients[known], strata[known]
    if level == PATCH:
        return Pairs(x, y, owners)
    if level == COMPARTMENT:
        return _means(x, y, owners, parts)
    if level == PATIENT:
        return _means(x, y, owners, owners)
    if level == WITHIN:
        return _deviations(x, y, owners, parts)
    if level == MIDDLE:
        low, high = np.quantile(x, MIDDLE_QUANTILES) if len(x) else (0.0, 0.0)
        inside = (low <= x) & (x <= high)
        return Pairs(x[inside], y[inside], owners[inside])
    raise ValueError(f"no level {level!r}")


def _means(x: Numbers, y: Numbers, owners: Codes, parts: Codes) -> Pairs:
    names, first = np.unique(parts, return_index=True)
    return Pairs(_group_means(x, parts)[names], _group_means(y, parts)[names], owners[first])


def _deviations(x: Numbers, y: Numbers, owners: Codes, parts: Codes) -> Pairs:
    counts = np.bincount(parts)[parts] if len(parts) else np.zeros(0)
    several = counts > 1
    wider = np.sqrt(counts[several] / (counts[several] - 1.0))
    off = [(values - _group_means(values, parts)[parts])[several] * wider for values in (x, y)]
    return Pairs(off[0], off[1], owners[several])


def _group_means(values: Numbers, parts: Codes) -> Numbers:
    """The mean of each group by its code; 0 for codes without values."""
    if not len(parts):
        return np.zeros(0)
    means: Numbers = np.bincount(parts, values) / np.maximum(np.bincount(parts), 1)
    return means
