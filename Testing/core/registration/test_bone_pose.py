"""The pose of a knee from bone labels on both scans."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.bone_pose import pose_of_bones
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.guide import guide_named
from CTSMALib.registration.names import SYNTHETIC
from CTSMALib.volumes.rigid import Matrix, applied, turned
from Testing.core.made_up_pair import MadeUpPair


def carried(image: sitk.Image, matrix: Matrix) -> sitk.Image:
    """The image with another header."""
    moved = sitk.Image(image)
    moved.SetOrigin(applied(matrix, np.array(image.GetOrigin())).tolist())
    moved.SetDirection((matrix[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return moved


@pytest.mark.parametrize("degrees", [0.0, 15.0, 35.0])
def test_bones_are_laid_on_each_other_whatever_the_header_says(
    a_pair: MadeUpPair, a_fixed_knee: FixedKnee, degrees: float
) -> None:
    truth = turned(degrees * np.array([0.6, -0.64, 0.48]), a_pair.joint_mm, np.array([30.0, -20.0, 45.0]))
    moving = FixedKnee(carried(a_pair.ct, truth), carried(a_pair.labels, truth))
    pose = pose_of_bones(a_fixed_knee, moving)
    assert pose is not None
    points = a_fixed_knee.surface("tibia").points_mm
    off = np.linalg.norm(applied(pose.matrix, points) - applied(truth, points), axis=1)
    assert off.mean() < 0.5
    assert pose.distance_mm < 0.5


def test_without_a_common_bone_there_is_no_pose(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    only_patella = sitk.Cast(a_pair.labels == 3, sitk.sitkUInt8) * 3
    guide = guide_named(SYNTHETIC, a_pair.mr, a_pair.ct, only_patella)
    assert guide is not None
    assert guide.bones is None


def test_labels_of_one_bone_are_enough(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    only_tibia = sitk.Cast(a_pair.labels == 2, sitk.sitkUInt8) * 2
    pose = pose_of_bones(a_fixed_knee, FixedKnee(a_pair.ct, only_tibia))
    assert pose is not None
    points = a_fixed_knee.surface("tibia").points_mm
    assert np.linalg.norm(applied(pose.matrix, points) - points, axis=1).mean() < 0.5
