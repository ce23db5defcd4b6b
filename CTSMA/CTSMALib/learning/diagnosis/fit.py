"""Fitting one aggregator to some knees; what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.learning.diagnosis.candidates import NETWORKS, Candidate
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
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


def fit(
    what: Fit, cases: Sequence[Case], config: DiagnosisConfig, standardizer: Standardizer | None = None,
    tick: Tick = lambda: None,
) -> Fitted:  # fmt: skip
    """Fit an aggregator.

    Args:
        what: which, and how.
        cases: knees to learn from.
        config: of the training.
        standardizer: of patches; learned from ``cases`` if left out.
        tick: called often; stops the work by raising.
    """
    tick()
    if what.aggregator in NETWORKS:
        from CTSMALib.learning.diagnosis.fit_network import fit_network

        return fit_network(what, cases, config, standardizer, tick)
    from CTSMALib.learning.diagnosis.fit_linear import fit_linear

    return fit_linear(what, cases, standardizer)
