"""Which knees are in the field of view, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.bone_mask import filled_bone_mask
from CTSMALib.anatomy.grids import index_to_lps, resample_axis_aligned
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.anatomy.pose import START_STEP_MM, Brightness, Pose, find_knee
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, silent

SEARCH_SPACING_MM = 2.0
SMALLEST_SECTION_MM2 = 300.0  # of bone in an axial slice that may belong to a knee
KNEE_RADIUS_MM = 60.0  # two knees are further apart than this
MOST_KNEES = 2
CLEARLY_BETTER = 1.1
CONVINCING = 0.055  # explained only by whole knees that lie the right way
CONVINCING_PAIR = 0.065  # the same by femur and tibia alone; turned over they explain 0.05
FEWEST_VOXELS = 4  # along each axis, for smoothing
LARGEST_RESIDUAL, LEAST_EXPLAINED = 0.27, 0.03  # bone that is no knee reaches 0.31 and 0.026
# Turns (LPS) from upright of a knee whose orientation is stored wrongly: upside down, back to front, sideways.
WRONG_WAYS = (
    np.diag([1.0, -1.0, -1.0]),
    np.diag([-1.0, 1.0, -1.0]),
    np.diag([-1.0, -1.0, 1.0]),
    np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
)


@dataclass(frozen=True)
class KneeCandidate:
    """A knee that was found.

    Attributes:
        poses: the fits for either side, best first.
        side_by_other_leg: "left" or "right" where two knees were found; else empty.
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
    if min(coarse.GetSize()) < FEWEST_VOXELS:
        return []
    starts = _starts(filled_bone_mask(coarse))
    brightness = Brightness.of(coarse)
    found: list[list[Pose]] = []
    while len(starts) and len(found) < MOST_KNEES:
        progress("Finding the knee", min(0.1 + 0.4 * len(found), 0.9))
        poses, convincing = _fitted(brightness, starts)
        if not _is_knee(poses[0]):
            break
        aside = np.linalg.norm((starts - poses[0].translation_mm)[:, :2], axis=1)
        if not convincing:
            leg = starts[aside <= KNEE_RADIUS_MM]
            _refuse_wrong_orientation(brightness, leg, CLEARLY_BETTER * poses[0].explained)
        found.append(poses)
        starts = starts[aside > KNEE_RADIUS_MM]
    if not found and len(starts):
        _refuse_wrong_orientation(brightness, starts, LEAST_EXPLAINED)
    found.sort(key=lambda poses: poses[0].translation_mm[0])
    sides = ("right", "left") if len(found) == 2 else ("",) * len(found)
    return [KneeCandidate(tuple(poses), side) for poses, side in zip(found, sides, strict=True)]


def _fitted(brightness: Brightness, starts_mm: NDArray[np.float64]) -> tuple[list[Pose], bool]:
    """Poses of a knee, and whether they are beyond doubt.

    A patella far from where the atlas has it (high, low, lifted by an effusion) can spoil the fit of a whole knee:
    then femur and tibia count alone.
    """
    poses = find_knee(brightness, starts_mm, sides=(False, True))
    if poses[0].explained >= CONVINCING:
        return poses, _is_knee(poses[0])
    pair = find_knee(brightness, starts_mm, sides=(False, True), bones=(FEMUR, TIBIA))
    if _is_knee(pair[0]) and pair[0].explained >= CONVINCING_PAIR:
        return pair, True
    return poses, False


def _is_knee(pose: Pose) -> bool:
    return pose.residual < LARGEST_RESIDUAL and pose.explained > LEAST_EXPLAINED


def _refuse_wrong_orientation(brightness: Brightness, starts_mm: NDArray[np.float64], explained: float) -> None:
    """Refuse a scan whose stored orientation is wrong: a knee that is turned over explains more than ``explained``."""
    for turn in WRONG_WAYS:
        turned = find_knee(brightness, starts_mm, (False, True), turn)[0]
        if _is_knee(turned) and turned.explained > explained:
            raise AnatomyError(
                "The knee does not lie as the stored orientation says: it is upside down, back to front or turned.",
                "Convert it again from the original DICOM files, or correct the orientation in the header.",
            )


def _starts(mask: sitk.Image) -> NDArray[np.float64]:
    """Positions (n, 3) in LPS mm at which a joint space might lie: the middle of each piece of bone in each slice."""
    bone = sitk.GetArrayViewFromImage(mask)
    spacing = mask.GetSpacing()[0]
    step = max(1, round(START_STEP_MM / spacing))
    starts = []
    for k in range(0, len(bone), step):
        pieces, count = ndimage.label(bone[k])
        areas = np.bincount(pieces.ravel(), minlength=count + 1) * spacing**2
        large = [piece for piece in range(1, count + 1) if areas[piece] > SMALLEST_SECTION_MM2]
        starts += [(k, *middle) for middle in ndimage.center_of_mass(bone[k], pieces, large)]
    return index_to_lps(mask, np.array(starts).reshape(-1, 3))
