"""Which knees are in the field of view, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.bone_mask import filled_bone_mask
from CTSMALib.anatomy.grids import index_to_lps, resample_axis_aligned
from CTSMALib.anatomy.pose import START_STEP_MM, Brightness, Pose, find_knee
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, part_of, silent

SEARCH_SPACING_MM = 2.0
LEG_GAP_MM = 16.0  # bones further apart than twice this, seen from above, belong to different legs
SMALLEST_LEG_ML = 20.0
CLEARLY_BETTER = 1.1
LARGEST_RESIDUAL, LEAST_EXPLAINED = 0.27, 0.03  # bone that is no knee reaches 0.31 and 0.026


@dataclass(frozen=True)
class KneeCandidate:
    """A knee that was found.

    Attributes:
        poses: the fits for either side, best first.
        side_by_other_leg: "left" or "right" where another leg in the image tells; else empty.
    """

    poses: tuple[Pose, ...]
    side_by_other_leg: str = ""

    @property
    def pose(self) -> Pose:
        """The best fit."""
        return self.poses[0]


def find_knees(image: sitk.Image, progress: Progress = silent) -> list[KneeCandidate]:
    """Find the knees in a scan.

    Args:
        image: HU, any orientation.
        progress: told about each leg.

    Returns:
        Knees that are complete enough to analyze, from the patient's right to left; empty if there is none.

    Raises:
        AnatomyError: the stored orientation is wrong.
    """
    progress("Finding the knee", 0.0)
    coarse = resample_axis_aligned(image, SEARCH_SPACING_MM)
    mask = filled_bone_mask(coarse)
    brightness = Brightness.of(coarse)
    legs = _leg_starts(mask)
    found = []
    for number, starts in enumerate(legs):
        part_of(progress, number / len(legs), (number + 1) / len(legs))("Finding the knee", 0.1)
        poses = find_knee(brightness, starts, sides=(False, True))
        if poses[0].residual < LARGEST_RESIDUAL and poses[0].explained > LEAST_EXPLAINED:
            _check_orientation(poses[0], brightness)
            found.append(KneeCandidate(tuple(poses), _side_by_other_leg(number, legs)))
    return sorted(found, key=lambda knee: knee.pose.translation_mm[0])


def _check_orientation(pose: Pose, brightness: Brightness) -> None:
    """Refuse a scan whose stored orientation is wrong: the knee then fits better when turned over."""
    for axis, words in ((0, "upside down"), (1, "upside down"), (2, "back to front")):
        turn = -np.eye(3)
        turn[axis, axis] = 1.0
        turned = find_knee(brightness, pose.translation_mm[None], (False, True), turn)[0]
        if turned.explained > CLEARLY_BETTER * pose.explained:
            raise AnatomyError(
                f"The knee lies {words} in this scan: its orientation is stored wrongly.",
                "Convert it again from the original DICOM files, or correct the orientation in the header.",
            )


def _side_by_other_leg(number: int, legs: list[NDArray[np.float64]]) -> str:
    """In LPS the first axis points to the patient's left, so the leg with the smaller value is the right one."""
    if len(legs) != 2:
        return ""
    own, other = (np.median(legs[k][:, 0]) for k in (number, 1 - number))
    return "right" if own < other else "left"


def _leg_starts(mask: sitk.Image) -> list[NDArray[np.float64]]:
    """For each leg the positions (n, 3) along it, in LPS mm, where the joint space might lie."""
    bone = sitk.GetArrayViewFromImage(mask).astype(bool)
    spacing = mask.GetSpacing()[0]
    shadow = bone.sum(axis=0) * spacing > 4.0
    merged = ndimage.distance_transform_edt(~shadow) * spacing <= LEG_GAP_MM if shadow.any() else shadow
    regions, count = ndimage.label(merged)
    step = max(1, round(START_STEP_MM / spacing))
    legs = []
    for region in range(1, count + 1):
        leg = bone & (regions == region)
        if leg.sum() * spacing**3 / 1000 < SMALLEST_LEG_ML:
            continue
        starts = [
            [k, *(np.argwhere(leg[k]).mean(axis=0))] for k in range(0, len(leg), step) if leg[k].sum() * spacing**2 > 80
        ]
        legs.append(index_to_lps(mask, np.array(starts)))
    return legs
