"""Summaries of compartments, and how much of each comes from which patch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.diagnosis.tokens import COMPARTMENT, COMPARTMENT_KEYS, PLACES, Array, Flags

MEANS, FULL = "means", "full"
SIDES = ((0, 1), (2, 3))  # medial and lateral of a bone, numbers of COMPARTMENT_KEYS


@dataclass(frozen=True, eq=False)
class Summaries:
    """Summaries of a knee.

    Attributes:
        shares: (m, 96) of each summary by patch. They add up to it exactly: means and absolute differences of means
            are linear in the values near by, and a standard deviation is homogeneous of degree 1 in them, so that its
            gradient times the values is the standard deviation itself (Euler's theorem).
        about: (m, 96) which patches each is a summary of.
    """

    shares: Array
    about: Flags

    @property
    def values(self) -> Array:
        """(m,) the summaries; not numbers of a compartment without patches."""
        return np.asarray(self.shares.sum(axis=1), dtype=float)


def summarize(values: Array, present: Flags, kind: str = FULL) -> Summaries:
    """Summarize compartments.

    Args:
        values: (96, k) standardized, see :class:`~CTSMALib.diagnosis.standardizer.Standardizer`.
        present: (96,).
        kind: ``"means"``: the mean of each compartment and quantity. ``"full"``: also the standard deviation, and the
            absolute difference of the medial and the lateral mean of each bone; the signed one is in the means.

    Returns:
        4 k or 10 k summaries; see :func:`names`.
    """
    means, spreads = [], []
    quantities = values.shape[1]
    insides = [present & (number == COMPARTMENT) for number in range(len(COMPARTMENT_KEYS))]
    for inside in insides:
        count = int(inside.sum())
        mean = np.where(inside, values.T, 0.0) / count if count else np.full((quantities, PLACES), np.nan)
        means.append(mean)
        if kind == FULL:
            spreads.append(_spread(values, inside, mean.sum(axis=1)))
    apart = []
    for medial, lateral in SIDES if kind == FULL else ():
        difference = means[medial] - means[lateral]
        apart.append(np.sign(difference.sum(axis=1))[:, None] * difference)
    about = [*insides, *insides, *(insides[a] | insides[b] for a, b in SIDES)] if kind == FULL else insides
    return Summaries(np.concatenate([*means, *spreads, *apart]), np.repeat(np.array(about), quantities, axis=0))


def names(keys: tuple[str, ...], kind: str = FULL) -> tuple[str, ...]:
    """What the summaries are called, in their order."""
    found = [f"mean {key} {compartment}" for compartment in COMPARTMENT_KEYS for key in keys]
    if kind == FULL:
        found += [f"SD {key} {compartment}" for compartment in COMPARTMENT_KEYS for key in keys]
        for medial, lateral in SIDES:
            found += [f"|{COMPARTMENT_KEYS[medial]} - {COMPARTMENT_KEYS[lateral]}| {key}" for key in keys]
    return tuple(found)


def _spread(values: Array, inside: Flags, mean: Array) -> Array:
    """(k, 96) parts of the standard deviations in a compartment."""
    count = int(inside.sum())
    if count < 2:
        return np.full((values.shape[1], PLACES), np.nan)
    squares = np.where(inside[:, None], (values - mean) ** 2, 0.0).T / (count - 1)
    deviation = np.sqrt(squares.sum(axis=1))[:, None]
    return np.divide(squares, deviation, out=np.zeros_like(squares), where=deviation > 0.0)
