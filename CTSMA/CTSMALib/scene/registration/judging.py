"""Which motions the quality in a record belongs to, and what a finished job brings into a review."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.registration.names import BONES
from CTSMALib.registration.record import CHECK, GOOD, IDENTITY, BoneRecord, EarlierRun, RegistrationRecord

MOVED_REASON = "It was moved since it was judged."  # in the record itself, so that every reader knows
_REMEDY = "Choose the folder of a job that was started from this review."


@dataclass(frozen=True)
class JobWish:
    """A registration that is wanted from a child process.

    Attributes:
        stage: the first stage to run, one of :data:`~CTSMALib.registration.names.STAGES`.
        initial_folder: to start from: that of the review, saved.
        bones: whose results are wanted.
    """

    stage: str
    initial_folder: Path
    bones: tuple[str, ...]

    @property
    def found_anew(self) -> tuple[str, ...]:
        """Bones that stages find anew; none where all stay where they are."""
        return self.bones if self.stage == BONES else ()


def is_judged(bone: BoneRecord) -> bool:
    """Whether the quality of a bone belongs to its motion."""
    return MOVED_REASON not in bone.reasons


def judged_bones(record: RegistrationRecord) -> dict[str, BoneRecord]:
    """The bones whose quality belongs to their motion, by name."""
    return {bone.name: bone for bone in record.bones if is_judged(bone)}


def moved(record: RegistrationRecord, bones: Collection[str], judged: Mapping[str, BoneRecord]) -> RegistrationRecord:
    """The record after bones were moved: their quality is that of another motion, and so says their verdict.

    Args:
        record: with the new motions.
        bones: that were moved.
        judged: bone to its record when it was judged last; a bone that is back there has that verdict again.
    """
    found = tuple(_moved(bone, judged.get(bone.name)) if bone.name in bones else bone for bone in record.bones)
    return replace(record, bones=found)


def taken(
    own: RegistrationRecord, found: RegistrationRecord, bones: Collection[str] = ()
) -> tuple[RegistrationRecord, bool]:  # fmt: skip
    """What a finished job brings into a record.

    Args:
        own: under review.
        found: of a job that started from it.
        bones: whose results are taken; all of them by default.

    Returns:
        The record, and whether motions were found anew.

    Raises:
        InputError: the job did not start from this record, or every bone was moved since.
    """
    if (own.fixed.sha256, own.moving.sha256) != (found.fixed.sha256, found.moving.sha256):
        raise InputError("The result is of other scans than the review.", _REMEDY)
    wanted = set(bones or (bone.name for bone in own.bones))
    run = (own.created, own.stages)
    if (found.created, found.stages) == run and found.earlier == own.earlier:
        return _with_judgment(own, found, wanted), False
    if found.earlier and found.earlier[:-1] == own.earlier and _run(found.earlier[-1]) == run:
        return _with_motions(own, found, wanted), True
    raise InputError("The result is of another registration than the one under review.", _REMEDY)


def _run(earlier: EarlierRun) -> tuple[object, object]:
    return earlier.created, earlier.stages


def _moved(bone: BoneRecord, judged: BoneRecord | None) -> BoneRecord:
    if judged is not None and _motion(judged) == _motion(bone):
        return judged
    reasons = (*(reason for reason in bone.reasons if reason != MOVED_REASON), MOVED_REASON)
    quality = bone.auto_quality if bone.user_moving_to_fixed_ras == IDENTITY else bone.quality
    verdict = CHECK if bone.verdict == GOOD else bone.verdict
    return replace(bone, quality=quality, verdict=verdict, reasons=reasons)


def _motion(bone: BoneRecord) -> tuple[object, object]:
    return bone.auto_moving_to_fixed_ras, bone.user_moving_to_fixed_ras


def _with_judgment(own: RegistrationRecord, found: RegistrationRecord, wanted: set[str]) -> RegistrationRecord:
    """With the quality of bones that still lie where they were judged; reviews and points stay."""
    known = {bone.name: bone for bone in found.bones}
    new = {
        bone.name: known[bone.name]
        for bone in own.bones
        if bone.name in wanted and bone.name in known and _motion(known[bone.name]) == _motion(bone)
    }
    if not new:
        raise InputError("The bones were moved since they were judged.", "Judge them again.")
    return _with_bones(own, found, new)


def _with_motions(own: RegistrationRecord, found: RegistrationRecord, wanted: set[str]) -> RegistrationRecord:
    """With the motions of another run; the run before is kept as it stands now, with all its reviews."""
    known = {bone.name: bone for bone in found.bones}
    new = {bone.name: known[bone.name] for bone in own.bones if bone.name in wanted & set(known)}
    if not new:
        raise InputError("The result has none of the bones under review.", _REMEDY)
    before = EarlierRun(
        own.created, own.software_version, own.first_stage, own.stages, own.bones, own.local, own.reviews
    )
    reviews = (*(r for r in own.reviews if r.bone not in new), *(r for r in found.reviews if r.bone in new))
    stages, local = found.stages, found.local
    if len(new) < len(own.bones):  # what was found of the whole knee stays with the bones that stay
        stages = (*(s for s in own.stages if s.subject not in new), *(s for s in found.stages if s.subject in new))
        local = own.local
    merged = replace(
        _with_bones(own, found, new), software_version=found.software_version, created=found.created,
        first_stage=found.first_stage, started_from=found.started_from, stages=stages, local=local,
        earlier=(*own.earlier, before), reviews=reviews, notices=found.notices,
    )  # fmt: skip
    return merged


def _with_bones(
    own: RegistrationRecord, found: RegistrationRecord, new: Mapping[str, BoneRecord]
) -> RegistrationRecord:  # fmt: skip
    patches = {(patch.id, patch.bone): patch for patch in found.patches if patch.bone in new}
    return replace(
        own,
        bones=tuple(new.get(bone.name, bone) for bone in own.bones),
        patches=tuple(patches.get((patch.id, patch.bone), patch) for patch in own.patches),
    )
