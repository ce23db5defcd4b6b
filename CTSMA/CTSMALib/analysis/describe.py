"""Facts about scan, side and bones, put into the words and types of the result."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.analysis.result import BoneFinding, ImageFacts, SideFinding
from CTSMALib.anatomy.grids import physical_box
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES, FEMUR, FIBULA, TIBIA, Bone
from CTSMALib.anatomy.side import SideDecision
from CTSMALib.morphometry.resolution import resolution_statement
from CTSMALib.morphometry.sharpness import Sharpness
from CTSMALib.notices import Notice
from CTSMALib.volumes.scan import ScanHeader

SIDES = {"L": "left", "R": "right"}
# A shaft always ends at the edge of a knee CT; (axis of the array, end) at which that is ordinary.
SHAFT_END = {FEMUR.label: (0, 1), TIBIA.label: (0, 0), FIBULA.label: (0, 0)}


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
    """The side, checked against the header."""
    stated = SIDES.get(header.laterality, "")
    return SideFinding(decision.side, decision.evidence, stated, stated == decision.side if stated else None)


def side_notices(decision: SideDecision, finding: SideFinding) -> list[Notice]:
    """What must be said about the side."""
    notices = []
    if finding.agrees_with_header is False:
        text = (
            f"The header says {finding.header_side}, the bones say {finding.side} ({finding.evidence}). "
            f"The report follows the bones; check the side."
        )
        notices.append(Notice("side-conflict", text))
    if not decision.certain:
        text = f"The side ({finding.side}) is not certain; it rests on: {finding.evidence}. Check it."
        notices.append(Notice("side-uncertain", text))
    return notices


def bone_findings(anatomy: KneeAnatomy, image: sitk.Image) -> tuple[BoneFinding, ...]:
    """The bones that were found, with their joint frames."""
    values = sitk.GetArrayViewFromImage(anatomy.labels)
    voxel_ml = float(np.prod(anatomy.labels.GetSpacing())) / 1000
    findings = []
    for bone in BONES:
        solid = values == bone.label
        if solid.any():
            findings.append(_finding(bone, solid, voxel_ml, anatomy, _at_image_edge(anatomy.labels, image)))
    return tuple(findings)


def _finding(
    bone: Bone, solid: NDArray[np.bool_], voxel_ml: float, anatomy: KneeAnatomy, edges: NDArray[np.bool_]
) -> BoneFinding:
    touched = {
        (axis, end)
        for axis in range(3)
        for end in (0, 1)
        if edges[axis, end] and solid.take(-1 if end else 0, axis=axis).any()
    }
    cut = bool(touched - {SHAFT_END.get(bone.label, (-1, -1))})
    found = BoneFinding(bone.name, bone.label, bone.snomed, float(solid.sum()) * voxel_ml, cut)
    frame = anatomy.frames.get(bone.name)
    if frame is None:
        return found
    origin, axes = frame.origin_mm.tolist(), frame.axes.tolist()
    return BoneFinding(
        found.name, found.label, found.snomed, found.volume_ml, cut, tuple(origin), tuple(map(tuple, axes)),
        frame.mirrored,
    )  # fmt: skip


def _at_image_edge(labels: sitk.Image, image: sitk.Image) -> NDArray[np.bool_]:
    """Which faces (array axis, low or high end) of the working grid are faces of the image itself."""
    own, whole = physical_box(labels), physical_box(image)
    slack = 1.5 * labels.GetSpacing()[0]
    faces = [np.abs(o - w) <= slack for o, w in zip(own, whole, strict=True)]
    return np.stack(faces, axis=-1)[::-1]
