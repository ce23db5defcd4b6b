"""The stages of a registration: pose of the knee, rigid knee, rigid bones."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, silent
from CTSMALib.registration.engines.engine import Engine
from CTSMALib.registration.engines.mutual_information import distinct, fit_all
from CTSMALib.registration.fixed_knee import WHOLE, FixedKnee
from CTSMALib.registration.joint_motion import bent_starts, flexed_starts, patella_starts
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.pose_search import PoseCandidate, search_pose
from CTSMALib.registration.quality import LEAST_SIMILARITY
from CTSMALib.registration.rigid_fit import Fit
from CTSMALib.volumes.rigid import Matrix

KNEE_SCALES = ((4.0, 4000), (2.0, 8000))  # sigma (mm) and number of points
KNEE_AROUND_MM = (10.0, 6.0)
POSES = 5  # candidates that are gone on with


def find_pose(fixed: FixedKnee, moving: MovingKnee, progress: Progress = silent) -> list[PoseCandidate]:
    """First stage: where the knee may be in the MR, whatever the headers say.

    Raises:
        AnatomyError: CT and MR share too little.
    """
    found = search_pose(fixed.ct, fixed.labels, moving.image, progress=progress)
    if not found:
        raise AnatomyError(
            "CT and MR do not show enough of the same part of the knee.", "Check that both show the same knee."
        )
    return found


def fit_knee(fixed: FixedKnee, moving: MovingKnee, starts: list[Matrix]) -> Fit:
    """Second stage: femur and tibia as one rigid body."""
    matrices = starts[:POSES]
    for scale, around_mm in zip(KNEE_SCALES, KNEE_AROUND_MM, strict=True):
        fits = fit_all(fixed, WHOLE, moving, matrices, scale, around_mm)
        # all of them: what fits best coarsely is not always what does finely
        fits = distinct(fits, fixed.points(WHOLE, scale[1], scale[0], around_mm), POSES)
        matrices = [fit.matrix for fit in fits]
    return fits[0]


def fit_bones(
    fixed: FixedKnee, moving: MovingKnee, knee: Matrix, engine: Engine, known: Mapping[str, Matrix] | None = None,
    progress: Progress = silent, settled: Mapping[str, list[Fit]] | None = None, only: Collection[str] = (),
) -> dict[str, list[Fit]]:  # fmt: skip
    """Third stage: every bone on its own; bones that move with others start from those.

    Args:
        fixed: the CT.
        moving: the MR.
        knee: (4, 4) pose of the whole knee.
        engine: that refines.
        known: motions of bones to start from, in place of many starts.
        progress: told about each bone.
        settled: bones that stay where they are.
        only: bones that are found; all that are not settled by default.

    Returns:
        Bone name to fits, best first.
    """
    found: dict[str, list[Fit]] = {}
    known, settled = known or {}, settled or {}
    others = tuple(bone for bone in fixed.bones if bone not in fixed.leading)
    for group in (fixed.leading, others):
        for bone in group:
            if bone in settled:
                found[bone] = settled[bone]
            if bone in settled or (only and bone not in only):
                continue
            progress(f"Registering the {bone}", len(found) / len(fixed.bones))
            starts = [known[bone]] if bone in known else starts_of(fixed, bone, knee, found)
            found[bone] = engine.refine(fixed, bone, moving, starts)
        if group != others:
            _second_chance(fixed, moving, engine, {*known, *settled}, found)
    return found


def _second_chance(
    fixed: FixedKnee, moving: MovingKnee, engine: Engine, known: Collection[str], found: dict[str, list[Fit]]
) -> None:  # fmt: skip
    """Search femur or tibia again from the other one where it was not found: the pose of the knee was wrong for it."""
    leading = [bone for bone in fixed.leading if bone in found]
    alike = {bone: found[bone][0].similarity.value >= LEAST_SIMILARITY for bone in leading}
    for bone, other in itertools.permutations(leading, 2):
        if not alike[bone] and alike[other] and bone not in known:
            again = engine.refine(fixed, bone, moving, bent_starts(found[other][0].matrix, fixed.joint_mm))
            if again[0].worth > found[bone][0].worth:
                found[bone] = again


def starts_of(fixed: FixedKnee, bone: str, knee: Matrix, found: dict[str, list[Fit]]) -> list[Matrix]:
    """Where the search of a bone starts, from what is known of the others."""
    femur, tibia = (found[b.name][0].matrix if b.name in found else knee for b in (FEMUR, TIBIA))
    if bone == PATELLA.name:
        return patella_starts(femur, tibia, fixed.center_mm(bone))
    if bone == FIBULA.name:
        return [tibia]
    return flexed_starts(knee, fixed.joint_mm)
