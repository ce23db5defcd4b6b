"""How far an MR is from those that the network learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.1  # of the covariance towards its diagonal
QUANTILE = 0.99


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Features that images had in training.

    Attributes:
        mean: (c,).
        precision: (c, c) inverse covariance.
        limit: distance that one in a hundred training images exceeds.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    limit: float

    @classmethod
    def of(cls, features: NDArray[np.float64], others: NDArray[np.float64]) -> Familiarity:
        """Learn it.

        Args:
            features: (n, c) of training images.
            others: (m, c) of images that were not trained on; they set the limit.
        """
        mean = np.asarray(features.mean(axis=0), dtype=np.float64)
        covariance = np.cov(features, rowvar=False)
        diagonal = np.diag(np.diag(covariance) + 1e-9)
        precision = np.asarray(np.linalg.inv((1.0 - SHRINKAGE) * covariance + SHRINKAGE * diagonal), dtype=np.float64)
        unlimited = cls(mean, precision, np.inf)
        limit = float(np.quantile([unlimited.distance(row) for row in others], QUANTILE))
        return cls(mean, precision, limit)

    def distance(self, feature: NDArray[np.float64]) -> float:
        """Mahalanobis distance of (c,) features, divided by the root of their number: about 1 in training."""
        off = np.asarray(feature, dtype=float) - self.mean
        square = float(off @ self.precision @ off)
        return float(np.sqrt(max(square, 0.0) / len(off)))
