"""Recipe: the scale of a structure without order from how much of its contrast a known blur has left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.known_blur import PER_MM, STEP_PER_MM, power_passed
from CTSMALib.morphometry.apparent.levels import bone_fraction, structure_variance
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING, plate_model
from CTSMALib.morphometry.apparent.recipe import Apparent

LENGTHS_MM = np.geomspace(0.01, 3.0, 200)  # of the table


@dataclass(frozen=True)
class Correlation:
    """A two-phase medium without order (Debye, Anderson and Brumberger, J Appl Phys 1957;28:679) seen through a blur.

    Bone that fills a fraction p at random has the autocovariance p (1 - p) exp(-r / a), and the surface per volume is
    4 p (1 - p) / a. Of its variance p (1 - p) an image keeps a share that grows with a and follows from the blur alone,
    here k-space out to the acquired resolution and slices as a box. The share is read off the image, a off a table of
    it. Every step is smooth and without iterations. Trabeculae are more orderly than that, and much of the variance of
    a disordered medium is finer than any image shows: surfaces come out about twice too large. An error of 10 % in the
    acquired resolution changes Tb.N by 5 to 7 %, evenly over a scan.

    Tb.N is how often a test line in any direction enters bone per mm, a quarter of the surface, as in the recipes that
    count such entries. Version 1 took half of the surface, as parallel plates have it: a factor of two.
    """

    name: str = "correlation"
    version: int = 2
    formula: str = (
        "f = 1 - S / M without the noise floor; p = BV/TV = mean f; V = half the mean squared difference of f at 1.2 "
        "to 2.2 mm in the slice, less (s / M)^2; a such that exp(-r / a) seen through the blur keeps V / (p (1 - p)) "
        "of its variance; S_V = 4 p (1 - p) / a; Tb.N = S_V / 4, Tb.Th = p / Tb.N, Tb.Sp = (1 - p) / Tb.N."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        fraction = bone_fraction(patch)
        variance = structure_variance(patch, fraction)
        if not np.isfinite(variance):
            return NOTHING
        bone = float(fraction[patch.inside].mean())
        most = bone * (1.0 - bone)
        if most <= 0.0:
            return NOTHING
        shares = kept_share(patch.acquired_mm, patch.spacing_mm[patch.across])
        length = float(np.exp(np.interp(variance / most, shares, np.log(LENGTHS_MM))))
        return plate_model(bone, most / length)


@lru_cache(maxsize=32)
def kept_share(acquired_mm: float, slice_mm: float) -> NDArray[np.float64]:
    """Shares of the variance that a blur leaves of exponential correlations of :data:`LENGTHS_MM`; ascending.

    Args:
        acquired_mm: resolution in the slice.
        slice_mm: thickness of slices.
    """
    a = LENGTHS_MM[:, None]
    spectrum = 8.0 * np.pi * a**3 / (1.0 + (2.0 * np.pi * PER_MM * a) ** 2) ** 2
    return (4.0 * np.pi * PER_MM**2 * spectrum * power_passed(acquired_mm, slice_mm)).sum(axis=1) * STEP_PER_MM
