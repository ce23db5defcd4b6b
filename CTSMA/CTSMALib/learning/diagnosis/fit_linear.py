"""The aggregators that are logistic regressions: on summaries of compartments, on mean HU, and on age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from CTSMALib.diagnosis.logistic import LogisticModel
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.summaries import MEANS, summarize
from CTSMALib.diagnosis.tokens import KneeTokens
from CTSMALib.learning.diagnosis.candidates import AGE, MEAN_HU
from CTSMALib.learning.diagnosis.dataset import Case
from CTSMALib.learning.diagnosis.fitted import Fit, Scores

Array = NDArray[np.float64]
LEAST_SCALE, ITERATIONS = 1e-9, 2000


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A logistic regression.

    Attributes:
        aggregator: what its features are.
        summaries: of compartments, which kind.
        standardizer: of patches; ``None`` for age.
        center, scale: (m,) of features.
        coefficients: (m,) of scaled features.
        intercept: log odds of the usual knee.
    """

    aggregator: str
    summaries: str
    standardizer: Standardizer | None
    center: Array
    scale: Array
    coefficients: Array
    intercept: float

    def scores(self, cases: Sequence[Case]) -> Scores:
        """Log odds, which are the severity too."""
        found = (_features(self.aggregator, self.summaries, cases, self.standardizer) - self.center) / self.scale
        # what is unknown, as an age, counts as usual
        logits = np.where(np.isfinite(found), found, 0.0) @ self.coefficients + self.intercept
        return Scores(logits, logits)

    def logits(self, knees: Sequence[KneeTokens]) -> Array:
        """(n,) log odds of knees, by a regression on summaries of their patches."""
        assert self.standardizer is not None
        return np.array([self._alone.logits(knee, self.standardizer)[0] for knee in knees])

    def contributions(self, tokens: KneeTokens) -> tuple[Array, float]:
        """As :meth:`~CTSMALib.diagnosis.logistic.LogisticModel.contributions`."""
        assert self.standardizer is not None
        return self._alone.contributions(tokens, self.standardizer)

    @property
    def _alone(self) -> LogisticModel:
        """An ensemble with this as its only member."""
        return LogisticModel(self.center, self.scale, self.coefficients[None], np.array([self.intercept]))


def fit_linear(what: Fit, cases: Sequence[Case], standardizer: Standardizer | None = None) -> LinearFit:
    """Fit a regression with a penalty on squared coefficients; arguments as in :func:`fit`."""
    if what.aggregator == AGE:
        standardizer = None
    elif standardizer is None or what.aggregator == MEAN_HU:
        standardizer = Standardizer.of([case.hu if what.aggregator == MEAN_HU else case.tokens for case in cases])
    kind = MEANS if what.aggregator == MEAN_HU else what.candidate.summaries
    found = _features(what.aggregator, kind, cases, standardizer)
    known = np.isfinite(found)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, found, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (found - center) ** 2, 0.0).sum(axis=0) / count)
    scale = np.where(spread > LEAST_SCALE, spread, 1.0)
    scaled = np.where(known, (found - center) / scale, 0.0)
    line = LogisticRegression(C=1.0 / what.candidate.penalty, max_iter=ITERATIONS)
    line.fit(scaled, [case.has_oa for case in cases])
    return LinearFit(what.aggregator, kind, standardizer, center, scale, line.coef_[0], float(line.intercept_[0]))


def _features(aggregator: str, kind: str, cases: Sequence[Case], standardizer: Standardizer | None) -> Array:
    """(n, m) features of knees."""
    if aggregator == AGE:
        return np.array([[case.age] for case in cases], dtype=float)
    assert standardizer is not None
    found = []
    for case in cases:
        tokens = case.hu if aggregator == MEAN_HU else case.tokens
        found.append(summarize(standardizer.values(tokens), tokens.present, kind).values)
    return np.array(found)
