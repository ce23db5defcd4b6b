"""Fitting one aggregator to some knees."""

from __future__ import annotations

from collections.abc import Sequence

from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.learning.diagnosis.candidates import NETWORKS
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case
from CTSMALib.learning.diagnosis.fitted import Fit, Fitted, Tick


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
