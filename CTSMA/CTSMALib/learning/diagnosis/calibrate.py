"""Learning a calibration from knees that the model was not fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from CTSMALib.diagnosis.calibration import GRADES, Calibration, PatchCounts

Array = NDArray[np.float64]
LEAST_SLOPE = 0.05  # log odds that say nothing, or the contrary, are not turned round
STEPS, RIDGE = 50, 1e-6
GRADE_RIDGE = 1e-3
BEYOND = 30.0  # log odds; more is certainty
DEPENDENCES = (0.0, *(float(share) for share in np.geomspace(0.05, 10.0, 40)))  # that are tried, in usual numbers


def fit_line(logits: Array, targets: Array) -> tuple[Array, Array]:
    """Logistic regression on one number, by Newton's method.

    Args:
        logits: (n,).
        targets: (n,) from 0 to 1.

    Returns:
        (2,) slope and intercept, and (2, 2) their covariance.
    """
    design = np.column_stack([np.clip(logits, -BEYOND, BEYOND), np.ones(len(logits))])
    found = np.zeros(2)
    information = np.eye(2)
    for _ in range(STEPS):
        likely = expit(design @ found)
        information = (design * (likely * (1.0 - likely))[:, None]).T @ design + RIDGE * np.eye(2)
        change = np.linalg.solve(information, design.T @ (targets - likely) - RIDGE * found)
        found = found + change * min(1.0, 5.0 / max(float(np.abs(change).max()), 1e-12))
        if np.abs(change).max() < 1e-9:
            break
    return found, np.asarray(np.linalg.inv(information), dtype=np.float64)


def fit_calibration(
    logits: Array, severities: Array, labels: NDArray[np.bool_], grades: NDArray[np.int64]
) -> Calibration:
    """Platt's calibration of the log odds, and proportional odds of the severity.

    Platt, Advances in Large Margin Classifiers 1999: targets are drawn off 0 and 1, so that separable classes do not
    end in certainty.

    Args:
        logits, severities: (n,) of knees that the model was not fitted to.
        labels: (n,) osteoarthritis.
        grades: (n,) 0 to 4.
    """
    positive, negative = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
    (slope, intercept), covariance = fit_line(logits, targets)
    if slope < LEAST_SLOPE:
        slope = LEAST_SLOPE
        intercept = float(np.log(targets.mean() / (1.0 - targets.mean())) - slope * logits.mean())
    shared = (float(covariance[0, 0]), float(covariance[1, 1]), float(covariance[0, 1]))
    grade_slope, thresholds = _proportional_odds(severities, grades)
    return Calibration(float(slope), float(intercept), shared, grade_slope, thresholds)


def fit_patch_counts(
    calibration: Calibration, usual: float, thinned: Array, counts: Array, labels: NDArray[np.bool_],
    grades: NDArray[np.int64],
) -> PatchCounts:  # fmt: skip
    """Learn how evidence grows with the number of patches, from knees that were given fewer than they have.

    Args:
        calibration: of the same knees with all their patches.
        usual: mean number of these.
        thinned: (n,) log odds of knees with a part of their patches, by a model that was not fitted to them; a knee may
            be there several times, with other patches.
        counts: (n,) how many these are.
        labels: (n,) osteoarthritis.
        grades: (n,) 0 to 4.
    """
    at_least = [float(np.mean(grades >= grade)) for grade in range(1, GRADES)]
    priors = [_log_odds(share, len(grades)) for share in at_least]
    found = PatchCounts(usual, 0.0, _log_odds(float(labels.mean()), len(labels)), tuple(priors))  # type: ignore[arg-type]
    evidence = calibration.slope * thinned + calibration.intercept - found.prior

    def loss(dependence: float) -> float:
        factors = (1.0 + dependence / usual) / (1.0 + dependence / counts)
        likely = expit(found.prior + factors * evidence)
        return float(-np.log(np.maximum(np.where(labels, likely, 1.0 - likely), 1e-9)).mean())

    return replace(found, dependence=min((usual * share for share in DEPENDENCES), key=loss))


def _log_odds(share: float, count: int) -> float:
    """Log odds of a share of some knees, drawn off 0 and 1."""
    drawn = (share * count + 1.0) / (count + 2.0)
    return float(np.log(drawn / (1.0 - drawn)))


def _proportional_odds(severities: Array, grades: NDArray[np.int64]) -> tuple[float, tuple[float, float, float, float]]:
    """Maximum likelihood, lightly penalized, of a slope above 0 and rising thresholds."""
    center, scale = float(severities.mean()), float(severities.std()) or 1.0
    scaled = (severities - center) / scale

    def opened(raw: Array) -> tuple[float, Array]:
        return float(np.exp(raw[0])), raw[1] + np.concatenate([[0.0], np.cumsum(np.exp(raw[2:]))])

    def loss(raw: Array) -> float:
        slope, steps = opened(raw)
        found = Calibration(1.0, 0.0, (0.0, 0.0, 0.0), slope, tuple(steps)).grades(scaled)
        likely = np.maximum(found[np.arange(len(grades)), grades], 1e-9)
        return float(-np.log(likely).mean() + GRADE_RIDGE * np.sum(raw**2))

    slope, steps = opened(minimize(loss, np.array([0.0, -1.0, 0.0, 0.0, 0.0]), method="L-BFGS-B").x)
    moved = steps + slope * center / scale
    return slope / scale, (float(moved[0]), float(moved[1]), float(moved[2]), float(moved[3]))
