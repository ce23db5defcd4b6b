"""Diagnoses from other values of the same knees, on the same folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import clustered_interval
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, labels
from CTSMALib.learning.diagnosis.folds import folds
from CTSMALib.learning.diagnosis.nested import one_fold
from CTSMALib.learning.diagnosis.statistics import auc

Array = NDArray[np.float64]


def cross_validated(config: DiagnosisConfig, aggregator: str, cases: Sequence[Case]) -> Array:
    """(n,) calibrated probabilities by folds that did not see the knee."""
    outer = folds(cases, config.outer_folds, config.seed)
    nothing = (lambda: None, lambda: None)
    found = {}
    for fold in range(config.outer_folds):
        learned = [case for case, where in zip(cases, outer, strict=True) if where != fold]
        asked = [case for case, where in zip(cases, outer, strict=True) if where == fold]
        result = one_fold(config, aggregator, fold, learned, asked, nothing)
        found |= {one.knee: one.probability for one in result.predicted}
    return np.array([found[case.knee] for case in cases])


def areas(own: Array, beside: Array, cases: Sequence[Case]) -> dict[str, float]:
    """AUC of (n,) probabilities, and how much more it is than that of others, with 95 % intervals by patient."""
    truth, patients = labels(tuple(cases)), [case.subject for case in cases]
    area = clustered_interval(lambda rows: auc(truth[rows], own[rows]), patients)
    more = clustered_interval(lambda rows: auc(truth[rows], own[rows]) - auc(truth[rows], beside[rows]), patients)
    return {
        "auc": area.value, "low": area.low, "high": area.high,
        "more": more.value, "more_low": more.low, "more_high": more.high,
    }  # fmt: skip
