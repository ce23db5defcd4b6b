"""How a CT was taken, as far as the image shows it: what a network must know to read texture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Columns of the table of knees, in the order in which networks take them.
INPLANE_FWHM, THROUGH_FWHM, NOISE_SD = "ct_inplane_fwhm_mm", "ct_through_fwhm_mm", "ct_noise_sd_hu"
PIXEL, SLICE = "ct_pixel_mm", "ct_slice_mm"
COVARIATES = (INPLANE_FWHM, THROUGH_FWHM, NOISE_SD, PIXEL, SLICE)
# About what is usual, and a usual factor, so that networks see numbers of about 1.
_USUAL: NDArray[np.float64] = np.array([0.7, 0.9, 45.0, 0.38, 0.6])
_SPREAD: NDArray[np.float64] = np.log([1.4, 1.4, 1.6, 1.25, 1.4])


def scaled(covariates: NDArray[np.float64]) -> NDArray[np.float32]:
    """Covariates as networks take them: logarithms over usual ones; what is not known counts as usual.

    Args:
        covariates: (n, 5) in the order of :data:`COVARIATES`; NaN where it could not be measured.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(np.asarray(covariates, dtype=np.float64) / _USUAL) / _SPREAD
    return np.where(np.isfinite(found), np.clip(found, -4.0, 4.0), 0.0).astype(np.float32)


def unscaled(facts: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, 5) covariates of what :func:`scaled` made of them."""
    return np.asarray(np.exp(np.asarray(facts, dtype=np.float64) * _SPREAD) * _USUAL, dtype=np.float64)


def covariates_of(facts: Mapping[str, float | None]) -> NDArray[np.float64]:
    """(5,) covariates by name; NaN for those that are missing."""
    values = [facts.get(name) for name in COVARIATES]
    return np.array([np.nan if value is None else float(value) for value in values])
