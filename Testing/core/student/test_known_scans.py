"""Which scans a student knows."""

from __future__ import annotations

import numpy as np

from CTSMALib.student.covariates import COVARIATES, SLICE
from CTSMALib.student.known_scans import KnownScans

SEEN = np.array([[0.3, 0.5, 12.0, 0.3, 0.4], [1.2, 0.8, 100.0, 0.4, 0.8]])
KNOWN = KnownScans.of(SEEN, (1.1, 1.1, 1.1, 1.25, 1.25))


def a_scan(**changed: float) -> np.ndarray:
    usual = dict(zip(COVARIATES, (0.7, 0.6, 45.0, 0.35, 0.6), strict=True))
    return np.array([(usual | changed)[name] for name in COVARIATES])


def test_scans_like_those_of_the_training_are_known_and_margins_belong_to_them() -> None:
    for scan in (*SEEN, a_scan(), a_scan(ct_slice_mm=0.99), a_scan(ct_noise_sd_hu=109.0)):
        assert KNOWN.distances(scan[None])[0] <= 1.0 and KNOWN.outside(scan) == ()


def test_a_coarse_a_blurred_and_a_too_fine_scan_are_not() -> None:
    for scan, words in (
        (a_scan(**{SLICE: 3.0}), "distance of slices 3.00 mm (0.32 to 1.00 mm)"),
        (a_scan(ct_inplane_fwhm_mm=2.0), "blur (FWHM) in the slices 2.00 mm (0.27 to 1.32 mm)"),
        (a_scan(ct_pixel_mm=0.1), "pixel size 0.10 mm (0.24 to 0.50 mm)"),
        (a_scan(ct_noise_sd_hu=0.0), "noise 0 HU (11 to 110 HU)"),
    ):
        assert KNOWN.distances(scan[None])[0] > 1.0 and KNOWN.outside(scan) == (words,)


def test_how_far_outside_is_the_factor_of_what_is_farthest_off() -> None:
    scans = np.stack([a_scan(ct_slice_mm=3.0), a_scan(ct_slice_mm=3.0, ct_inplane_fwhm_mm=13.2), a_scan()])
    assert np.allclose(KNOWN.distances(scans)[:2], [3.0, 10.0])
    assert KNOWN.distances(scans)[2] <= 1.0


def test_what_could_not_be_measured_is_not_taken_for_known() -> None:
    scan = a_scan(ct_through_fwhm_mm=np.nan)
    assert KNOWN.distances(scan[None])[0] > 1.0
    assert KNOWN.outside(scan) == ("blur (FWHM) across the slices that could not be measured",)
