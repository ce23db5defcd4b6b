"""Registration of an MR to a CT of the same knee, from any stage to the last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.registration.bone_pose import pose_of_bones
from CTSMALib.registration.engines.engine import Engine
from CTSMALib.registration.engines.mutual_information import FINE, MutualInformation
from CTSMALib.registration.fixed_knee import WHOLE, FixedKnee
from CTSMALib.registration.joint_motion import implausible
from CTSMALib.registration.local_field import LOOSE, LocalField, fit_local
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import BONES, JUDGE, KEEPING, KNEE, LOCAL, POSE
from CTSMALib.registration.paired import Motions
from CTSMALib.registration.patch_pairs import FixedPatch, pair_patches
from CTSMALib.registration.quality import (
    LEAST_INSIDE,
    LEAST_SIMILARITY,
    Judged,
    judge,
    knee_quality,
    verdict,
)
from CTSMALib.registration.record import (
    ACCEPTED,
    FAILED,
    GOOD,
    IDENTITY,
    BoneRecord,
    PairedPatch,
    StageRecord,
    ras_rows,
)
from CTSMALib.registration.refusals import CLEARLY, against_mirror, not_found, other_knee, refuse_ct
from CTSMALib.registration.rigid_fit import Fit, judged
from CTSMALib.registration.stages import KNEE_AROUND_MM, KNEE_SCALES, find_pose, fit_bones, fit_knee
from CTSMALib.registration.start import Start
from CTSMALib.registration.witnesses import outline_and_similarity
from CTSMALib.volumes.rigid import Matrix

_RAS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Registration:
    """What was found.

    Attributes:
        motions: where every place of the CT appears in the MR.
        stages: in their order.
        bones: for the record.
        patches: the learning grid in both scans.
    """

    motions: Motions
    stages: tuple[StageRecord, ...]
    bones: tuple[BoneRecord, ...]
    patches: tuple[PairedPatch, ...]


def register(
    fixed: FixedKnee, moving: MovingKnee, patches: Sequence[FixedPatch] = (), start: Start | None = None,
    engine: Engine | None = None, local: bool = False, refused: Collection[str] = (), progress: Progress = silent,
    guide: MovingKnee | None = None,
) -> Registration:  # fmt: skip
    """Register an MR to a CT.

    Args:
        fixed: the CT.
        moving: the MR.
        patches: learning grid of the CT.
        start: where to begin; from nothing by default.
        engine: that refines bones; the default one where it is left out.
        local: whether to look for a smooth displacement that rigid bones leave.
        refused: keys of compartments in which the CT cannot be relied on; their patches are flagged.
        progress: told about each step; cancels by raising.
        guide: what the stages compare with the CT, see :mod:`~CTSMALib.registration.guide`; the MR where it is left
            out. The result is judged on the MR in any case.

    Raises:
        AnatomyError: the MR does not show the knee of the CT.
        InputError: the moving scan is a CT as well, or a bone that the start names is not in the fixed one.
    """
    start, engine = start or Start(), engine or MutualInformation()
    _refuse_local(start if local else Start())
    _refuse_missing(fixed, start)
    led_by = guide or moving
    knee, stages = _knee(fixed, led_by, start, part_of(progress, 0.0, 0.3))
    refuse_ct(fixed, moving, knee)
    if start.first_stage in KEEPING:
        if not set(start.bones) & set(fixed.leading):
            raise InputError(
                "The motion of femur or tibia must be known to go on from there.", "Register the bones first."
            )
        fits = _kept(fixed, moving, start)
    else:
        settled = _settled(fixed, moving, start)
        finding = part_of(progress, 0.3, 0.65)
        fits = fit_bones(fixed, led_by, knee, engine, _known(fixed, start), finding, settled, start.only)
        made_by = f"{engine.name} {engine.version}"
        stages += [_stage(BONES, name, found[0], made_by) for name, found in fits.items() if name not in settled]
    matrices = {name: found[0].matrix for name, found in fits.items()}
    judgments = _judged(fixed, moving, matrices, start.staying, part_of(progress, 0.65, 0.9))
    bones = _records(fixed, moving, knee, matrices, judgments, start)
    if start.first_stage not in KEEPING and not start.only:  # there, a person knows better
        _refuse(fixed, moving, knee, {bone.verdict for bone in bones if bone.name in fixed.leading})
    field = _kept_field(start)
    good = {bone.name: matrices[bone.name] for bone in bones if bone.verdict == GOOD}
    if (local or start.first_stage == LOCAL) and good:
        progress("Refining locally", 0.9)
        local_fit = fit_local(fixed, moving, good)
        field = local_fit.field
        trace = local_fit.trace
        stages.append(
            StageRecord(LOCAL, WHOLE, ras_rows(knee), trace, trace[-1], local_fit.inside, "polynomial-displacement 1")
        )
    progress("Pairing the patches", 0.98)
    motions = Motions(fixed.bones, matrices, field)
    paired = pair_patches([p for p in patches if p.bone in judgments], motions, judgments, bones, moving, refused)
    return Registration(motions, tuple(stages), bones, paired)


def _refuse_local(start: Start) -> None:
    """Refuse a start from which no local refinement is found."""
    if start.only:
        raise InputError("A local refinement concerns all bones.", "Leave out --local, or --bones.")
    if start.first_stage == JUDGE:
        raise InputError(
            "The stage 'judge' finds no local refinement.", "Take --from-stage local, or leave --local out."
        )


def _refuse_missing(fixed: FixedKnee, start: Start) -> None:
    """Refuse to find bones anew, or to keep them, that the CT does not show."""
    missing = [name for name in (*start.only, *start.staying) if name not in fixed.bones]
    if missing:
        raise InputError(
            f"The CT shows no {missing[0]}.",
            "Give the bone labels that the registration was made with, or name other bones with --bones.",
        )


def _refuse(fixed: FixedKnee, moving: MovingKnee, knee: Matrix, leading: set[str]) -> None:
    """Refuse an MR in which femur and tibia (their verdicts) were not found."""
    if GOOD in leading:
        return
    share, alike = against_mirror(fixed, moving, knee)
    nothing = leading <= {FAILED}
    if (alike and share > CLEARLY) or (share > 1.0 and not nothing):
        raise other_knee()
    if nothing:
        raise not_found()


def _kept_field(start: Start) -> LocalField:
    """The refinement of an earlier run, where nothing is found anew, or not every bone."""
    local = start.earlier.local if (start.first_stage == JUDGE or start.only) and start.earlier else None
    if local is None:
        return LocalField.none()
    return LocalField(np.array(local.center_lps_mm), np.array(local.coefficients_mm))


def _known(fixed: FixedKnee, start: Start) -> dict[str, Matrix]:
    """Motions of bones that are started from; not those that failed, unless a person moved or accepted them."""
    if start.first_stage != BONES:
        return {}
    failed = set()
    if start.earlier:
        accepted = {review.bone: review.decision == ACCEPTED for review in start.earlier.reviews}
        failed = {
            b.name for b in start.earlier.bones
            if b.verdict == FAILED and b.user_moving_to_fixed_ras == IDENTITY and not accepted.get(b.name)
        }  # fmt: skip
    return {name: matrix for name, matrix in start.bones.items() if name in fixed.bones and name not in failed}


def _settled(fixed: FixedKnee, moving: MovingKnee, start: Start) -> dict[str, list[Fit]]:
    """Motions of bones that stay while others are found anew."""
    return _kept(fixed, moving, replace(start, bones={n: m for n, m in start.bones.items() if n in start.staying}))


def _kept(fixed: FixedKnee, moving: MovingKnee, start: Start) -> dict[str, list[Fit]]:
    """Motions of bones that stay as they are."""
    engine = MutualInformation()
    known = {name: matrix for name, matrix in start.bones.items() if name in fixed.bones}
    return {
        name: [judged(engine.points(fixed, name, FINE), moving.level(FINE[0]), matrix)]
        for name, matrix in known.items()
    }


def _knee(fixed: FixedKnee, moving: MovingKnee, start: Start, progress: Progress) -> tuple[Matrix, list[StageRecord]]:
    """The motion of the whole knee, found or given."""
    given = [start.knee, *(start.bones.get(name) for name in fixed.leading)]
    knee = next((matrix for matrix in given if matrix is not None), None)
    if knee is not None and start.first_stage in (BONES, *KEEPING):
        if start.first_stage == JUDGE and start.earlier:
            return knee, list(start.earlier.stages)
        return knee, [_stage(KNEE, WHOLE, _as_given(fixed, moving, knee), "earlier run" if start.earlier else "user")]
    stages: list[StageRecord] = []
    if knee is not None and start.first_stage == KNEE:
        starts = [knee]
    else:
        candidates = find_pose(fixed, moving, part_of(progress, 0.0, 0.5))
        starts = [*_laid_on(fixed, moving), *(candidate.matrix for candidate in candidates)]
        evidence = tuple(candidate.evidence for candidate in candidates)
        stages.append(
            StageRecord(
                POSE, WHOLE, ras_rows(candidates[0].matrix), evidence, evidence[0], candidates[0].inside,
                "pose-search 2",
            )
        )  # fmt: skip
    progress("Registering the knee", 0.5)
    found = fit_knee(fixed, moving, starts)
    return found.matrix, [*stages, _stage(KNEE, WHOLE, found, f"{MutualInformation.name} {MutualInformation.version}")]


def _laid_on(fixed: FixedKnee, moving: MovingKnee) -> list[Matrix]:
    """The pose in which the outlines of bones lie on each other, where those of the MR are known."""
    pose = pose_of_bones(fixed, moving.bones) if moving.bones is not None else None
    return [] if pose is None else [pose.matrix]


def _judged(
    fixed: FixedKnee, moving: MovingKnee, matrices: dict[str, Matrix], staying: Collection[str], progress: Progress
) -> dict[str, Judged]:  # fmt: skip
    """Judgments of the bones that do not stay as they are."""
    found = {}
    loose = fit_local(fixed, moving, bones_alike(fixed, moving, matrices), LOOSE).field
    for number, (name, matrix) in enumerate(matrices.items()):
        if name not in staying:
            progress(f"Judging the {name}", number / len(matrices))
            found[name] = judge(fixed, name, moving, matrix, loose)
    return found


def bones_alike(fixed: FixedKnee, moving: MovingKnee, matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """Motions of the bones that the MR shows."""
    found = {name: outline_and_similarity(fixed, name, moving, matrix)[1] for name, matrix in matrices.items()}
    return {
        name: matrices[name]
        for name, seen in found.items()
        if seen.inside > LEAST_INSIDE and seen.value > LEAST_SIMILARITY
    }


def _records(
    fixed: FixedKnee, moving: MovingKnee, knee: Matrix, matrices: dict[str, Matrix], judgments: dict[str, Judged],
    start: Start,
) -> tuple[BoneRecord, ...]:  # fmt: skip
    """Records of bones; those whose motion is kept keep a person's correction apart."""
    before = start.earlier.bones if start.first_stage in KEEPING and start.earlier else ()
    kept = {bone.name: bone for bone in before}
    centers = {name: fixed.center_mm(name) for name in matrices}
    impossible = implausible(matrices, fixed.pivots_mm)
    voxel_mm = max(*fixed.ct.GetSpacing(), *moving.image.GetSpacing())
    records = []
    for name, matrix in matrices.items():
        if name in start.staying:
            records.append(start.staying[name])
            continue
        found, reasons = verdict(judgments[name].quality, impossible.get(name, ""), voxel_mm)
        x, y, z = (float(v) for v in centers[name] * _RAS)
        auto, user, auto_quality = ras_rows(matrix), IDENTITY, judgments[name].quality
        if name in kept:
            auto, user = kept[name].auto_moving_to_fixed_ras, kept[name].user_moving_to_fixed_ras
            auto_quality = kept[name].auto_quality
        records.append(
            BoneRecord(
                name, auto, user, (x, y, z), knee_quality(fixed, name, moving, knee),
                judgments[name].quality, auto_quality, found, reasons,
            )
        )  # fmt: skip
    return tuple(records)


def _as_given(fixed: FixedKnee, moving: MovingKnee, knee: Matrix) -> Fit:
    (sigma, count), around_mm = KNEE_SCALES[-1], KNEE_AROUND_MM[-1]
    return judged(fixed.points(WHOLE, count, sigma, around_mm), moving.level(sigma), knee)


def _stage(stage: str, subject: str, fit: Fit, made_by: str) -> StageRecord:
    found = fit.similarity
    return StageRecord(stage, subject, ras_rows(fit.matrix), fit.trace, found.value, found.inside, made_by)
