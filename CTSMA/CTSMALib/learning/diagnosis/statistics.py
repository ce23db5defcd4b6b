"""How good probabilities of osteoarthritis are, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata
from sklearn.metrics import cohen_kappa_score

from CTSMALib.agreement import Interval
from CTSMALib.diagnosis.calibration import GRADES
from CTSMALib.learning.diagnosis.calibrate import fit_line

Array = NDArray[np.float64]
WIDTH = float(norm.ppf(0.975))
BINS = 10
CERTAIN = 1e-6  # probabilities nearer to 0 or 1 count as this far from it


@dataclass(frozen=True, eq=False)
class RocAreas:
    """Areas under the ROC curves of several scores of the same knees.

    Attributes:
        areas: (k,).
        covariance: (k, k) of them.
    """

    areas: Array
    covariance: Array

    def interval(self, number: int = 0) -> Interval:
        """The area of one score and its 95 % interval, cut off at 0 and 1."""
        half = WIDTH * float(np.sqrt(self.covariance[number, number]))
        area = float(self.areas[number])
        return Interval(area, max(area - half, 0.0), min(area + half, 1.0))

    def difference(self, first: int = 0, second: int = 1) -> tuple[Interval, float]:
        """The first area less the second, its 95 % interval, and the two-sided p value."""
        apart = float(self.areas[first] - self.areas[second])
        cov = self.covariance
        error = float(np.sqrt(max(cov[first, first] + cov[second, second] - 2.0 * cov[first, second], 0.0)))
        chance = float(2.0 * norm.sf(abs(apart) / error)) if error > 0.0 else float(apart == 0.0)
        return Interval(apart, apart - WIDTH * error, apart + WIDTH * error), chance


def roc_areas(labels: ArrayLike, scores: ArrayLike) -> RocAreas:
    """Areas with the covariance of DeLong et al., Biometrics 1988;44:837, by the mid-ranks of Sun & Xu, IEEE Signal
    Process Lett 2014;21:1389. Knees count as independent; :func:`~CTSMALib.agreement.clustered_interval` does not
    suppose that.

    Args:
        labels: (n,) whether a knee is diseased.
        scores: (n,) or (k, n), higher where disease is likelier; equal ones count half.

    Returns:
        Areas; not numbers where one of the classes is empty.
    """
    diseased: NDArray[np.bool_] = np.asarray(labels, dtype=bool)
    given: Array = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    positive, negative = given[:, diseased], given[:, ~diseased]
    m, n = positive.shape[1], negative.shape[1]
    if not m or not n:
        return RocAreas(np.full(len(given), np.nan), np.full((len(given),) * 2, np.nan))
    together = rankdata(np.concatenate([positive, negative], axis=1), axis=1)
    areas = (together[:, :m].sum(axis=1) / m - (m + 1) / 2.0) / n
    # placement values: which share of the other class each knee exceeds
    of_positive = (together[:, :m] - rankdata(positive, axis=1)) / n
    of_negative = 1.0 - (together[:, m:] - rankdata(negative, axis=1)) / m
    covariance = _covariance(of_positive) / m + _covariance(of_negative) / n
    return RocAreas(areas, covariance)


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """The area under the ROC curve alone."""
    return float(roc_areas(labels, scores).areas[0])


def calibration_line(labels: ArrayLike, probabilities: ArrayLike) -> tuple[float, float]:
    """Slope and intercept of a logistic regression of the label on the log odds; 1 and 0 are perfect (Cox 1958)."""
    likely = np.clip(np.asarray(probabilities, dtype=np.float64), CERTAIN, 1.0 - CERTAIN)
    (slope, intercept), _ = fit_line(np.log(likely / (1.0 - likely)), np.asarray(labels, dtype=np.float64))
    return float(slope), float(intercept)


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared difference of probability and label (Brier 1950)."""
    return float(np.mean((np.asarray(probabilities, dtype=float) - np.asarray(labels, dtype=float)) ** 2))


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of minus the logarithm of the probability of what is."""
    likely = np.clip(np.asarray(probabilities, dtype=float), CERTAIN, 1.0 - CERTAIN)
    return float(-np.log(np.where(np.asarray(labels, dtype=bool), likely, 1.0 - likely)).mean())


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of frequency and probability over bins of equally many knees."""
    truth, likely = np.asarray(labels, dtype=float), np.asarray(probabilities, dtype=float)
    parts = np.array_split(np.argsort(likely, kind="stable"), min(bins, len(likely)))
    return float(sum(len(part) * abs(truth[part].mean() - likely[part].mean()) for part in parts) / len(likely))


def ranked_probability_score(grades: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean sum of squared differences of cumulative probabilities and what is (Epstein 1969); 0 is perfect.

    Args:
        grades: (n,) from 0.
        probabilities: (n, k) of each grade.
    """
    told = np.cumsum(np.asarray(probabilities, dtype=float), axis=1)[:, :-1]
    truth = np.asarray(grades)[:, None] <= np.arange(told.shape[1])
    return float(((told - truth) ** 2).sum(axis=1).mean())


def weighted_kappa(grades: ArrayLike, predicted: ArrayLike) -> float:
    """Cohen's kappa of the grades 0 to 4 with quadratic weights (Cohen 1968); not a number where nothing varies."""
    given, told = np.asarray(grades), np.asarray(predicted)
    if len(np.unique(np.concatenate([given, told]))) < 2:
        return float("nan")
    # grades that nobody has keep their place: without them the others would move together
    return float(cohen_kappa_score(given, told, labels=range(GRADES), weights="quadratic"))


def _covariance(placements: Array) -> Array:
    count = placements.shape[1]
    if count < 2:
        return np.full((len(placements),) * 2, np.nan)
    off = placements - placements.mean(axis=1, keepdims=True)
    return off @ off.T / (count - 1)
