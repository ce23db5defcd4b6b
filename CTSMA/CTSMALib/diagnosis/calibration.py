"""From log odds to probabilities that come true as often as they say."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from CTSMALib.diagnosis.tokens import Array

OA_GRADE = 2  # Kellgren-Lawrence: from here on it is called osteoarthritis
GRADES = 5
WIDTH = 1.96  # standard errors to either side of an interval that covers 95 %


@dataclass(frozen=True)
class PatchCounts:
    """How much surer a model is of knees with more patches than it was calibrated on.

    The mean of n patches tells of disease in inverse proportion to its variance between knees, a part of which falls as
    1 / n. So the log of the likelihood ratio grows with n as ``(1 + dependence / usual) / (1 + dependence / n)``: not
    at all for a dependence of 0, and in proportion to n for a very large one.

    Attributes:
        usual: mean number of patches of the knees of the calibration; 0 where nothing is known.
        dependence: in patches, see above.
        prior: log odds of osteoarthritis among those knees, which do not change with n.
        grade_priors: log odds of grade 1, 2, 3 and 4 or more among them.
    """

    usual: float = 0.0
    dependence: float = 0.0
    prior: float = 0.0
    grade_priors: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def factor(self, count: float | None) -> float:
        """By how much the evidence of so many patches is surer than that of the usual number."""
        if not count or not self.usual:
            return 1.0
        return (1.0 + self.dependence / self.usual) / (1.0 + self.dependence / count)


@dataclass(frozen=True)
class Calibration:
    """Learned from knees that the model was not fitted to.

    Attributes:
        slope, intercept: of the log odds (Platt 1999).
        covariance: of the two: variance of the slope, of the intercept, and their covariance.
        grade_slope: of the severity.
        thresholds: four, rising: log odds of grade k or more are ``grade_slope · severity - thresholds[k - 1]``
            (proportional odds; McCullagh, J R Stat Soc B 1980;42:109).
        patches: what the number of patches changes.
    """

    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    grade_slope: float
    thresholds: tuple[float, float, float, float]
    patches: PatchCounts = field(default_factory=PatchCounts)

    def calibrated(self, logit: float, count: float | None = None) -> float:
        """Log odds that come true.

        Args:
            logit: as the model gives them.
            count: patches of the knee; the usual number if left out.
        """
        middle, prior = self.slope * logit + self.intercept, self.patches.prior
        return prior + self.patches.factor(count) * (middle - prior)

    def slope_for(self, count: float | None = None) -> float:
        """By how much calibrated log odds rise with those of the model, for a knee with so many patches."""
        return self.slope * self.patches.factor(count)

    def probability(
        self, logit: float, standard_error: float = 0.0, count: float | None = None
    ) -> tuple[float, float, float]:
        """Probability of osteoarthritis, and the 95 % interval of it.

        Args:
            logit: log odds as the model gives them.
            standard_error: of these. That of the calibration is added (delta method).
            count: patches of the knee; the usual number if left out.
        """
        slope_variance, intercept_variance, shared = self.covariance
        variance = (self.slope * standard_error) ** 2
        variance += logit**2 * slope_variance + intercept_variance + 2.0 * logit * shared
        half = WIDTH * self.patches.factor(count) * float(np.sqrt(max(variance, 0.0)))
        middle = self.calibrated(logit, count)
        return sigmoid(middle), sigmoid(middle - half), sigmoid(middle + half)

    def probabilities(self, logits: Array) -> Array:
        """(n,) probabilities of osteoarthritis of knees with the usual number of patches."""
        found: Array = expit(self.slope * np.asarray(logits, dtype=float) + self.intercept)
        return found

    def grades(self, severities: Array, count: float | None = None) -> Array:
        """(n, 5) probabilities of the grades 0 to 4 of knees with ``count`` patches, the usual number if left out."""
        steps = self.grade_slope * np.asarray(severities, dtype=float)[:, None] - np.array(self.thresholds)
        priors = np.array(self.patches.grade_priors)
        steps = priors + self.patches.factor(count) * (steps - priors)
        least = np.concatenate([np.ones((len(steps), 1)), expit(steps), np.zeros((len(steps), 1))], axis=1)
        return np.maximum(-np.diff(np.minimum.accumulate(least, axis=1), axis=1), 0.0)


def agreeing(grades: Array, probabilities: Array) -> Array:
    """(n, 5) probabilities of grades, those of osteoarthritis together as likely as (n,) ``probabilities`` say."""
    found = np.array(grades, dtype=float)
    for part, share in ((slice(OA_GRADE, None), probabilities), (slice(OA_GRADE), 1.0 - probabilities)):
        found[:, part] *= (share / np.maximum(found[:, part].sum(axis=1), 1e-12))[:, None]
    return found / found.sum(axis=1, keepdims=True)


def sigmoid(logit: float) -> float:
    """The probability of log odds."""
    return float(expit(logit))


def jackknife_error(members: Array) -> float:
    """Standard error of the mean of members that each lack another part of the knees.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11.

    Args:
        members: (m,) what each says; 0 for a single one.
    """
    count = len(members)
    return float(np.sqrt((count - 1) / count * np.sum((members - members.mean()) ** 2)))
