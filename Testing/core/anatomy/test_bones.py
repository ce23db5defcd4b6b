"""The bones of the bundled CT, and bones that are cut, missing, or doubled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.analysis.describe import fit_notices
from CTSMALib.anatomy import legs
from CTSMALib.anatomy.bone_mask import fill_marrow, local_half_maximum
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES, FEMUR, TIBIA
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.errors import AnatomyError
from Testing.core.anatomy.conftest import anatomy_of
from Testing.core.anatomy.knee_variants import both_legs, obliquely_stored, sample_ct, slices


def test_every_bone_is_one_filled_piece(a_knee: KneeAnatomy) -> None:
    labels = sitk.GetArrayViewFromImage(a_knee.labels)
    for bone in BONES:
        mask = labels == bone.label
        assert ndimage.label(mask)[1] == 1, bone.name
        holes = ndimage.binary_fill_holes(mask) & ~mask
        assert holes.sum() < 0.005 * mask.sum(), bone.name


def test_volumes_are_those_of_an_adult_knee(a_knee: KneeAnatomy) -> None:
    milliliters = np.bincount(sitk.GetArrayViewFromImage(a_knee.labels).ravel(), minlength=5) / 1000
    assert 150 < milliliters[FEMUR.label] < 230
    assert 70 < milliliters[TIBIA.label] < 130


def test_joint_space_stays_open(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    """Bone voxels of femur and tibia that touch each other would mean that one has taken part of the other."""
    labels = sitk.GetArrayViewFromImage(a_knee.labels)
    femur, tibia = labels == FEMUR.label, labels == TIBIA.label
    touching = ndimage.binary_dilation(femur) & tibia
    assert touching.sum() < 0.02 * ndimage.binary_dilation(tibia).sum()


def test_cut_compartments_are_named_and_the_rest_is_kept(a_knee_ct: sitk.Image) -> None:
    half = sitk.RegionOfInterest(a_knee_ct, [75, *a_knee_ct.GetSize()[1:]], [0, 0, 0])
    knee = anatomy_of(half)
    assert set(knee.incomplete) == {"FM", "TM"}
    assert all("image" in reason for reason in knee.incomplete.values())
    assert len(knee.learning) == 96
    assert {p.compartment for p in knee.display} == {"FL", "TL"}


def test_a_femur_alone_is_reported_without_the_tibia(a_knee_ct: sitk.Image) -> None:
    knee = anatomy_of(slices(a_knee_ct, 12, 38))
    assert {"TM", "TL"} <= set(knee.incomplete)
    assert "FL" not in knee.incomplete


@pytest.mark.parametrize("columns", [146, 116], ids=["legs apart", "knees that touch"])
def test_two_legs_are_two_knees(a_knee_ct: sitk.Image, columns: int) -> None:
    pair = both_legs(sitk.RegionOfInterest(a_knee_ct, [columns, *a_knee_ct.GetSize()[1:]], [0, 0, 0]))
    knees = find_knees(pair)
    assert [find_anatomy(pair, knee).side.side for knee in knees] == ["right", "left"]
    assert [knee.side_by_other_leg for knee in knees] == ["right", "left"]


def test_a_short_scan_keeps_the_joint_line(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    """With 65 mm of leg the fit is worse, but femur and tibia must still part where the joint space is dark."""
    knee = anatomy_of(slices(a_knee_ct, 2, 22))
    own, short = (np.array([p.center_lps_mm for p in k.learning]) for k in (a_knee, knee))
    assert np.linalg.norm(own - short, axis=1).mean() < 3.5
    assert "short-femur" in {notice.code for notice in fit_notices(knee)}
    assert not fit_notices(a_knee)


def test_what_lies_outside_the_image_is_no_bone(knee_variant: Callable[[str], KneeAnatomy]) -> None:
    knee = knee_variant("obliquely_stored")
    hu = sitk.Resample(obliquely_stored(sample_ct()), knee.labels, sitk.Transform(), sitk.sitkLinear, -1024)
    assert sitk.GetArrayViewFromImage(hu)[sitk.GetArrayViewFromImage(knee.labels) > 0].min() > -600


def test_a_shaft_is_no_knee(a_knee_ct: sitk.Image) -> None:
    assert find_knees(slices(a_knee_ct, 26, 38)) == []


def test_air_and_noise_are_no_knee(a_knee_ct: sitk.Image) -> None:
    for image in (a_knee_ct * 0 - 1000, sitk.AdditiveGaussianNoise(a_knee_ct * 0, 300.0, 0.0, 1)):
        assert find_knees(image) == []


def test_a_scan_stored_upside_down_is_refused(a_knee_ct: sitk.Image) -> None:
    turned = sitk.GetImageFromArray(np.ascontiguousarray(sitk.GetArrayViewFromImage(a_knee_ct)[::-1]))
    turned.CopyInformation(a_knee_ct)
    with pytest.raises(AnatomyError, match="upside down"):
        find_knees(turned)


def test_a_patella_that_does_not_fit_spoils_nothing(a_knee_ct: sitk.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all bones together leave doubt, femur and tibia decide, and nothing is turned over."""

    def refuse(*_: object) -> None:
        raise AssertionError("the orientation was doubted")

    monkeypatch.setattr(legs, "CONVINCING", 1.0)
    monkeypatch.setattr(legs, "_refuse_wrong_orientation", refuse)
    (knee,) = find_knees(a_knee_ct)
    assert not knee.pose.mirrored and knee.pose.explained > legs.CONVINCING_PAIR


def test_marrow_is_filled_through_a_gap_but_a_notch_is_not() -> None:
    y, x = np.mgrid[:60, :60] - 30.0
    radius = np.hypot(x, y)
    ring = (radius > 20) & (radius < 23)
    gap = ring & ~((np.abs(y) < 2) & (x > 0))
    notch = (radius < 23) & ~((np.abs(y) < 10) & (x > 0))
    filled = fill_marrow(np.stack([gap, notch]), spacing_mm=1.0)
    assert filled[0, 30, 30]
    assert not filled[1, 30, 45]


def test_threshold_follows_the_local_bone() -> None:
    hu = np.full((9, 40, 40), 50.0)
    hu[:, :, 8:10] = 130.0  # thin cortex
    hu[:, :, 30:34] = 1200.0  # thick cortex
    bony = hu > local_half_maximum(hu, spacing_mm=1.0)
    assert bony[4, 20, 8] and bony[4, 20, 31]
    assert not bony[4, 20, 28] and not bony[4, 20, 20]
