"""Numbers on probabilities, against what they are by definition."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.learning.diagnosis.calibrate import LEAST_SLOPE, fit_calibration, fit_line
from CTSMALib.learning.diagnosis.statistics import (
    auc,
    brier,
    calibration_error,
    calibration_line,
    log_loss,
    ranked_probability_score,
    roc_areas,
    weighted_kappa,
)


def drawn(seed: int, count: int = 60, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and two scores of the same knees that share a part of their error."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2 == 0
    shared = rng.normal(size=count)
    scores = np.array([apart * labels + 0.7 * shared + 0.7 * rng.normal(size=count) for _ in range(2)])
    return labels, scores


def by_pairs(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(m, n) 1 where a diseased knee scores higher than another, one half where equal."""
    off = scores[labels][:, None] - scores[~labels][None]
    return (off > 0.0) + 0.5 * (off == 0.0)


def test_the_area_is_the_share_of_pairs_in_the_right_order_ties_by_half() -> None:
    labels, scores = drawn(0)
    rounded = scores.round(0)
    assert auc(labels, rounded[0]) == pytest.approx(by_pairs(labels, rounded[0]).mean())
    assert auc([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1]) == 1.0 and auc([1, 0], [0.5, 0.5]) == 0.5
    assert np.isnan(auc([1, 1], [0.1, 0.2]))


def test_the_covariance_is_that_of_the_placements() -> None:
    labels, scores = drawn(1)
    scores = scores.round(1)
    pairs = [by_pairs(labels, one) for one in scores]
    expected = np.cov([p.mean(axis=1) for p in pairs]) / 30 + np.cov([p.mean(axis=0) for p in pairs]) / 30
    assert np.allclose(roc_areas(labels, scores).covariance, expected)


def test_the_standard_error_is_that_of_new_knees() -> None:
    areas = np.array([roc_areas(*drawn(seed)).areas for seed in range(400)])
    told = np.array([roc_areas(*drawn(seed)).covariance for seed in range(100)]).mean(axis=0)
    assert np.allclose(told, np.cov(areas.T), rtol=0.25)


def test_a_difference_of_correlated_scores_is_surer_than_of_others() -> None:
    labels, scores = drawn(2)
    found, p = roc_areas(labels, scores).difference()
    parts = roc_areas(labels, scores)
    assert found.value == pytest.approx(parts.areas[0] - parts.areas[1]) and found.low < found.value < found.high
    apart = roc_areas(labels, [scores[0], np.roll(scores[1], 2)]).difference()[0]
    assert found.high - found.low < 0.8 * (apart.high - apart.low)
    assert 0.0 < p < 1.0
    assert roc_areas(labels, [scores[0]] * 2).difference()[1] == 1.0


def test_p_values_of_equal_scores_are_even() -> None:
    found = np.array([roc_areas(*drawn(seed)).difference()[1] for seed in range(300)])
    assert 0.02 <= np.mean(found < 0.05) <= 0.09 and 0.4 < found.mean() < 0.6


def test_calibrated_probabilities_have_slope_one_and_exaggerated_ones_less() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.3, 1.5, 20000)
    labels = rng.random(20000) < 1.0 / (1.0 + np.exp(-logits))
    slope, intercept = calibration_line(labels, 1.0 / (1.0 + np.exp(-logits)))
    assert slope == pytest.approx(1.0, abs=0.06) and intercept == pytest.approx(0.0, abs=0.06)
    exaggerated, shifted = calibration_line(labels, 1.0 / (1.0 + np.exp(-2.0 * logits - 1.0)))
    assert exaggerated == pytest.approx(0.5, abs=0.03) and shifted == pytest.approx(-0.5, abs=0.06)


def test_scores_of_probabilities_by_hand() -> None:
    labels, likely = [1, 0, 1, 0], [0.8, 0.4, 0.6, 0.2]
    assert brier(labels, likely) == pytest.approx((0.04 + 0.16 + 0.16 + 0.04) / 4)
    assert log_loss(labels, likely) == pytest.approx(-np.log([0.8, 0.6, 0.6, 0.8]).mean())
    assert calibration_error(labels, likely, bins=2) == pytest.approx((abs(0.0 - 0.3) + abs(1.0 - 0.7)) / 2)
    assert ranked_probability_score([1, 2], np.eye(3)[[1, 2]]) == 0.0
    assert ranked_probability_score([0, 2], [[0.0, 0.0, 1.0], [0.2, 0.3, 0.5]]) == pytest.approx(
        (2.0 + 0.04 + 0.25) / 2
    )
    assert weighted_kappa([0, 1, 2, 3], [0, 1, 2, 3]) == 1.0
    assert weighted_kappa([0, 4] * 5, [4, 0] * 5) == pytest.approx(-1.0)
    assert np.isnan(weighted_kappa([2, 2], [2, 2]))


def test_kappa_keeps_the_distances_of_grades_where_one_is_absent() -> None:
    given, told = np.array([0, 0, 1, 1, 4, 4, 4]), np.array([0, 1, 1, 0, 4, 4, 1])
    weights = np.subtract.outer(np.arange(5), np.arange(5)) ** 2
    expected = np.outer(np.bincount(given, minlength=5), np.bincount(told, minlength=5)) / len(given)
    seen = np.zeros((5, 5))
    np.add.at(seen, (given, told), 1)
    by_definition = 1.0 - (weights * seen).sum() / (weights * expected).sum()
    assert weighted_kappa(given, told) == pytest.approx(by_definition)


def test_a_calibration_undoes_exaggeration_and_finds_the_thresholds_of_grades() -> None:
    rng = np.random.default_rng(1)
    severity = rng.normal(0.0, 1.5, 6000)
    steps = np.array([-1.0, 0.5, 1.5, 2.5])
    grades = (severity[:, None] + rng.logistic(size=(6000, 1)) > steps).sum(axis=1)
    found = fit_calibration(3.0 * (severity - 0.5), severity * 2.0 + 7.0, grades >= 2, grades)
    assert found.slope == pytest.approx(1.0 / 3.0, rel=0.1) and found.intercept == pytest.approx(0.0, abs=0.15)
    assert found.grade_slope == pytest.approx(0.5, rel=0.1)
    assert np.allclose(np.array(found.thresholds) - 7.0 * found.grade_slope, steps, atol=0.25)
    shares = np.bincount(grades, minlength=5) / 6000
    assert np.allclose(found.grades(severity * 2.0 + 7.0).mean(axis=0), shares, atol=0.02)


def test_separable_classes_do_not_end_in_certainty_and_nothing_is_turned_round() -> None:
    logits = np.array([-2.0, -1.0, 1.0, 2.0] * 5)
    labels, grades = logits > 0.0, np.where(logits > 0.0, 3, 0)
    assert 0.5 < fit_calibration(logits, logits, labels, grades).probability(2.0)[0] < 0.99
    contrary = fit_calibration(-logits, -logits, labels, grades)
    assert contrary.slope == LEAST_SLOPE and contrary.probability(0.0)[0] == pytest.approx(0.5, abs=0.01)


def test_the_covariance_of_a_line_is_that_of_new_samples() -> None:
    rng = np.random.default_rng(5)
    lines = []
    for _ in range(200):
        logits = rng.normal(0.0, 1.0, 300)
        line, covariance = fit_line(logits, (rng.random(300) < 1.0 / (1.0 + np.exp(-logits))).astype(float))
        lines.append(line)
    assert np.allclose(np.diag(covariance), np.var(lines, axis=0), rtol=0.4)
