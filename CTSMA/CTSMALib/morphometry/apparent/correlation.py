"""Recipe: the scale of structure from how much of its contrast a known blur has left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.levels import bone_fraction, structure_variance
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING, plate_model
from CTSMALib.morphometry.apparent.recipe import Apparent

Array = NDArray[np.float64]

LENGTHS_MM = np.geomspace(0.01, 3.0, 200)  # of the table
HIGHEST_PER_MM, FREQUENCIES = 4.0, 800
DIRECTIONS = 400


@dataclass(frozen=True)
class Correlation:
    """A two-phase medium without order (Debye, Anderson and Brumberger, J Appl Phys 1957;28:679) seen through a blur.

    Bone that fills a fraction p at random has the autocovariance p (1 - p) exp(-r / a), and the surface per volume is
    4 p (1 - p) / a. Of its variance p (1 - p) an image keeps a share that grows with a and follows from the blur alone,
    here k-space out to the acquired resolution and slices as a box. The share is read off the image, a off a table of
    it. Every step is smooth and without iterations. Trabeculae are more orderly than that model, so surfaces come out
    with a factor of their own.

    Attributes:
        acquired_mm: resolution in the slice, before filling up with zeros.
    """

    acquired_mm: float = 0.35
    name: str = "correlation"
    version: int = 1
    formula: str = (
        "f = 1 - S / M without the noise floor; p = BV/TV = mean f; V = half the mean squared difference of f at 1.2 "
        "to 2.2 mm in the slice, less (s / M)^2; a such that exp(-r / a) seen through the blur keeps V / (p (1 - p)) "
        "of its variance; S_V = 4 p (1 - p) / a; Tb.N = S_V / 2, Tb.Th = 2 p / S_V, Tb.Sp = 2 (1 - p) / S_V."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        fraction = bone_fraction(patch)
        variance = structure_variance(patch, fraction)
        if not np.isfinite(variance):
            return NOTHING
        bone = float(fraction[patch.inside].mean())
        if not 0.0 < bone < 1.0:
            return NOTHING
        most = bone * (1.0 - bone)
        length = _length_mm(variance / most, self.acquired_mm, patch.spacing_mm[patch.across])
        return plate_model(bone, 2.0 * most / length)


def _length_mm(share: float, acquired_mm: float, slice_mm: float) -> float:
    """The correlation length of which a blur leaves a share of the variance; the table's ends beyond them."""
    return float(np.exp(np.interp(share, kept_share(acquired_mm, slice_mm), np.log(LENGTHS_MM))))


@lru_cache(maxsize=32)
def kept_share(acquired_mm: float, slice_mm: float) -> Array:
    """Shares of the variance that a blur leaves of exponential correlations of :data:`LENGTHS_MM`; ascending.

    Args:
        acquired_mm: resolution in the slice.
        slice_mm: thickness of slices.
    """
    per_mm = (np.arange(FREQUENCIES) + 0.5) * (HIGHEST_PER_MM / FREQUENCIES)
    power = _mean_power_passed(per_mm, acquired_mm, slice_mm)
    a = LENGTHS_MM[:, None]
    spectrum = 8.0 * np.pi * a**3 / (1.0 + (2.0 * np.pi * per_mm * a) ** 2) ** 2
    return (4.0 * np.pi * per_mm**2 * spectrum * power).sum(axis=1) * (HIGHEST_PER_MM / FREQUENCIES)


def _mean_power_passed(per_mm: NDArray[np.floating], acquired_mm: float, slice_mm: float) -> Array:
    """Share of the power at each frequency (cycles per mm) that passes, over all directions."""
    across = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    angle = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(DIRECTIONS)
    in_slice = np.sqrt(1.0 - across**2)
    directions = np.stack([across, in_slice * np.cos(angle), in_slice * np.sin(angle)], axis=1)
    vectors = np.abs(per_mm[:, None, None] * directions)
    limit = 0.5 / acquired_mm
    passed = (vectors[..., 1] <= limit) & (vectors[..., 2] <= limit)
    return np.mean(passed * np.sinc(vectors[..., 0] * slice_mm) ** 2, axis=1)
