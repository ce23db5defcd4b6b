"""References of a leg whose tissues are known."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.morphometry.direct_ct.noise import estimate_noise_sd
from CTSMALib.morphometry.direct_ct.tissue_reference import bone_volume_fraction
from CTSMALib.morphometry.direct_ct.tissue_references import estimate_tissue_references
from Testing.core.morphometry.direct_ct.phantoms import a_leg, image_of, references

Leg = tuple[sitk.Image, sitk.Image]


def codes(found: object) -> set[str]:
    return {notice.code for notice in found.notices}  # type: ignore[attr-defined]


def test_every_tissue_of_a_whole_leg_is_measured(a_thick_boned_leg: Leg) -> None:
    found = estimate_tissue_references(*a_thick_boned_leg, psf_fwhm_mm=0.8)
    assert found.fat.hu == pytest.approx(-105.0, abs=8.0)
    assert found.muscle.hu == pytest.approx(50.0, abs=5.0)
    assert found.marrow.hu == pytest.approx(-60.0, abs=10.0)
    assert found.cortical.hu == pytest.approx(1500.0, rel=0.02)
    assert found.cortex_resolved
    assert found.bone_tissue_hu == found.cortical.hu
    assert all(tissue.measured for tissue in (found.fat, found.muscle, found.marrow, found.cortical))
    assert codes(found) == {"bone-reference-measured"}


def test_the_scale_of_the_scanner_is_followed(a_thick_boned_leg: Leg) -> None:
    """A calibration error moves image and references alike, so the bone volume fraction stays."""
    image, bone = a_thick_boned_leg
    drifted = sitk.Cast(sitk.Cast(image, sitk.sitkFloat32) * 0.95 + 8.0, sitk.sitkInt16)
    first = estimate_tissue_references(image, bone, psf_fwhm_mm=0.8)
    second = estimate_tissue_references(drifted, bone, psf_fwhm_mm=0.8)
    hu = np.array([100.0, 300.0, 600.0])
    assert second.fat.hu == pytest.approx(0.95 * first.fat.hu + 8.0, abs=3.0)
    assert np.allclose(bone_volume_fraction(0.95 * hu + 8.0, second), bone_volume_fraction(hu, first), atol=0.01)


def test_cortex_thinner_than_the_blur_is_not_taken_for_solid_bone() -> None:
    image, bone = a_leg((0.8, 0.8, 0.8), (1.6, 1.6, 1.6), cortex_mm=1.0, marrow=-60.0)
    found = estimate_tissue_references(image, bone, kvp=120.0, psf_fwhm_mm=1.6)
    assert found.cortical.hu < 1300.0
    assert not found.cortex_resolved
    assert found.bone_tissue_hu == 1500.0
    assert "bone-reference-assumed" in codes(found)
    assert estimate_tissue_references(image, bone, kvp=100.0, psf_fwhm_mm=1.6).bone_tissue_hu > 1700.0


def test_a_cortex_that_cannot_be_bone_is_not_believed(a_thick_boned_leg: Leg) -> None:
    image, bone = a_thick_boned_leg
    halved = sitk.Cast(sitk.Cast(image, sitk.sitkFloat32) * 0.6, sitk.sitkInt16)
    found = estimate_tissue_references(halved, bone, kvp=120.0, psf_fwhm_mm=0.8)
    assert found.cortical.hu == pytest.approx(900.0, rel=0.03)
    assert found.bone_tissue_hu == 1500.0
    assert "Thick cortex" in found.notices[-1].text and "check whether the values" in found.notices[-1].text


def test_a_cortex_of_another_voltage_is_a_hint_to_state_it(a_thick_boned_leg: Leg) -> None:
    image, bone = a_thick_boned_leg
    soft = sitk.Cast(sitk.Cast(image, sitk.sitkFloat32) * 1.45, sitk.sitkInt16)  # as at 80 kV
    found = estimate_tissue_references(soft, bone, psf_fwhm_mm=0.8)
    assert found.bone_tissue_hu == pytest.approx(1875.0, rel=0.01) and "bone-reference-assumed" in codes(found)
    assert "state the tube voltage" in found.notices[-1].text and "10 %" not in found.notices[-1].text
    stated = estimate_tissue_references(soft, bone, kvp=80.0, psf_fwhm_mm=0.8)
    assert codes(stated) >= {"bone-reference-measured"} and stated.bone_tissue_hu == stated.cortical.hu


def test_tissues_out_of_view_fall_back_and_say_so() -> None:
    air = image_of(np.full((40, 40, 40), -1000, np.int16))
    found = estimate_tissue_references(air, image_of(np.zeros((40, 40, 40), np.uint8)))
    assert (found.fat.hu, found.muscle.hu) == (-100.0, 55.0)
    assert -80.0 <= found.marrow.hu <= -20.0
    assert found.bone_tissue_hu == 1500.0
    assert not any(tissue.measured for tissue in (found.fat, found.muscle, found.marrow, found.cortical))
    assert codes(found) == {
        "fat-reference-default",
        "muscle-reference-default",
        "marrow-reference-default",
        "bone-reference-assumed",
    }


@pytest.mark.parametrize("inside", [150.0, 20.0])  # 20 HU: bone is 4 % of what is seen, as in the sparsest metaphysis
def test_trabecular_bone_without_a_fatty_canal_is_not_taken_for_marrow(inside: float) -> None:
    image, bone = a_leg((0.8, 0.8, 0.8), marrow=inside)
    found = estimate_tissue_references(image, bone)
    assert not found.marrow.measured
    assert found.marrow.hu < 0.0


@pytest.mark.parametrize(("inside", "measured"), [(-18.0, True), (0.0, False)])
def test_marrow_is_measured_as_far_as_that_of_yellow_marrow_reaches(inside: float, measured: bool) -> None:
    """The 5th percentile lies some 12 HU below what is inside."""
    found = estimate_tissue_references(*a_leg((0.8, 0.8, 0.8), marrow=inside)).marrow
    assert found.measured is measured
    assert found.hu < -20.0


def test_mixing_runs_from_marrow_to_bone_and_no_further() -> None:
    hu = np.array([-300.0, -60.0, 670.0, 1400.0, 2000.0])
    assert np.allclose(bone_volume_fraction(hu, references()), [0.0, 0.0, 0.5, 1.0, 1.0])


@pytest.mark.parametrize("noise", [8.0, 30.0, 70.0])
def test_noise_is_recovered(noise: float) -> None:
    image, bone = a_leg((0.6, 0.6, 1.2), size=100.0, fat_mm=8.0, noise=noise)
    found = estimate_noise_sd(image, estimate_tissue_references(image, bone), bone)
    assert found == pytest.approx(noise, rel=0.08)


def test_noise_needs_soft_tissue() -> None:
    air = image_of(np.full((20, 40, 40), -1000, np.int16))
    assert estimate_noise_sd(air, references()) is None
