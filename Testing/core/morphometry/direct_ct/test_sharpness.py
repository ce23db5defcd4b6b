"""The point spread function is recovered from edges."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.morphometry.direct_ct.sharpness import Sharpness, estimate_sharpness
from CTSMALib.morphometry.direct_ct.slice_axis import slice_axis
from Testing.core.morphometry.direct_ct.phantoms import a_leg, image_of


def without_skin(image: sitk.Image) -> sitk.Image:
    """The same scan as if it ended within the flesh."""
    return sitk.Clamp(image, sitk.sitkInt16, -120, 4000)


@pytest.mark.parametrize(
    ("spacing", "fwhm"),
    [
        ((0.4, 0.4, 0.5), (0.5, 0.5, 0.7)),
        ((0.6, 0.6, 0.6), (1.0, 1.0, 1.0)),
        ((0.8, 0.8, 1.0), (1.5, 1.5, 1.3)),
        ((1.0, 1.0, 3.0), (2.0, 2.0, 3.5)),
    ],
)
def test_both_widths_are_recovered(spacing: tuple[float, ...], fwhm: tuple[float, ...]) -> None:
    image, bone = a_leg(spacing, fwhm, cortex_mm=3.0)
    for found in (estimate_sharpness(image, bone), estimate_sharpness(without_skin(image), bone)):
        assert found.inplane_fwhm_mm == pytest.approx(fwhm[0], rel=0.06)
        assert found.through_plane_fwhm_mm == pytest.approx(fwhm[2], rel=0.10)


def test_noise_of_a_sharp_kernel_does_not_move_it() -> None:
    image, bone = a_leg(noise=80.0)
    found = estimate_sharpness(image, bone)
    assert found.inplane_fwhm_mm == pytest.approx(0.7, rel=0.06)
    assert found.through_plane_fwhm_mm == pytest.approx(0.9, rel=0.08)


def test_storing_the_scan_in_another_order_does_not_exchange_the_widths() -> None:
    image, bone = a_leg()
    found = estimate_sharpness(*(sitk.PermuteAxes(each, [2, 0, 1]) for each in (image, bone)))
    assert found.inplane_fwhm_mm == pytest.approx(0.7, rel=0.06)
    assert found.through_plane_fwhm_mm == pytest.approx(0.9, rel=0.08)


def test_thin_cortex_alone_tells_nothing_and_says_so() -> None:
    image, bone = a_leg((0.8, 0.8, 0.8), (1.8, 1.8, 1.8), cortex_mm=0.5)
    found = estimate_sharpness(without_skin(image), bone)
    assert found == Sharpness(None, None)
    assert [notice.code for notice in found.notices] == ["sharpness-unknown"]


@pytest.mark.parametrize("hu", [-1000, 50])
def test_an_image_without_edges_gives_none(hu: int) -> None:
    image = image_of(np.full((30, 30, 30), hu, np.int16))
    bone = image_of(np.zeros((30, 30, 30), np.uint8))
    assert estimate_sharpness(image, bone) == Sharpness(None, None)


@pytest.mark.parametrize(
    ("spacing", "axis"),
    [((0.4, 0.4, 0.6), 2), ((3.0, 0.9, 0.9), 0), ((0.5, 0.3, 0.5), 1), ((0.5, 0.5, 0.5), 2)],
)
def test_the_slice_axis_is_the_odd_one_out(spacing: tuple[float, float, float], axis: int) -> None:
    assert slice_axis(image_of(np.zeros((4, 4, 4), np.int16), spacing)) == axis


def test_the_slice_axis_of_an_isotropic_scan_is_the_long_axis_of_the_patient() -> None:
    image = sitk.DICOMOrient(image_of(np.zeros((4, 4, 4), np.int16)), "SPL")
    assert slice_axis(image) == 0
