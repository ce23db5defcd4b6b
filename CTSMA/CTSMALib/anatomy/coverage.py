"""Whether a compartment is in the image as a whole, judged by where the fitted atlas expects it."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.atlas import Atlas
from CTSMALib.anatomy.compartments import compartment_region, compartment_support
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.anatomy.labels import FEMUR, TIBIA, Bone, Compartment
from CTSMALib.anatomy.patch import Patch, as_point
from CTSMALib.anatomy.patch_grid import learning_grid
from CTSMALib.anatomy.plate import Plate, find_plate
from CTSMALib.anatomy.pose import Pose

LEAST_SHARE_IN_VIEW = 0.85
LEAST_SHARE_OF_SURFACE = 0.6


def why_incomplete(compartment: Compartment, plate: Plate, pose: Pose, image: sitk.Image) -> str:
    """Say why a compartment cannot be reported.

    Args:
        compartment: which one.
        plate: the plate found on its bone.
        pose: the atlas fit of its bone.
        image: the scan.

    Returns:
        One sentence, or an empty string where the compartment is complete.
    """
    expected = _expected_centers(pose.atlas, compartment)
    index = lps_to_index(image, pose.to_patient(expected))
    inside = ((index >= 0) & (index <= np.array(image.GetSize())[::-1] - 1)).all(axis=-1)
    if inside.mean() < LEAST_SHARE_IN_VIEW:
        if not inside.any():
            return "Lies outside the image."
        return f"Cut by the edge of the image: {100 * inside.mean():.0f} % of it lies in the field of view."
    found = compartment_support(plate, compartment).sum() / max(compartment_region(plate, compartment).sum(), 1)
    if found < LEAST_SHARE_OF_SURFACE:
        return f"Its subchondral plate could be followed over {100 * found:.0f} % of the surface only."
    return ""


def expected_patches(compartment: Compartment, pose: Pose) -> list[Patch]:
    """Where the patches of a compartment would lie according to the fitted atlas, for one that is not reported."""
    frame = pose.frame(compartment.bone)
    moved = []
    for patch in _expected(pose.atlas, compartment):
        lps = pose.to_patient(np.array(patch.center_lps_mm))
        local = frame.to_anatomical(lps)
        moved.append(replace(patch, center_lps_mm=as_point(lps), center_anatomical_mm=as_point(local)))
    return moved


def usual_extent(bone: Bone, pose: Pose) -> Extent:
    """The extent that the fitted atlas gives to a bone."""
    return _atlas_plate(pose.atlas, bone.name).extent.scaled(pose.scale)


@functools.cache
def _atlas_plate(atlas: Atlas, bone_name: str) -> Plate:
    bone = next(b for b in (FEMUR, TIBIA) if b.name == bone_name)
    return find_plate(None, atlas.labels, bone, JointFrame(*atlas.frames[bone_name], mirrored=False))


@functools.cache
def _expected(atlas: Atlas, compartment: Compartment) -> list[Patch]:
    """The 24 patches of a compartment in the atlas's own learning grid, in atlas LPS."""
    plates = {b.name: _atlas_plate(atlas, b.name) for b in (FEMUR, TIBIA)}
    frames = {b.name: JointFrame(*atlas.frames[b.name], mirrored=False) for b in (FEMUR, TIBIA)}
    return [p for p in learning_grid(plates, frames) if p.compartment == compartment.key]


def _expected_centers(atlas: Atlas, compartment: Compartment) -> NDArray[np.float64]:
    return np.array([p.center_lps_mm for p in _expected(atlas, compartment)])
