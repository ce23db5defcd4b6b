"""What all aggregators have in common: what is fitted, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from CTSMALib.learning.diagnosis.candidates import Candidate
from CTSMALib.learning.diagnosis.dataset import Case

Array = NDArray[np.float64]
Tick = Callable[[], None]


class Scores(NamedTuple):
    """What an aggregator says of knees: (n,) log odds of osteoarthritis and (n,) severity."""

    logits: Array
    severities: Array


class Fitted(Protocol):
    """An aggregator that has learned."""

    def scores(self, cases: Sequence[Case]) -> Scores:
        """What it says of knees."""


@dataclass(frozen=True)
class Fit:
    """What is fitted.

    Attributes:
        aggregator: which.
        candidate: with which settings.
        seed: of weights and the order of knees.
    """

    aggregator: str
    candidate: Candidate
    seed: int
