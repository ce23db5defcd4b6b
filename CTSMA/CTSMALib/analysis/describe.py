"""Facts about scan, side and bones, put into the words and types of the result."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.analysis.result import BoneFinding, ImageFacts, SideFinding
from CTSMALib.anatomy.grids import index_to_lps, lps_to_index
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, FIBULA, TIBIA, Bone
from CTSMALib.anatomy.patch import Point, as_point
from CTSMALib.anatomy.side import SideDecision
from CTSMALib.morphometry.direct_ct.resolution import resolution_statement
from CTSMALib.morphometry.direct_ct.sharpness import Sharpness
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.scan import ScanHeader

SIDES = {"L": "left", "R": "right"}
SHAFT_MM = 30.0  # from the joint; further away, a bone ordinarily ends at the edge of a knee CT
EDGE_REACH_MM = 1.0
FEWEST_CUT_VOXELS = 20
LEAST_COVERAGE = 0.8  # share of the atlas bone in the image; with less, patches moved by more than 2 mm in trials


METAL_NOTICE = Notice("metal", "Metal lies near the knee; CT numbers around it are not reliable.")


def image_facts(image: sitk.Image, analyzed: sitk.Image, sharpness: Sharpness, noise: float | None) -> ImageFacts:
    """Geometry and measured quality of a scan.

    Args:
        image: as stored.
        analyzed: the crop around the knee.
        sharpness: measured blur.
        noise: HU, ``None`` where it could not be measured.
    """
    resolves, statement = resolution_statement(image.GetSpacing(), sharpness)
    return ImageFacts(
        image.GetSize(), image.GetSpacing(), analyzed.GetSize(), sharpness.inplane_fwhm_mm,
        sharpness.through_plane_fwhm_mm, noise, resolves, statement,
    )  # fmt: skip


def side_finding(decision: SideDecision, header: ScanHeader) -> SideFinding:
    """The side, checked against the header; "unknown" where nothing decides it."""
    stated = SIDES.get(header.laterality, "")
    side = decision.side if decision.certain else "unknown"
    return SideFinding(side, decision.evidence, stated, stated == side if stated and decision.certain else None)


def side_notices(finding: SideFinding, against: str = "") -> list[Notice]:
    """What must be said about the side.

    Args:
        finding: the side.
        against: what in the bones speaks for the other one.
    """
    if finding.side == "unknown":
        text = (
            f"The side of the knee could not be told (there is only: {finding.evidence}), so no compartment is "
            "reported. State the side and analyze the scan again."
        )
        return [Notice("side-uncertain", text, Severity.REFUSED)]
    if finding.agrees_with_header is False:
        text = (
            f"The header says {finding.header_side}, the bones say {finding.side} ({finding.evidence}). "
            "The report follows the bones; check the side."
        )
        return [Notice("side-conflict", text)]
    if against:
        text = (
            f"The bones speak for both sides; the knee was taken as a {finding.side} one ({finding.evidence}). "
            "Check the side."
        )
        return [Notice("side-doubted", text)]
    return []


def fit_notices(anatomy: KneeAnatomy) -> list[Notice]:
    """Bones of which so little is in the image that their joint frame is uncertain."""
    notices = []
    for bone, pose in ((FEMUR, anatomy.poses.femur), (TIBIA, anatomy.poses.tibia)):
        reported = any(c.bone is bone and c.key not in anatomy.incomplete for c in COMPARTMENTS)
        if reported and pose.coverage < LEAST_COVERAGE:
            text = (
                f"Only {100 * pose.coverage:.0f} % of the usual part of the {bone.name} is in the image: its patches "
                "may lie some millimeters from where they would in a longer scan."
            )
            notices.append(Notice(f"short-{bone.name}", text))
    return notices


def bone_findings(anatomy: KneeAnatomy, outlined: sitk.Image, image: sitk.Image) -> tuple[BoneFinding, ...]:
    """The bones that a result shows, with their joint frames.

    Args:
        anatomy: of the knee.
        outlined: the bones as the result delivers them, of which volumes are told.
        image: the whole scan.
    """
    shown, values = (sitk.GetArrayViewFromImage(labels) for labels in (outlined, anatomy.labels))
    voxel_ml = float(np.prod(outlined.GetSpacing())) / 1000
    findings = []
    for bone in BONES:
        count = int(np.count_nonzero(shown == bone.label))
        if count:
            coarse = np.argwhere(values == bone.label)  # which a small part of a bone may be lost from
            points = (
                index_to_lps(anatomy.labels, coarse)
                if len(coarse)
                else index_to_lps(outlined, np.argwhere(shown == bone.label))
            )
            cut = _is_cut(bone, points, anatomy, image)
            volume_ml = count * voxel_ml
            findings.append(BoneFinding(bone.name, bone.label, bone.snomed, volume_ml, cut, *_frame_of(bone, anatomy)))
    return tuple(findings)


def _frame_of(bone: Bone, anatomy: KneeAnatomy) -> tuple[Point | None, tuple[Point, ...] | None, bool | None]:
    frame = anatomy.frames.get(bone.name)
    if frame is None:
        return None, None, None
    return as_point(frame.origin_mm), tuple(as_point(axis) for axis in frame.axes), frame.mirrored


def _is_cut(bone: Bone, points_mm: NDArray[np.float64], anatomy: KneeAnatomy, image: sitk.Image) -> bool:
    """Whether a bone reaches the edge of the image elsewhere than at the end of its shaft."""
    if bone is FEMUR:
        points_mm = points_mm[anatomy.frames[FEMUR.name].to_anatomical(points_mm)[:, 2] < SHAFT_MM]
    elif bone in (TIBIA, FIBULA):
        points_mm = points_mm[anatomy.frames[TIBIA.name].to_anatomical(points_mm)[:, 2] > -SHAFT_MM]
    index = lps_to_index(image, points_mm)
    reach = EDGE_REACH_MM / np.array(image.GetSpacing())[::-1]
    at_edge = (index < reach) | (index > np.array(image.GetSize())[::-1] - 1 - reach)
    return bool(at_edge.any(axis=1).sum() > FEWEST_CUT_VOXELS)
