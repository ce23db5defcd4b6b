"""Everything the anatomy of one knee comprises, found from its CT or from labels of its bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.bones import BonePoses, segment_bones
from CTSMALib.anatomy.coverage import expected_patches, usual_extent, why_incomplete
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.given_bones import GivenBones
from CTSMALib.anatomy.grids import Box, intersect, labels_on, physical_box, resample_axis_aligned
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA, Bone
from CTSMALib.anatomy.legs import KneeCandidate
from CTSMALib.anatomy.patch import Patch
from CTSMALib.anatomy.patch_grid import display_grid, learning_grid
from CTSMALib.anatomy.plate import Plate, find_plate
from CTSMALib.anatomy.pose import Brightness, Pose, refine_bone
from CTSMALib.anatomy.side import SideDecision, decide_side
from CTSMALib.progress import Progress, silent
from CTSMALib.volumes.geometry import crop_to_box

WORKING_SPACING_MM = 1.0
REACH_MM = (np.array([75.0, 75.0, 75.0]), np.array([75.0, 75.0, 85.0]))  # from the joint, towards -LPS and +LPS
CORTEX_MM = 2.0
SIDE_UNKNOWN = "The side of the knee could not be told, so medial and lateral are unknown. State it with --side."


@dataclass(frozen=True)
class KneeAnatomy:
    """The anatomy of one knee.

    Attributes:
        side: left or right and why.
        scan: the stored voxels around the knee, in the scan's own geometry.
        labels: bones on an axis-aligned 1 mm grid (values of :mod:`CTSMALib.anatomy.labels`).
        trabecular: same grid; 1 in femur and tibia away from cortex and plate.
        poses: atlas fits.
        frames: bone name to joint frame, femur and tibia.
        plates: bone name to plate.
        learning: the 96 patches of the learning grid, valid fractions not filled in; where no plate was found, they
            lie where the atlas expects them.
        display: the display grid of the complete compartments, likewise.
        incomplete: compartment key to the reason why it cannot be reported; absent where it can.
    """

    side: SideDecision
    scan: sitk.Image
    labels: sitk.Image
    trabecular: sitk.Image
    poses: BonePoses
    frames: dict[str, JointFrame]
    plates: dict[str, Plate]
    learning: list[Patch]
    display: list[Patch]
    incomplete: dict[str, str]


def find_anatomy(
    image: sitk.Image, candidate: KneeCandidate, stated_side: str = "", wanted_side: str = "",
    progress: Progress = silent, given: GivenBones | None = None,
) -> KneeAnatomy:  # fmt: skip
    """Find bones, joint frames, plates and patch grids of one knee.

    Args:
        image: the whole scan, any orientation; HU, unless bones are given.
        candidate: a knee from :func:`~CTSMALib.anatomy.legs.find_knees`.
        stated_side: "left" or "right" where the header states it.
        wanted_side: "left" or "right" where the user states it.
        progress: told about each step.
        given: bones that were labelled already, in the place of the scan. Unless that was done on a CT, the plate lies
            at their surface, and its thickness stays unknown.

    Raises:
        AnatomyError: the bones clearly show another side than the user's.
    """
    progress("Fitting the bones", 0.0)
    box = _knee_box(image, candidate)
    working = resample_axis_aligned(image if given is None else given.as_ct, WORKING_SPACING_MM, box)
    side, pose = decide_side(candidate, working, stated_side, wanted_side, given is None or given.shows_fibula)
    brightness = Brightness.of(working)
    poses = BonePoses(refine_bone(brightness, pose, FEMUR), refine_bone(brightness, pose, TIBIA))
    progress("Segmenting the bones", 0.3)
    labels = _segmented(working, poses) if given is None else labels_on(given.labels, working)
    progress("Following the subchondral plate", 0.7)
    scan = crop_to_box(image, *box)
    fits = {FEMUR: poses.femur, TIBIA: poses.tibia}
    frames = {bone.name: pose.frame(bone) for bone, pose in fits.items()}
    shown = scan if given is None or given.on_ct else None  # the outline of bones of an MR is taken as it is
    plates = {
        bone.name: find_plate(shown, labels, bone, frames[bone.name], usual_extent(bone, pose))
        for bone, pose in fits.items()
    }
    progress("Placing the patches", 0.9)
    incomplete = _incomplete(side, plates, fits, image)
    found = {patch.id: patch for patch in learning_grid(plates, frames) if patch.compartment not in incomplete}
    expected = [patch for c in COMPARTMENTS for patch in expected_patches(c, fits[c.bone])]
    display = [patch for name, plate in plates.items() for patch in display_grid(plate, frames[name])]
    return KneeAnatomy(
        side=side, scan=scan, labels=labels, trabecular=_trabecular_mask(labels, max(image.GetSpacing())),
        poses=poses, frames=frames, plates=plates, learning=[found.get(patch.id, patch) for patch in expected],
        display=[patch for patch in display if patch.compartment not in incomplete], incomplete=incomplete,
    )  # fmt: skip


def _segmented(working: sitk.Image, poses: BonePoses) -> sitk.Image:
    labels = sitk.GetImageFromArray(segment_bones(working, poses))
    labels.CopyInformation(working)
    return labels


def _incomplete(
    side: SideDecision, plates: dict[str, Plate], fits: dict[Bone, Pose], image: sitk.Image
) -> dict[str, str]:
    if not side.certain:
        return {c.key: SIDE_UNKNOWN for c in COMPARTMENTS}
    reasons = {c.key: why_incomplete(c, plates[c.bone.name], fits[c.bone], image) for c in COMPARTMENTS}
    return {key: reason for key, reason in reasons.items() if reason}


def _knee_box(image: sitk.Image, candidate: KneeCandidate) -> Box:
    joint = candidate.pose.translation_mm
    return intersect(physical_box(image), (joint - REACH_MM[0], joint + REACH_MM[1]))


def _trabecular_mask(labels: sitk.Image, coarsest_voxel_mm: float) -> sitk.Image:
    """Femur and tibia without cortex and plate; blur over half a voxel makes the cortex look thicker."""
    margin = CORTEX_MM + coarsest_voxel_mm / 2
    values = sitk.GetArrayViewFromImage(labels)
    inner = np.zeros(values.shape, dtype=np.uint8)
    pad = int(np.ceil(margin / labels.GetSpacing()[0])) + 1
    for bone in (FEMUR, TIBIA):
        # Bone goes on beyond the image: its cut face is not a surface.
        solid = np.pad(values == bone.label, pad, mode="edge")
        depth = ndimage.distance_transform_edt(solid) * labels.GetSpacing()[0]
        inner |= (depth[pad:-pad, pad:-pad, pad:-pad] > margin).astype(np.uint8)
    mask = sitk.GetImageFromArray(inner)
    mask.CopyInformation(labels)
    return mask
