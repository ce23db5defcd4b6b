"""How a whole CT was taken, as students want to know it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.morphometry.direct_ct.sharpness import Sharpness
from CTSMALib.morphometry.direct_ct.slice_axis import slice_axis
from CTSMALib.student.covariates import INPLANE_FWHM, NOISE_SD, PIXEL, SLICE, THROUGH_FWHM


def scan_facts(scan: sitk.Image, sharpness: Sharpness, noise_sd_hu: float | None) -> dict[str, float | None]:
    """Covariates by name; ``None`` for what could not be measured.

    Args:
        scan: for its grid.
        sharpness: measured on it.
        noise_sd_hu: likewise.
    """
    spacing, across = scan.GetSpacing(), slice_axis(scan)
    return {
        INPLANE_FWHM: sharpness.inplane_fwhm_mm, THROUGH_FWHM: sharpness.through_plane_fwhm_mm, NOISE_SD: noise_sd_hu,
        PIXEL: float(np.mean([step for axis, step in enumerate(spacing) if axis != across])), SLICE: spacing[across],
    }  # fmt: skip
