"""From gray values to bone volume fractions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError

MOST_SAMPLES = 2_000_000
ROBUST = (0.1, 99.9)  # percentiles between which a threshold is looked for


@dataclass(frozen=True)
class GrayLevels:
    """The gray values that stand for marrow (fraction 0) and bone (fraction 1).

    Attributes:
        marrow: gray value of fraction 0.
        bone: gray value of fraction 1; the surface lies halfway.
        partial_volumes: whether the levels are those of pure tissue, so that values between are partial volumes.
    """

    marrow: float
    bone: float
    partial_volumes: bool

    @property
    def surface(self) -> float:
        """Gray value of the bone surface."""
        return (self.marrow + self.bone) / 2.0

    def fraction(self, gray: NDArray[np.float32]) -> NDArray[np.float32]:
        """(z, y, x) bone volume fraction of gray values."""
        scaled = (gray - np.float32(self.marrow)) / np.float32(self.bone - self.marrow)
        return scaled.astype(np.float32, copy=False)


def levels_of(bone: float, marrow: float) -> GrayLevels:
    """Levels of known tissues.

    Raises:
        InputError: the two are equal or not finite.
    """
    if not (np.isfinite(bone) and np.isfinite(marrow)) or bone == marrow:
        raise InputError(f"Bone ({bone:g}) and marrow ({marrow:g}) have no contrast.", "Give two different values.")
    return GrayLevels(float(marrow), float(bone), True)


def levels_from_threshold(gray: NDArray[np.float32], threshold: float | None) -> GrayLevels:
    """Levels so that a threshold lies halfway, the wider of the two classes' distances from it setting the scale.

    Args:
        gray: (n,) values of the region.
        threshold: gray value of the surface; if left out, halfway between the classes of Otsu's method.

    Raises:
        InputError: the threshold is not finite, or none was given and the values do not vary.
    """
    if threshold is not None and not np.isfinite(threshold):
        raise InputError("The threshold is not a number.", "Give a gray value.")
    sample = gray[:: max(1, gray.size // MOST_SAMPLES)]
    varies = sample.size > 0 and float(sample.min()) < float(sample.max())
    if threshold is None:
        if not varies:
            raise InputError(
                "The image has one gray value only, so bone cannot be told from marrow.",
                "Give a threshold, or the gray values of bone and marrow.",
            )
        threshold = _between_classes(sample)
    above, below = sample[sample > threshold], sample[sample <= threshold]
    reach = max(
        float(np.median(above)) - threshold if above.size else 0.0,
        threshold - float(np.median(below)) if below.size else 0.0,
    )
    reach = reach or max(abs(threshold), 1.0)
    return GrayLevels(threshold - reach, threshold + reach, False)


def _between_classes(sample: NDArray[np.float32]) -> float:
    """Otsu's threshold, moved halfway between the medians of its two classes; single extreme values do not count."""
    from skimage.filters import threshold_otsu

    low, high = np.percentile(sample, ROBUST)
    usual = sample[(sample >= low) & (sample <= high)]
    if not low < high:  # nearly all values are equal
        usual = sample
    otsu = float(threshold_otsu(usual))
    return float(np.median(usual[usual > otsu]) + np.median(usual[usual <= otsu])) / 2.0
