"""The table of a review: what the registration found, and what the correction made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CTSMALib.registration.record import IDENTITY, BoneRecord, RegistrationRecord
from CTSMALib.registration.review.corrections import WHOLE, Corrections
from CTSMALib.registration.review.landmark_error import BoneError, ErrorSummary, bone_errors, point_errors
from CTSMALib.scene.registration.judging import is_judged
from CTSMALib.volumes.rigid import Matrix

if TYPE_CHECKING:
    from CTSMALib.registration.review.bone_overlap import BoneOverlap

JUDGE_AGAIN = "judge again"
MM, NONE = "mm", ""
_JUDGED = (  # attribute of a quality, name, unit
    ("contour_mm", "Contour distance", MM),
    ("contour_clear", "Clear outline", NONE),
    ("similarity", "Similarity", NONE),
    ("inverse_mm", "Inverse consistency", MM),
    ("estimated_mm", "Estimated error", MM),
    ("estimated_95_mm", "Estimated error, 95 % bound", MM),
)
OverlapOf = Callable[[str, Matrix], "BoneOverlap | None"]


@dataclass(frozen=True)
class ComparisonRow:
    """One measure of one bone.

    Attributes:
        bone: its name.
        key: of the measure, for programs.
        name: of the measure, for readers.
        unit: ``"mm"``, or empty.
        before: with what was found; ``None`` where it is not known.
        after: with the correction, likewise.
        note: why a number is missing, or how many points it is from.
    """

    bone: str
    key: str
    name: str
    unit: str
    before: float | None
    after: float | None
    note: str = ""


def comparison(
    record: RegistrationRecord, corrections: Corrections, overlap: OverlapOf | None = None
) -> tuple[ComparisonRow, ...]:  # fmt: skip
    """The rows, bone by bone.

    Args:
        record: with qualities and points.
        corrections: whose motions count.
        overlap: of a bone and its (4, 4) composed motion; ``None`` where the bones of the MR are not known.
    """
    found = corrections.reset(WHOLE)
    before, after = ({e.bone: e for e in bone_errors(point_errors(record, c))} for c in (found, corrections))
    rows: list[ComparisonRow] = []
    for bone in record.bones:
        rows += _judged(bone)
        rows += _points(bone.name, before.get(bone.name), after.get(bone.name))
        if overlap is not None:
            both = (overlap(bone.name, c.composed(bone.name)) for c in (found, corrections))
            rows += _overlaps(bone.name, *both)
    return tuple(rows)


def _judged(bone: BoneRecord) -> Iterator[ComparisonRow]:
    known = is_judged(bone) or bone.user_moving_to_fixed_ras == IDENTITY  # then it is as found
    for key, name, unit in _JUDGED:
        after = getattr(bone.quality, key) if known else None
        yield ComparisonRow(
            bone.name, key, name, unit, getattr(bone.auto_quality, key), after, "" if known else JUDGE_AGAIN
        )  # fmt: skip


def _points(bone: str, before: BoneError | None, after: BoneError | None) -> Iterator[ComparisonRow]:
    if before is None or after is None:
        return
    kinds = (
        ("tre_held_out_mm", "TRE at held-out points", before.held_out, after.held_out),
        ("tre_fitted_mm", "TRE at points for fitting", before.fitted, after.fitted),
    )
    for key, name, first, second in kinds:
        if first is not None and second is not None:
            yield ComparisonRow(bone, key, name, MM, first.mean_mm, second.mean_mm, _count(second))


def _overlaps(bone: str, before: BoneOverlap | None, after: BoneOverlap | None) -> Iterator[ComparisonRow]:
    for key, name, unit in (("dice", "Dice", NONE), ("assd_mm", "ASSD", MM)):
        first, second = (None if each is None else getattr(each, key) for each in (before, after))
        yield ComparisonRow(bone, key, name, unit, first, second)


def _count(summary: ErrorSummary) -> str:
    return "1 point" if summary.count == 1 else f"{summary.count} points"
