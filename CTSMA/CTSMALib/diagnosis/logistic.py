"""Logistic regression on summaries of compartments, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.summaries import FULL, MEANS, Summaries, summarize
from CTSMALib.diagnosis.tokens import COMPARTMENT_KEYS, Array, KneeTokens


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """An ensemble of regressions; its log odds are the mean over the members.

    Attributes:
        center, scale: (m,) usual summaries; how many there are tells which.
        coefficients: (members, m) per scaled summary.
        intercepts: (members,) log odds of the usual knee.
    """

    center: Array
    scale: Array
    coefficients: Array
    intercepts: Array

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        if self.coefficients.shape != (len(self.intercepts), len(self.center)) or self.scale.shape != self.center.shape:
            raise ValueError("coefficients and summaries do not belong together")

    def logits(self, tokens: KneeTokens, standardizer: Standardizer) -> Array:
        """(members,) log odds of one knee."""
        found = self._summarized(tokens, standardizer).values
        return np.asarray(self.coefficients @ ((found - self.center) / self.scale) + self.intercepts, dtype=float)

    def contributions(self, tokens: KneeTokens, standardizer: Standardizer) -> tuple[Array, float]:
        """What each patch adds to the log odds, relative to the usual knee; each compartment needs a patch.

        Returns:
            (96,) contributions, 0 of patches that are absent, and the log odds of the usual knee. Together they are
            the log odds of this knee exactly.
        """
        found = self._summarized(tokens, standardizer)
        usual = self.center[:, None] * found.about / found.about.sum(axis=1, keepdims=True)
        weights = self.coefficients.mean(axis=0) / self.scale
        return np.asarray(weights @ (found.shares - usual), dtype=float), float(self.intercepts.mean())

    def _summarized(self, tokens: KneeTokens, standardizer: Standardizer) -> Summaries:
        means = len(COMPARTMENT_KEYS) * len(standardizer.scale)
        kind = MEANS if len(self.center) == means else FULL
        return summarize(standardizer.values(tokens), tokens.present, kind)
