"""Points of the CT lie where they should, and cut faces are no surface."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import AnatomyError
from CTSMALib.registration.fixed_knee import WHOLE, FixedKnee
from CTSMALib.registration.fixed_points import APART_MM
from Testing.core.made_up_pair import HIGH_MM, LOW_MM, MadeUpPair

SLACK_MM = 0.9  # half the diagonal of a voxel


def distance_mm(labels: sitk.Image, value: int, points: np.ndarray) -> np.ndarray:
    """Distance of points to a bone by ITK, which the library does not use for it; 0 inside."""
    depth = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(labels == value, False, False, True))
    index = np.rint(points - LOW_MM).astype(int)[:, ::-1].clip(0, np.array(depth.shape) - 1)
    return np.maximum(depth[tuple(index.T)], 0.0)


@pytest.mark.parametrize("bone", BONES, ids=lambda bone: bone.name)
def test_points_lie_in_and_around_their_bone_and_off_the_others(a_pair: MadeUpPair, a_fixed_knee, bone) -> None:
    points = a_fixed_knee.points(bone.name, 3000, 1.0, 4.0).points_mm
    assert 2000 < len(points) < 4500
    own = distance_mm(a_pair.labels, bone.label, points)
    assert own.max() < 4.0 + SLACK_MM and 0.3 < (own == 0).mean() < 0.95
    for other in BONES:
        if other is not bone:
            assert distance_mm(a_pair.labels, other.label, points[own > SLACK_MM]).min() > APART_MM - 2 * SLACK_MM


def test_wider_margins_give_other_points_of_the_same_scale(a_fixed_knee: FixedKnee) -> None:
    """What was asked for before must not come back for another margin."""
    near = a_fixed_knee.points(WHOLE, 1234, 2.0, 3.0)
    far = a_fixed_knee.points(WHOLE, 1234, 2.0, 10.0)
    assert far.radius_mm > near.radius_mm + 0.5


def test_cut_faces_are_no_surface(a_fixed_knee: FixedKnee) -> None:
    for name, normal in (("femur", 1.0), ("tibia", -1.0)):
        surface = a_fixed_knee.surface(name)
        assert len(surface.points_mm) > 1000
        assert np.allclose(np.linalg.norm(surface.normals, axis=1), 1.0)
        end = surface.points_mm[:, 2] > HIGH_MM[2] - 4.0 if normal > 0 else surface.points_mm[:, 2] < LOW_MM[2] + 4.0
        assert not np.any(end & (surface.normals[:, 2] * normal > 0.8)), name


def test_surface_points_lie_on_the_surface_and_look_outward(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    surface = a_fixed_knee.surface("tibia")
    out, within = (distance_mm(a_pair.labels, 2, surface.points_mm + s * surface.normals) for s in (2.0, -2.0))
    assert (out > 0).mean() > 0.99 and (within == 0).mean() > 0.99


def test_the_joint_lies_between_femur_and_tibia(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    assert np.linalg.norm(a_fixed_knee.joint_mm - a_pair.joint_mm) < 15.0


def test_a_ct_without_femur_and_tibia_is_refused(a_pair: MadeUpPair) -> None:
    patella = sitk.Cast(a_pair.labels == 3, sitk.sitkUInt8) * 3
    with pytest.raises(AnatomyError, match="Neither femur nor tibia"):
        FixedKnee(a_pair.ct, patella)


def test_another_order_of_storage_has_its_points_at_the_same_places(a_pair: MadeUpPair, a_fixed_knee) -> None:
    """Axes in another order and direction are the same CT."""
    ct, labels = (sitk.Flip(sitk.PermuteAxes(i, (2, 0, 1)), (True, False, True)) for i in (a_pair.ct, a_pair.labels))
    turned, plain = FixedKnee(ct, labels), a_fixed_knee
    assert np.allclose(turned.center_mm("patella"), plain.center_mm("patella"), atol=1e-6)
    assert np.allclose(turned.joint_mm, plain.joint_mm, atol=1.0)


def test_bones_labelled_beyond_the_ct_do_not_count(a_pair: MadeUpPair) -> None:
    """Labels of a longer scan: of a CT that ends above the tibia, the femur is left."""
    tibia = sitk.GetArrayFromImage(a_pair.labels) == 2
    top = a_pair.labels.TransformIndexToPhysicalPoint((0, 0, int(np.argwhere(tibia)[:, 0].max())))[2]
    first = a_pair.ct.TransformPhysicalPointToIndex((*a_pair.ct.GetOrigin()[:2], top))[2] + 2
    short = FixedKnee(a_pair.ct[:, :, first:], a_pair.labels)
    assert "femur" in short.bones and "tibia" not in short.bones
