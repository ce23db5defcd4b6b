"""The structure itself, as far as a CT tells it: what the truth of simulated knees says that its patches mean.

``app_*`` are on the scale of an MR, which is far from that of the structure. ``vcal_*`` are learned from true values,
which only simulated knees have: a ridge regression reads the direct CT quantities, how the scan was taken, and what the
networks of a student say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from CTSMALib.catalogue import quantities
from CTSMALib.student.linear import LinearReading, design

Floats = NDArray[np.float64]
STRUCTURE_KEYS = tuple(entry.key for entry in quantities("vcal_", scope="patch"))  # BV/TV, Tb.Th, Tb.Sp, Tb.N
LEAST_FRACTION, LEAST = 0.005, 1e-3
BV_TV = 0


def structure_design(features: Floats, covariates: Floats, outputs: Floats) -> Floats:
    """(n, f + 10) what the regression reads.

    Args:
        features: (n, f) in the order of :data:`~CTSMALib.student.linear.FEATURES`.
        covariates: (n, 5), see :mod:`CTSMALib.student.covariates`.
        outputs: (n, 5) of the networks together, see :mod:`CTSMALib.student.tied_values`.
    """
    return np.column_stack([design(features, covariates), outputs])


def on_scale(values: Floats) -> Floats:
    """(n, 4) parameters on the scale of the regression: logit of BV/TV, logarithms of the others."""
    found = np.log(np.maximum(values, LEAST))
    found[:, BV_TV] = logit(np.clip(values[:, BV_TV], LEAST_FRACTION, 1.0 - LEAST_FRACTION))
    return found


@dataclass(frozen=True, eq=False)
class Structure:
    """Attributes: (n, 4) values in the order of :data:`STRUCTURE_KEYS`; (n, 4) standard uncertainties."""

    values: Floats
    uncertainties: Floats


@dataclass(frozen=True, eq=False)
class StructureReading:
    """A fitted regression.

    Attributes:
        linear: from columns of :func:`structure_design` to the scale of :func:`on_scale`.
        sds: (4,) standard deviations of its errors there.
    """

    linear: LinearReading
    sds: Floats

    def read(self, features: Floats, covariates: Floats, outputs: Floats) -> Structure:
        """Read patches; arguments as of :func:`structure_design`."""
        return self.of_columns(structure_design(features, covariates, outputs))

    def of_columns(self, columns: Floats) -> Structure:
        """Read patches of which the columns of :func:`structure_design` are known."""
        said = self.linear.read(columns)
        values = np.exp(said)
        values[:, BV_TV] = expit(said[:, BV_TV])
        slopes = values.copy()
        slopes[:, BV_TV] *= 1.0 - values[:, BV_TV]
        return Structure(values, slopes * self.sds)
