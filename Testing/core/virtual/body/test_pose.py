"""Frames of bones in scans: proper on both sides, and the same point of a bone in every scan of a knee."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.virtual.body.acquisition import draw_acquisition
from CTSMALib.virtual.body.pose import moved
from CTSMALib.virtual.bones.shape import FRAME_OF

BONES = ("femur", "tibia", "patella")


@pytest.fixture(scope="module", params=["right", "left"])
def poses(request, knee):
    of_side = replace(knee, spec=replace(knee.spec, side=request.param))
    plan = draw_acquisition(of_side)
    return plan.ct.pose, plan.mr["bffe"].pose


def test_frames_are_proper_and_carry_the_points_of_the_placement(knee, poses):
    for pose in poses:
        for bone in BONES:
            frame = pose.frame(bone)
            assert frame.axes @ frame.axes.T == pytest.approx(np.eye(3), abs=1e-9)
            assert np.linalg.det(frame.axes) == pytest.approx(1.0)
            points = knee.shape.bones[bone].landmarks_mm
            expected = pose.leg.to_lps(pose.placements[bone].apply(points))
            assert frame.to_lps(points) == pytest.approx(expected, abs=1e-9)


def test_the_bone_of_a_left_knee_lies_on_the_other_side(poses):
    for pose in poses:
        lateral = pose.leg.to_lps(np.array([10.0, 0.0, 0.0]))[0] - pose.leg.origin_mm[0]
        assert (lateral > 5.0) == pose.leg.mirrored  # LPS: left is positive


def test_transforms_carry_landmarks_from_ct_to_mr(knee, poses):
    fixed, moving = poses
    for name, shape in knee.shape.bones.items():
        bone = FRAME_OF[name]
        matrix = moved(fixed, moving, bone)
        in_ct = fixed.frame(bone).to_lps(shape.landmarks_mm)
        in_mr = moving.frame(bone).to_lps(shape.landmarks_mm)
        assert in_ct @ matrix[:3, :3].T + matrix[:3, 3] == pytest.approx(in_mr, abs=1e-9)
        assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1.0)
        assert np.abs(in_ct - in_mr).max() > 1.0  # the postures differ


@pytest.mark.parametrize("side", ["left", "right"])
def test_feet_fall_outward(side, knee):
    """On average over scans, the front of the leg points to the outer side."""
    of_side = replace(knee, spec=replace(knee.spec, side=side))
    outward = 1.0 if side == "left" else -1.0  # along L
    fronts = [draw_acquisition(of_side, seed).ct.pose.leg.axes[1, 0] for seed in range(20)]
    assert 0.05 < outward * np.mean(fronts) < 0.25
