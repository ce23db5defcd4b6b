"""What a student's network sees in a patch beyond the parameters, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.synthesis.familiarity import Familiarity

Floats = NDArray[np.float64]
FEATURE = "f:"  # before the number of a feature, in tables
MOST_FEATURES = 8  # most of what the summaries of the shipped student vary by


def feature_column(number: int) -> str:
    """What the column of a feature, counted from 0, is called in tables."""
    return f"{FEATURE}{number + 1}"


@dataclass(frozen=True, eq=False)
class SummaryAxes:
    """Along which the summaries of a network vary most over the patches of the training.

    Attributes:
        mean: (c,) of the summaries.
        axes: (c, :data:`MOST_FEATURES`) leading principal axes, scaled so that what they tell has variance 1 there.
    """

    mean: Floats
    axes: Floats

    @classmethod
    def of(cls, familiarity: Familiarity) -> SummaryAxes:
        """Those of what is familiar; each axis points to where its largest component is positive."""
        inverse_variances, axes = np.linalg.eigh(familiarity.precision)
        axes = axes[:, :MOST_FEATURES] * np.sqrt(inverse_variances[:MOST_FEATURES])
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
        return cls(familiarity.mean, axes * np.sign(largest))

    def features(self, summaries: Floats) -> Floats:
        """(n, :data:`MOST_FEATURES`) of (n, c) summaries; about 0, with a standard deviation of about 1."""
        found: Floats = (summaries - self.mean) @ self.axes
        return found
