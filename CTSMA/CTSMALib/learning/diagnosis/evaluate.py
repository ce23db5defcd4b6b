"""Numbers on knees that were not learned from, for each aggregator and between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import Interval, clustered_interval
from CTSMALib.diagnosis.names import LEAST_FAITHFUL
from CTSMALib.learning.diagnosis.candidates import LOGISTIC, TRANSFORMER
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, grades, labels
from CTSMALib.learning.diagnosis.faithfulness import Faithfulness
from CTSMALib.learning.diagnosis.nested import FoldResult
from CTSMALib.learning.diagnosis.statistics import (
    auc,
    brier,
    calibration_error,
    calibration_line,
    ranked_probability_score,
    roc_areas,
    weighted_kappa,
)
from CTSMALib.progress import Progress, silent

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Measured:
    """One number of one aggregator.

    Attributes:
        aggregator: which.
        measure: ``"auc"`` (interval of DeLong), ``"auc by patient"``, ``"brier"``, ``"calibration slope"``,
            ``"calibration intercept"``, ``"calibration error"``, ``"ranked probability score"`` of the grades or their
            ``"weighted kappa"`` (intervals by patient).
        found: the number and its 95 % interval.
    """

    aggregator: str
    measure: str
    found: Interval


@dataclass(frozen=True)
class Difference:
    """The AUC of one aggregator less that of another, on the same knees.

    Attributes:
        first, second: aggregators.
        delong: difference and 95 % interval.
        p: two-sided, of DeLong's test.
        by_patient: the same difference with an interval from resampling patients.
    """

    first: str
    second: str
    delong: Interval
    p: float
    by_patient: Interval


@dataclass(frozen=True)
class Evaluation:
    """All numbers of a cross-validation.

    Attributes:
        measured: of each aggregator.
        differences: of each pair.
        knees, patients, diseased: how many.
    """

    measured: tuple[Measured, ...]
    differences: tuple[Difference, ...]
    knees: int
    patients: int
    diseased: int

    def of(self, aggregator: str, measure: str) -> Interval:
        """One of the numbers.

        Raises:
            KeyError: it was not measured.
        """
        for one in self.measured:
            if (one.aggregator, one.measure) == (aggregator, measure):
                return one.found
        raise KeyError((aggregator, measure))


def evaluate(
    config: DiagnosisConfig, cases: Sequence[Case], results: Sequence[FoldResult], progress: Progress = silent
) -> Evaluation:
    """Evaluate out-of-fold predictions.

    Args:
        config: of the training.
        cases: all knees.
        results: all folds of all aggregators.
        progress: told of every number; may raise to stop.
    """
    truth, given = labels(tuple(cases)), grades(tuple(cases))
    patients = np.array([case.subject for case in cases])
    likely, told = {}, {}
    for name in config.aggregators:
        found = {one.knee: one for result in results if result.aggregator == name for one in result.predicted}
        likely[name] = np.array([found[case.knee].probability for case in cases])
        told[name] = np.array([found[case.knee].grades for case in cases])
    measured: list[Measured] = []
    for number, name in enumerate(config.aggregators):
        for one in _measured(config, name, (truth, given, patients), likely[name], told[name]):
            progress("Evaluating", number / len(config.aggregators), f"{one.measure} of {name}")
            measured.append(one)
    differences = []
    for pair in combinations(config.aggregators, 2):
        progress("Evaluating", 1.0, " and ".join(pair))
        differences.append(_difference(config, pair, truth, patients, likely))
    return Evaluation(tuple(measured), tuple(differences), len(cases), len(set(patients)), int(truth.sum()))


def default_of(evaluation: Evaluation, faithful: Mapping[str, Faithfulness], tie: float) -> str:
    """Which aggregator answers if none is asked for.

    Of those whose contributions are faithful (of both, where none are), the regression, unless the AUC of the
    Transformer is higher by more than ``tie``.
    """
    passed = [name for name, found in faithful.items() if found.share.value >= LEAST_FAITHFUL]
    if len(passed) == 1:
        return passed[0]
    better = evaluation.of(TRANSFORMER, "auc").value - evaluation.of(LOGISTIC, "auc").value > tie
    return TRANSFORMER if better else LOGISTIC


def _measured(
    config: DiagnosisConfig, name: str, known: tuple[NDArray, NDArray, NDArray], likely: Array, told: Array
) -> Iterator[Measured]:
    truth, given, patients = known
    grade = np.rint(told @ np.arange(told.shape[1])).astype(int)  # the expected one
    measures: dict[str, Callable[[Rows], float]] = {
        "auc by patient": lambda rows: auc(truth[rows], likely[rows]),
        "brier": lambda rows: brier(truth[rows], likely[rows]),
        "calibration slope": lambda rows: calibration_line(truth[rows], likely[rows])[0],
        "calibration intercept": lambda rows: calibration_line(truth[rows], likely[rows])[1],
        "calibration error": lambda rows: calibration_error(truth[rows], likely[rows]),
        "ranked probability score": lambda rows: ranked_probability_score(given[rows], told[rows]),
        "weighted kappa": lambda rows: weighted_kappa(given[rows], grade[rows]),
    }
    yield Measured(name, "auc", roc_areas(truth, likely).interval())
    for measure, statistic in measures.items():
        interval = clustered_interval(statistic, patients, config.resamplings, config.seed)
        yield Measured(name, measure, interval)


def _difference(
    config: DiagnosisConfig, pair: tuple[str, str], truth: NDArray, patients: NDArray, likely: dict[str, Array]
) -> Difference:
    both = np.array([likely[name] for name in pair])
    delong, p = roc_areas(truth, both).difference()

    def apart(rows: Rows) -> float:
        areas = roc_areas(truth[rows], both[:, rows]).areas
        return float(areas[0] - areas[1])

    by_patient = clustered_interval(apart, patients, config.resamplings, config.seed)
    return Difference(*pair, delong, p, by_patient)
