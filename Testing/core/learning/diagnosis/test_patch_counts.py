"""What the number of patches changes: a model that learned from knees with few is as sure of many as it may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.diagnosis.calibration import Calibration, PatchCounts
from CTSMALib.diagnosis.tokens import FEWEST_IN_COMPARTMENT
from CTSMALib.learning.diagnosis.calibrate import fit_calibration, fit_line, fit_patch_counts
from CTSMALib.learning.diagnosis.candidates import Candidate
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import grades, labels
from CTSMALib.learning.diagnosis.fit import fit
from CTSMALib.learning.diagnosis.fitted import Fit
from CTSMALib.learning.diagnosis.thinning import DRAWS, thinned
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, some_cases

PLAIN = Calibration(1.2, -0.3, (0.0, 0.0, 0.0), 0.9, (-1.0, 0.0, 1.0, 2.0))


def slope_of(logits: np.ndarray, diseased: np.ndarray) -> float:
    return float(fit_line(logits, diseased.astype(float))[0][0])


def test_a_regression_that_learned_from_24_patches_is_calibrated_on_92() -> None:
    learned, held_out = some_cases(500, one_compartment(0.8), 1), some_cases(500, one_compartment(0.8), 3)
    fitted = fit(Fit("logistic", Candidate(penalty=30.0), 0), learned, DiagnosisConfig())
    diseased, given = labels(held_out), grades(held_out)
    calibration = fit_calibration(*fitted.scores(held_out), diseased, given)
    draws = [thinned(held_out, seed) for seed in range(DRAWS)]
    fewer = np.concatenate([fitted.scores(draw).logits for draw in draws])
    counts = np.array([float(case.tokens.counts.sum()) for draw in draws for case in draw])
    found = fit_patch_counts(calibration, 24.0, fewer, counts, np.tile(diseased, DRAWS), np.tile(given, DRAWS))
    calibration = replace(calibration, patches=found)
    asked = some_cases(800, one_compartment(0.8), 2, kept=92)
    logits = fitted.scores(asked).logits
    usual = np.array([calibration.calibrated(logit) for logit in logits])
    for_many = np.array([calibration.calibrated(logit, 92) for logit in logits])
    assert slope_of(usual, labels(asked)) > 1.7
    assert slope_of(for_many, labels(asked)) == pytest.approx(1.0, abs=0.3)


def test_half_of_the_patches_of_each_compartment_are_kept() -> None:
    cases = some_cases(20, one_compartment(1.0))
    few = some_cases(20, one_compartment(1.0), kept=12)
    for case, less in zip(cases, thinned(cases, 1), strict=True):
        assert less.tokens.counts.tolist() == [3, 3, 3, 3] and not (less.tokens.present & ~case.tokens.present).any()
    assert {int(n) for case in thinned(few, 1) for n in case.tokens.counts} == {FEWEST_IN_COMPARTMENT}
    again, other = thinned(cases, 1)[0].tokens.present, thinned(cases, 2)[0].tokens.present
    assert np.array_equal(thinned(cases, 1)[0].tokens.present, again) and not np.array_equal(again, other)


def test_evidence_that_does_not_depend_on_the_number_of_patches_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.0, 2.0, 4000)
    diseased = rng.random(4000) < 1.0 / (1.0 + np.exp(-(PLAIN.slope * logits + PLAIN.intercept)))
    given = np.where(diseased, 3, 0)
    found = fit_patch_counts(PLAIN, 24.0, logits, np.full(4000, 12.0), diseased, given)
    assert found.dependence < 3.0 and found.factor(92.0) < 1.15 and found.factor(24.0) == 1.0


def test_what_is_believed_of_few_and_many_patches() -> None:
    one = replace(PLAIN, patches=PatchCounts(24.0, 48.0, -0.4, (1.0, -0.4, -1.0, -2.0)))
    assert one.calibrated(1.0) == one.calibrated(1.0, 24) == pytest.approx(0.9)
    assert one.calibrated(1.0, 96) == pytest.approx(-0.4 + 3.0 / 1.5 * 1.3)
    assert one.slope_for(96) == pytest.approx(2.0 * PLAIN.slope)
    low, middle, high = (one.probability(1.0, 0.3, count)[0] for count in (12, 24, 96))
    assert low < middle < high
    for count in (6, 24, 96):
        likely = one.grades(np.array([-4.0, 0.0, 5.0]), count)
        assert np.allclose(likely.sum(axis=1), 1.0) and (likely >= 0.0).all()
        assert np.all(np.diff(likely @ np.arange(5)) > 0.0)
    assert PLAIN.calibrated(1.0, 96) == PLAIN.calibrated(1.0)
