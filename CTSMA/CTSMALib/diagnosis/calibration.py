"""From log odds to probabilities that come true as often as they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.diagnosis.tokens import Array

OA_GRADE = 2  # Kellgren-Lawrence: from here on it is called osteoarthritis
GRADES = 5
WIDTH = 1.96  # standard errors to either side of an interval that covers 95 %


@dataclass(frozen=True)
class Calibration:
    """Learned from knees that the model was not fitted to.

    Attributes:
        slope, intercept: of the log odds (Platt 1999).
        covariance: of the two: variance of the slope, of the intercept, and their covariance.
        grade_slope: of the severity.
        thresholds: four, rising: log odds of grade k or more are ``grade_slope · severity - thresholds[k - 1]``
            (proportional odds; McCullagh, J R Stat Soc B 1980;42:109).
    """

    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    grade_slope: float
    thresholds: tuple[float, float, float, float]

    def probability(self, logit: float, standard_error: float = 0.0) -> tuple[float, float, float]:
        """Probability of osteoarthritis, and the 95 % interval of it.

        Args:
            logit: log odds as the model gives them.
            standard_error: of these. That of the calibration is added (delta method).
        """
        slope_variance, intercept_variance, shared = self.covariance
        variance = (self.slope * standard_error) ** 2
        variance += logit**2 * slope_variance + intercept_variance + 2.0 * logit * shared
        middle, half = self.slope * logit + self.intercept, WIDTH * float(np.sqrt(max(variance, 0.0)))
        return sigmoid(middle), sigmoid(middle - half), sigmoid(middle + half)

    def probabilities(self, logits: Array) -> Array:
        """(n,) probabilities of osteoarthritis."""
        return expit(self.slope * logits + self.intercept)

    def grades(self, severities: Array) -> Array:
        """(n, 5) probabilities of the grades 0 to 4."""
        steps = self.grade_slope * np.asarray(severities, dtype=float)[:, None] - np.array(self.thresholds)
        least = np.concatenate([np.ones((len(steps), 1)), expit(steps), np.zeros((len(steps), 1))], axis=1)
        return np.maximum(-np.diff(least, axis=1), 0.0)


def expit(logits: Array) -> Array:
    """Probabilities of log odds, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, dtype=float))), dtype=float)


def sigmoid(logit: float) -> float:
    """The probability of log odds."""
    return float(expit(np.array(logit)))


def jackknife_error(members: Array) -> float:
    """Standard error of the mean of members that each lack another part of the knees.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11.

    Args:
        members: (m,) what each says; 0 for a single one.
    """
    count = len(members)
    return float(np.sqrt((count - 1) / count * np.sum((members - members.mean()) ** 2)))
