"""The pictures of a quality report: every bone with the outline of the CT over the MR."""

from __future__ import annotations

import numpy as np

from CTSMALib.registration.record import IDENTITY, BoneRecord, PairedPatch
from CTSMALib.report.figures.bone_fit import COLUMNS, Motion, bone_panels
from CTSMALib.report.model import ReportFigure
from CTSMALib.report.registration_qa.measures import BoneMeasures
from CTSMALib.report.registration_qa.sources import ReviewedRegistration, is_judged
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps

VIRTUAL = " Virtual data: nobody was scanned."


def bone_figure(sources: ReviewedRegistration, measures: BoneMeasures, virtual: bool) -> ReportFigure | None:
    """The pictures of one bone; ``None`` where they cannot be made.

    Args:
        sources: record and images.
        measures: of the bone.
        virtual: whether nobody was scanned, which pictures say as well.
    """
    bone = measures.bone
    if sources.labels is None or not sources.can_show(bone.name):
        return None
    moved = bone.user_moving_to_fixed_ras != IDENTITY
    motions: tuple[Motion, ...] = (_motion(sources, bone, "after" if moved else "", bone.fixed_to_moving_lps),)
    if moved:
        found = fixed_to_moving_lps(np.array(bone.auto_moving_to_fixed_ras))
        motions = (_motion(sources, bone, "before", found), *motions)
    own = [patch for patch in sources.record.patches if patch.bone == bone.name]
    worst = max(own, key=lambda patch: patch.estimated_mm) if own else None
    panels = bone_panels(bone.name, sources.labels, motions, None if worst is None else np.array(worst.ct_mm))
    if not panels:
        return None
    return ReportFigure(
        title=f"{bone.name.capitalize()}: {measures.decision}",
        caption=(
            f"{_shown(sources, bone.name, _place(bone, worst))} "
            + ("Before: as the program found it; after: with the correction by a person. " if moved else "")
            + f"Bar: 2 cm. Research use only.{VIRTUAL if virtual else ''}"
        ),
        panels=panels,
        key=None,
        columns=COLUMNS,
    )


def _place(bone: BoneRecord, worst: PairedPatch | None) -> str:
    """What the planes go through."""
    if worst is None:
        return "the middle of the bone"
    # Errors of patches were estimated where the bone lay when it was judged.
    return f"the patch {worst.id}{', whose estimated error is the largest' if is_judged(bone) else ''}"


def _shown(sources: ReviewedRegistration, bone: str, place: str) -> str:
    """What the pictures of a bone show."""
    line = f"Line: outline of the {bone} in the CT"
    if sources.mr is not None:
        return (
            f"MR resampled to the CT with the motion of the {bone}, in planes through {place}. {line}; other bones lie "
            "elsewhere under this motion."
        )
    return (
        f"MR as the registration resampled it to the CT, in planes through {place}: every bone with its own motion, "
        f"blended between them. {line}."
    )


def _motion(sources: ReviewedRegistration, bone: BoneRecord, name: str, matrix: Matrix) -> Motion:
    return Motion(name, lambda points: sources.shown(bone, matrix, points))
