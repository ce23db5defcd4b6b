"""Which scans a student knows: how sharp, noisy and finely sampled those of its training were.

Features of patches tell little of this: a coarse scan of plain bone looks like a plain patch of a fine one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.student.covariates import COVARIATES, INPLANE_FWHM, NOISE_SD, PIXEL, SLICE, THROUGH_FWHM

Floats = NDArray[np.float64]
UNKNOWN = np.inf  # a student cannot read texture of a scan whose sharpness or noise could not be measured
_NAMES = {
    INPLANE_FWHM: ("blur (FWHM) in the slices", "mm", 2),
    THROUGH_FWHM: ("blur (FWHM) across the slices", "mm", 2),
    NOISE_SD: ("noise", "HU", 0),
    PIXEL: ("pixel size", "mm", 2),
    SLICE: ("distance of slices", "mm", 2),
}


@dataclass(frozen=True, eq=False)
class KnownScans:
    """Range of the covariates of a training.

    Attributes:
        low, high: (5,) in the order of :data:`~CTSMALib.student.covariates.COVARIATES`, in their units.
    """

    low: Floats
    high: Floats

    @classmethod
    def of(cls, covariates: Floats, margins: Sequence[float]) -> KnownScans:
        """Learn it.

        Args:
            covariates: (n, 5) that networks saw.
            margins: (5,) factors by which a scan may lie beyond the extremes of these.
        """
        factors = np.asarray(margins, dtype=np.float64)
        return cls(np.min(covariates, axis=0) / factors, np.max(covariates, axis=0) * factors)

    def distances(self, covariates: Floats) -> Floats:
        """(n,) how far scans lie outside: above 1 they do, by the factor of the covariate that is farthest off.

        Args:
            covariates: (n, 5); NaN for what could not be measured, which counts as outside.
        """
        with np.errstate(divide="ignore"):
            ratios = np.maximum(covariates / self.high, self.low / covariates)
        return np.where(np.isfinite(covariates), ratios, UNKNOWN).max(axis=1)

    def outside(self, covariates: Floats) -> tuple[str, ...]:
        """What of one scan lies outside, in words with units: "distance of slices 3.27 mm (0.32 to 1.00 mm)".

        Args:
            covariates: (5,) of the scan.
        """
        found = []
        for name, value, low, high in zip(COVARIATES, covariates, self.low, self.high, strict=True):
            words, unit, digits = _NAMES[name]
            if not np.isfinite(value):
                found.append(f"{words} that could not be measured")
            elif not low <= value <= high:
                found.append(f"{words} {value:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f} {unit})")
        return tuple(found)
