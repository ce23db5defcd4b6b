"""The MR on the grid of the CT, and boxes around patches in both scans."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.grids import index_to_lps, lps_to_index
from CTSMALib.registration import outcome
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.paired import Motions, around_bones, paired_boxes, resampled_on
from CTSMALib.registration.record import PairedPatch
from CTSMALib.volumes.rigid import applied
from Testing.core.made_up_pair import MadeUpPair


@pytest.fixture(scope="module")
def true_motions(a_pair: MadeUpPair, a_fixed_knee) -> Motions:
    return Motions(a_fixed_knee.bones, a_pair.matrices, LocalField.none())


@pytest.fixture(scope="module")
def two_patches(a_pair: MadeUpPair) -> list[PairedPatch]:
    patches = []
    for number, (bone, offset) in enumerate((("tibia", [15.0, 4.0, -12.0]), ("femur", [-18.0, 0.0, 16.0]))):
        ct = a_pair.joint_mm + offset
        mr = applied(a_pair.matrices[bone], ct)
        patches.append(PairedPatch(f"p{number}", bone, tuple(ct.tolist()), tuple(mr.tolist()), 1.0, 0.1 + number))
    return patches


@pytest.fixture(scope="module")
def boxes(a_pair, a_moving_knee, true_motions, two_patches) -> dict:
    return paired_boxes(a_pair.ct, a_pair.mr, a_moving_knee.level(0.0), true_motions, two_patches)


@pytest.fixture(scope="module")
def the_mr_on_the_ct(a_pair: MadeUpPair, a_moving_knee, true_motions: Motions) -> sitk.Image:
    return resampled_on(a_pair.ct, true_motions, a_moving_knee)


def test_marrow_of_the_mr_lies_on_that_of_the_ct_in_every_bone(a_pair: MadeUpPair, the_mr_on_the_ct) -> None:
    """Its texture is that of the CT turned upside down; without the motions nothing would agree."""
    moved = the_mr_on_the_ct
    assert moved.GetSize() == a_pair.ct.GetSize() and moved.GetOrigin() == a_pair.ct.GetOrigin()
    ct, mr, labels = map(sitk.GetArrayFromImage, (a_pair.ct, moved, a_pair.labels))
    for label in (1, 2, 3, 4):
        inner = ndimage.binary_erosion(labels == label, iterations=4) & (mr > 0)
        assert inner.sum() > 100
        assert np.corrcoef(ct[inner], mr[inner])[0, 1] < -0.8, label


def test_each_bone_is_rigid_up_to_its_surface(a_pair: MadeUpPair, the_mr_on_the_ct) -> None:
    signal, labels = (sitk.GetArrayFromImage(image) for image in (the_mr_on_the_ct, a_pair.labels))
    rim = (labels == 1) & ~ndimage.binary_erosion(labels == 1) & (signal > 0)
    points = index_to_lps(a_pair.ct, np.argwhere(rim))
    index = lps_to_index(a_pair.mr, applied(a_pair.matrices["femur"], points))
    direct = ndimage.map_coordinates(sitk.GetArrayFromImage(a_pair.mr), index.T, order=1)
    assert signal[rim] == pytest.approx(direct, abs=0.5)


def test_the_part_around_bones_keeps_its_place(a_pair: MadeUpPair, a_fixed_knee) -> None:
    part = around_bones(a_pair.ct, {"patella": a_fixed_knee.bones["patella"]}, 5.0)
    assert np.prod(part.GetSize()) < 0.3 * np.prod(a_pair.ct.GetSize())
    place = a_fixed_knee.center_mm("patella").tolist()
    values = [i.GetPixel(i.TransformPhysicalPointToIndex(place)) for i in (part, a_pair.ct)]
    assert values[0] == values[1]


def test_places_inside_bones_move_with_them_and_between_them_smoothly(a_pair, true_motions: Motions) -> None:
    line = a_pair.joint_mm + [15.0, -10.0, 0.0] + np.outer(np.linspace(-25.0, 25.0, 201), [0.0, 0.0, 1.0])
    moved = true_motions.everywhere(line)
    for end, bone in ((0, "tibia"), (-1, "femur")):
        assert moved[end] == pytest.approx(applied(a_pair.matrices[bone], line[end]), abs=1e-3)
    assert np.linalg.norm(np.diff(moved, axis=0), axis=1).max() < 1.0  # for steps of 0.25 mm


def test_boxes_hold_the_voxels_at_their_places(a_pair: MadeUpPair, boxes: dict, two_patches) -> None:
    for name, image in (("ct", a_pair.ct), ("mr", a_pair.mr)):
        stored = boxes[name]
        shape = np.array(stored.shape[1:])
        for number, patch in enumerate(two_patches):
            assert boxes[f"{name}_spacing_mm"] == pytest.approx(image.GetSpacing()[::-1])
            offset = (shape - 1) / 2 * boxes[f"{name}_spacing_mm"]
            middle = boxes[f"{name}_first_mm"][number] + boxes[f"{name}_direction"] @ offset[::-1]
            center = np.array(patch.ct_mm if name == "ct" else patch.mr_mm)
            assert np.linalg.norm(middle - center) <= np.linalg.norm(image.GetSpacing()) / 2 + 1e-6
            first = image.TransformPhysicalPointToIndex(boxes[f"{name}_first_mm"][number].tolist())
            assert stored[number][0, 0, 0] == image.GetPixel(first)
            last = [int(a + n - 1) for a, n in zip(first, shape[::-1], strict=True)]
            assert stored[number][-1, -1, -1] == image.GetPixel(last)


def test_the_mr_in_boxes_of_the_ct_is_sampled_directly(a_pair: MadeUpPair, boxes: dict, two_patches) -> None:
    """By another interpolator, from matrix and geometry as they are stored."""
    signal = sitk.GetArrayFromImage(a_pair.mr)
    for number, box in enumerate(boxes["mr_on_ct"]):
        steps = np.moveaxis(np.indices(box.shape), 0, -1) * boxes["ct_spacing_mm"]
        points = boxes["ct_first_mm"][number] + steps[..., ::-1] @ boxes["ct_direction"].T
        index = lps_to_index(a_pair.mr, applied(boxes["matrix"][number], points))
        direct = ndimage.map_coordinates(signal, np.moveaxis(index, -1, 0), order=1)
        assert box == pytest.approx(direct, abs=0.5)
    assert list(boxes["ids"]) == ["p0", "p1"]
    assert boxes["estimated_error_mm"] == pytest.approx([0.1, 1.1])


def test_boxes_at_the_border_stay_whole(a_pair: MadeUpPair, a_moving_knee, true_motions) -> None:
    corner = index_to_lps(a_pair.ct, np.array([1.0, 40.0, 40.0]))
    there = applied(a_pair.matrices["tibia"], corner)
    patch = PairedPatch("p", "tibia", tuple(corner.tolist()), tuple(there.tolist()), 1.0, 0.1)
    found = paired_boxes(a_pair.ct, a_pair.mr, a_moving_knee.level(0.0), true_motions, [patch])
    assert found["ct"].shape == (1, 12, 12, 12)
    assert found["ct_first_mm"][0, 2] == pytest.approx(a_pair.ct.GetOrigin()[2])


def test_whole_numbers_stay_whole_in_files(a_pair: MadeUpPair) -> None:
    broken = sitk.Cast(a_pair.mr, sitk.sitkFloat32)
    whole = sitk.Round(sitk.Maximum(broken, 0.0))
    between = whole + 0.25
    assert outcome._as_stored(between, whole).GetPixelID() == sitk.sitkUInt16
    assert sitk.GetArrayFromImage(outcome._as_stored(between, whole)) == pytest.approx(sitk.GetArrayFromImage(whole))
    for other in (broken, whole - 1.0, whole * 100000.0):
        assert outcome._as_stored(between, other) is between
