"""The learning grid of a virtual knee, from its true surfaces."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.anatomy.patch import Patch
from CTSMALib.anatomy.patch_grid import learning_grid
from CTSMALib.anatomy.plate import find_plate
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape

HERE = JointFrame(np.zeros(3), np.eye(3), mirrored=False)  # the frame of a bone, seen from itself


def learning_boxes(knee: KneeShape) -> list[Patch]:
    """The patches that :func:`~CTSMALib.anatomy.patch_grid.learning_grid` places on a knee.

    Args:
        knee: its bones.

    Returns:
        Up to 96 patches. Both centers are in the frame of the bone: ``center_lps_mm`` equals ``center_anatomical_mm``.
    """
    bones = (FEMUR, TIBIA)
    plates = {bone.name: find_plate(None, label_image(knee.bones[bone.name]), bone, HERE) for bone in bones}
    return learning_grid(plates, {bone.name: HERE for bone in bones})


def label_image(shape: BoneShape) -> sitk.Image:
    """A bone in its own frame, whose axes stand in for LPS."""
    image = sitk.GetImageFromArray((shape.depth.values > 0.0).astype(np.uint8) * shape.bone.label)
    image.SetSpacing((shape.depth.spacing_mm,) * 3)
    image.SetOrigin(shape.depth.first_mm[::-1])
    return image
