"""Joint frames are rigid, and their axes mean the same in every knee."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone


def center_of(knee: KneeAnatomy, bone: Bone) -> np.ndarray:
    import SimpleITK as sitk

    voxels = np.argwhere(sitk.GetArrayViewFromImage(knee.labels) == bone.label)
    return index_to_lps(knee.labels, voxels).mean(axis=0)


@pytest.fixture(params=["a_knee", "a_left_knee"])
def either_knee(request: pytest.FixtureRequest) -> KneeAnatomy:
    return request.getfixturevalue(request.param)


def test_frames_are_proper_rotations(either_knee: KneeAnatomy) -> None:
    for frame in either_knee.frames.values():
        assert np.allclose(frame.axes @ frame.axes.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(frame.axes) == pytest.approx(1.0)


def test_axes_point_to_lateral_anterior_and_proximal(either_knee: KneeAnatomy) -> None:
    tibia, femur = either_knee.frames[TIBIA.name], either_knee.frames[FEMUR.name]
    assert tibia.to_anatomical(center_of(either_knee, FIBULA))[0] > 15  # the fibula is lateral
    assert femur.to_anatomical(center_of(either_knee, PATELLA))[1] > 25  # the patella is anterior
    assert tibia.to_anatomical(center_of(either_knee, FEMUR))[2] > 10  # the femur is proximal
    assert femur.to_anatomical(center_of(either_knee, TIBIA))[2] < -10


def test_compartments_lie_on_their_side(either_knee: KneeAnatomy) -> None:
    for patch in either_knee.learning:
        assert (patch.center_anatomical_mm[0] > 0) == (patch.compartment in ("FL", "TL")), patch.id


def test_points_return_from_the_frame() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    points = np.random.default_rng(2).normal(size=(5, 4, 3)) * 50
    for mirrored in (False, True):
        frame = JointFrame(np.array([3.0, -20.0, 500.0]), turn * np.linalg.det(turn), mirrored)
        assert np.allclose(frame.to_lps(frame.to_anatomical(points)), points)


def test_only_the_first_coordinate_is_mirrored() -> None:
    right = JointFrame(np.zeros(3), np.diag([-1.0, -1.0, 1.0]), mirrored=False)
    left = JointFrame(np.zeros(3), np.diag([-1.0, -1.0, 1.0]), mirrored=True)
    point = np.array([-10.0, -20.0, 30.0])  # LPS: 10 mm to the patient's right, 20 anterior, 30 superior
    assert right.to_anatomical(point).tolist() == [10, 20, 30]
    assert left.to_anatomical(point).tolist() == [-10, 20, 30]
