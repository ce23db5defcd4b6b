"""Nested cross-validation by patient; each outer fold of each aggregator is kept, so that a stopped one goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from CTSMALib.diagnosis.calibration import Calibration, agreeing
from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis.calibrate import fit_calibration
from CTSMALib.learning.diagnosis.candidates import AGGREGATORS, NETWORKS, Candidate, candidates
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, grades, labels
from CTSMALib.learning.diagnosis.fit import fit
from CTSMALib.learning.diagnosis.fitted import Fit, Scores, Tick
from CTSMALib.learning.diagnosis.folds import folds
from CTSMALib.learning.diagnosis.statistics import log_loss
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, silent

LINEAR_WORK = 0.02  # of a fit of a linear model, in fits of a network
STAGE = "Cross-validating"


@dataclass(frozen=True)
class Predicted:
    """A knee that a fold did not learn from.

    Attributes:
        knee, subject: which.
        logit, severity: as the aggregator gives them.
        probability: calibrated within the other folds.
        grades: probabilities of the grades 0 to 4, likewise.
    """

    knee: str
    subject: str
    logit: float
    severity: float
    probability: float
    grades: tuple[float, ...]


@dataclass(frozen=True)
class FoldResult:
    """One outer fold of one aggregator.

    Attributes:
        aggregator, fold: which.
        losses: of each candidate in the inner folds, calibrated log loss.
        chosen: number of the candidate with the least.
        predicted: the knees of the fold.
    """

    aggregator: str
    fold: int
    losses: tuple[float, ...]
    chosen: int
    predicted: tuple[Predicted, ...]


def cross_validate(
    config: DiagnosisConfig, cases: Sequence[Case], folder: Path, progress: Progress = silent
) -> list[FoldResult]:
    """Run all outer folds of all aggregators that are not there yet.

    Settings and calibration of a fold come from inner folds of the other ones; all aggregators have the same folds
    and try equally many settings.

    Args:
        config: of the training.
        cases: the knees.
        folder: where finished folds are kept.
        progress: told after every fit; stops the work by raising, and the next run goes on with the fold it was at.

    Raises:
        InputError: too few patients for the folds, or a kept fold cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outer = folds(cases, config.outer_folds, config.seed)
    wanted = [(name, fold) for fold in range(config.outer_folds) for name in config.aggregators]
    there = {one: _read(_path(folder, *one)) for one in wanted}
    todo = [one for one in wanted if there[one] is None]
    clock = _Clock(sum(_work(name, config) for name, _ in todo), progress)
    for name, fold in todo:
        learned = [case for case, where in zip(cases, outer, strict=True) if where != fold]
        asked = [case for case, where in zip(cases, outer, strict=True) if where == fold]
        told = clock.of(f"{name}, fold {fold + 1} of {config.outer_folds}", _work(name, config, fits=1))
        found = one_fold(config, name, fold, learned, asked, told)
        replace_file(_path(folder, name, fold), (json.dumps(asdict(found), indent=1) + "\n").encode())
        there[name, fold] = found
    return [found for found in (there[one] for one in wanted) if found is not None]


def one_fold(
    config: DiagnosisConfig, aggregator: str, fold: int, learned: Sequence[Case], asked: Sequence[Case],
    clock: tuple[Tick, Tick],
) -> FoldResult:  # fmt: skip
    """Choose settings on inner folds of ``learned``, calibrate there, fit to all of them, and predict ``asked``.

    Args:
        config: of the training.
        aggregator: which.
        fold: its number.
        learned: knees to learn from.
        asked: knees to predict.
        clock: called within fits, and after each.
    """
    tick, done = clock
    inner = folds(learned, config.inner_folds, config.seed + 1 + fold)
    truth, given = labels(tuple(learned)), grades(tuple(learned))
    trials: list[tuple[float, Scores, Calibration]] = []
    tried = candidates(aggregator, config.budget)
    for candidate in tried:
        scores = _held_out(config, Fit(aggregator, candidate, _seed(config, aggregator, fold)), learned, inner, clock)
        calibration = fit_calibration(*scores, truth, given)
        trials.append((log_loss(truth, calibration.probabilities(scores.logits)), scores, calibration))
    losses = tuple(loss for loss, _, _ in trials)
    chosen = int(np.argmin(losses))
    calibration = trials[chosen][2]
    scores = fit(Fit(aggregator, tried[chosen], _seed(config, aggregator, fold)), learned, config, tick=tick).scores(
        asked
    )
    done()
    likely = calibration.probabilities(scores.logits)
    by_grade = agreeing(calibration.grades(scores.severities), likely)
    predicted = tuple(
        Predicted(case.knee, case.subject, float(logit), float(severity), float(p), tuple(float(g) for g in row))
        for case, logit, severity, p, row in zip(asked, *scores, likely, by_grade, strict=True)
    )
    return FoldResult(aggregator, fold, losses, chosen, predicted)


def best_candidate(config: DiagnosisConfig, aggregator: str, results: Sequence[FoldResult]) -> Candidate:
    """The settings with the least inner loss over all outer folds."""
    losses = np.mean([found.losses for found in results if found.aggregator == aggregator], axis=0)
    return candidates(aggregator, config.budget)[int(np.argmin(losses))]


def _held_out(
    config: DiagnosisConfig, what: Fit, cases: Sequence[Case], inner: NDArray[np.int64], clock: tuple[Tick, Tick]
) -> Scores:
    """Scores of each knee by the fit that did not see it."""
    logits, severities = np.zeros(len(cases)), np.zeros(len(cases))
    for number in range(config.inner_folds):
        learned = [case for case, where in zip(cases, inner, strict=True) if where != number]
        asked = np.flatnonzero(inner == number)
        found = fit(what, learned, config, tick=clock[0]).scores([cases[int(n)] for n in asked])
        logits[asked], severities[asked] = found
        clock[1]()
    return Scores(logits, severities)


def _seed(config: DiagnosisConfig, aggregator: str, fold: int) -> int:
    return int(np.random.SeedSequence([config.seed, AGGREGATORS.index(aggregator), fold]).generate_state(1)[0])


def _work(aggregator: str, config: DiagnosisConfig, fits: int = 0) -> float:
    one = 1.0 if aggregator in NETWORKS else LINEAR_WORK
    return one * (fits or config.budget * config.inner_folds + 1)


class _Clock:
    """Tells how far the folds are, and how long the rest may take."""

    def __init__(self, work: float, progress: Progress, now: Callable[[], float] = time.monotonic) -> None:
        self._work, self._progress, self._now = work, progress, now
        self._done, self._began = 0.0, now()

    def of(self, what: str, work: float) -> tuple[Tick, Tick]:
        """What a fold calls within a fit, and after it."""

        def tick() -> None:
            left = ""
            if self._done > 0.0:
                minutes = (self._now() - self._began) / self._done * (self._work - self._done) / 60.0
                left = f", {minutes:.0f} min left"
            self._progress(STAGE, self._done / self._work, what + left)

        def done() -> None:
            self._done = min(self._done + work, self._work)
            tick()

        return tick, done


def _path(folder: Path, aggregator: str, fold: int) -> Path:
    return folder / f"{aggregator}-{fold}.json"


def _read(path: Path) -> FoldResult | None:
    if not path.exists():
        return None
    try:
        return msgspec.convert(json.loads(path.read_text(encoding="utf-8")), FoldResult)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read.", "Delete it to compute the fold again.") from error
