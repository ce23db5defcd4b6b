"""A linear reading of the direct CT quantities: a ridge regression, which a network must beat, or takes along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.catalogue import quantities
from CTSMALib.student.covariates import scaled

Floats = NDArray[np.float64]
FARTHEST = 4.0  # standard deviations: a logarithm must not run away with one wild quantity
PLATE = "ct_plate_thickness_mm"  # does not lie in the cube
FEATURES = tuple(entry.key for entry in quantities("ct_", scope="patch") if entry.key != PLATE)


def design(features: Floats, covariates: Floats) -> Floats:
    """(n, f + 5) what a linear model reads: direct CT quantities, and how the scan was taken.

    Args:
        features: (n, f) in the order of :data:`FEATURES`.
        covariates: (n, 5), see :mod:`CTSMALib.student.covariates`.
    """
    return np.column_stack([features, scaled(covariates)])


@dataclass(frozen=True, eq=False)
class LinearReading:
    """Fitted coefficients.

    Attributes:
        center, scale: (m,) of the columns of :func:`design`; what is not a number counts as the center.
        weights: (m, k) for scaled columns.
        offset: (k,) values of the center.
    """

    center: Floats
    scale: Floats
    weights: Floats
    offset: Floats

    def read(self, table: Floats) -> Floats:
        """(n, k) values of (n, m) rows of :func:`design`; columns count as no farther off than :data:`FARTHEST`."""
        level = np.where(np.isfinite(table), np.clip((table - self.center) / self.scale, -FARTHEST, FARTHEST), 0.0)
        found: Floats = level @ self.weights + self.offset
        return found
