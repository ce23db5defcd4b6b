"""How a CT was taken, as networks take it."""

from __future__ import annotations

import numpy as np

from CTSMALib.student.covariates import COVARIATES, covariates_of, scaled


def test_what_is_not_known_counts_as_usual() -> None:
    known = covariates_of({"ct_inplane_fwhm_mm": 0.7, "ct_noise_sd_hu": None})
    assert np.isnan(known[COVARIATES.index("ct_slice_mm")])
    assert np.array_equal(scaled(known[None]), np.zeros((1, 5), np.float32))


def test_absurd_numbers_stay_within_bounds() -> None:
    found = scaled(np.array([[1e9, 0.0, -3.0, np.inf, 1e-9]]))
    assert np.isfinite(found).all() and np.abs(found).max() <= 4.0
