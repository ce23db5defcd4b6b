"""CT values that were cut off at an upper limit, as exports for display do."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.checks import sample_of
from CTSMALib.volumes.metal import CLIPPED_METAL_HU, has_plateau

_LEAST_PART = 5e-4  # of all voxels
_JUST_BELOW_HU = 10


def clipping_notices(image: sitk.Image) -> tuple[Notice, ...]:
    """Tell that dense bone was cut off: in much of the image, or in a place as large as a screw.

    Where the limit is 2500 HU or more, bone stays below it and what is cut off is found as metal.

    Args:
        image: HU.
    """
    array = sitk.GetArrayViewFromImage(image)
    top = _usual_top(sample_of(array))
    if top is None and array.max() < CLIPPED_METAL_HU and has_plateau(image):
        top = int(array.max())
    if top is None or top >= CLIPPED_METAL_HU:
        return ()
    text = (
        f"Values seem to be clipped at {top} HU, so dense bone is measured too low, and metal cannot be told from bone "
        "in this scan."
    )
    return (Notice("clipped-values", text, Severity.CAUTION),)


def _usual_top(sample: np.ndarray) -> int | None:
    """The highest of some values if many of them have it; else ``None``."""
    top = int(sample.max())
    at_top, just_below = np.mean(sample == top), np.mean((sample >= top - _JUST_BELOW_HU) & (sample < top))
    return None if at_top < _LEAST_PART or at_top < 3 * just_below else top
