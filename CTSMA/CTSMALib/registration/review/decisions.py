"""What reviewers decided about the bones of a registration, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import CTSMALib
from CTSMALib.errors import InputError
from CTSMALib.registration.record import (
    ACCEPTED,
    AUTOMATIC,
    DECISIONS,
    NEEDS_WORK,
    REJECTED,
    RegistrationRecord,
    Review,
)

UNREVIEWED, IN_PART = "unreviewed", "in part"
STATUSES = (UNREVIEWED, IN_PART, NEEDS_WORK, REJECTED, ACCEPTED, AUTOMATIC)
SIGNED = (ACCEPTED, AUTOMATIC)
NEED_A_REASON = (NEEDS_WORK, REJECTED)
MOVED = "moved after it was decided on"


def decided(
    record: RegistrationRecord, bone: str, decision: str, reviewer: str, reason: str = "", now: datetime | None = None
) -> RegistrationRecord:
    """The record with one more decision; earlier ones stay.

    Args:
        record: the registration.
        bone: name of one of its bones.
        decision: one of :data:`~CTSMALib.registration.record.DECISIONS`.
        reviewer: who decides.
        reason: why; must be told where the bone needs work or is rejected.
        now: when, with its time zone; the present by default.

    Raises:
        InputError: the bone or the decision is unknown, or reviewer or reason is missing.
    """
    names = [known.name for known in record.bones]
    reviewer, reason = reviewer.strip(), reason.strip()
    if bone not in names:
        raise InputError(f"The registration has no bone '{bone}'.", f"Choose one of {', '.join(names)}.")
    if decision not in DECISIONS:
        raise InputError(f"There is no decision '{decision}'.", f"Choose one of {', '.join(DECISIONS)}.")
    if not reviewer:
        raise InputError("A decision needs a reviewer.", "Enter your name or initials.")
    if decision in NEED_A_REASON and not reason:
        raise InputError(f"Why the {bone} {_is(decision)} was not told.", "Enter a reason.")
    time = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    review = Review(bone, decision, reviewer, time, reason, CTSMALib.__version__)
    return replace(record, reviews=(*record.reviews, review))


def latest(record: RegistrationRecord, bone: str, reviewer: str | None = None) -> Review | None:
    """The last decision about a bone, by one reviewer or by any; ``None`` where there is none."""
    for review in reversed(record.reviews):
        if review.bone == bone and reviewer in (None, review.reviewer):
            return review
    return None


def status(record: RegistrationRecord) -> str:
    """What became of a registration as a whole.

    Returns:
        One of :data:`STATUSES`, by the latest decision about each bone. As long as a bone has none it is
        :data:`UNREVIEWED` or :data:`IN_PART`. After that one rejected bone makes it rejected, one that needs work makes
        it need work; otherwise it is accepted, or ``"auto"`` where no person looked at any bone.
    """
    found = [review.decision for bone in record.bones if (review := latest(record, bone.name))]
    if not found:
        return UNREVIEWED
    if len(found) < len(record.bones):
        return IN_PART
    return next(decision for decision in (REJECTED, NEEDS_WORK, ACCEPTED, AUTOMATIC) if decision in found)


def accepted_bones(record: RegistrationRecord) -> tuple[str, ...]:
    """Bones whose latest decision, by any reviewer, is accepted or automatic."""
    last = ((bone.name, latest(record, bone.name)) for bone in record.bones)
    return tuple(name for name, review in last if review and review.decision in SIGNED)


def after_correction(
    record: RegistrationRecord, bone: str, reviewer: str, now: datetime | None = None
) -> RegistrationRecord:  # fmt: skip
    """To be called when the motion of a bone was changed: what was decided on was another motion, and is void.

    A decision :data:`~CTSMALib.registration.record.NEEDS_WORK` with the reason :data:`MOVED` is put after the last
    decision, whosever it is, once.

    Args:
        record: with the changed motion or without it.
        bone: that was moved.
        reviewer: who moved it.
        now: as of :func:`decided`.

    Raises:
        InputError: as of :func:`decided`.
    """
    last = latest(record, bone)
    if last is None or last.reason == MOVED:
        return record
    return decided(record, bone, NEEDS_WORK, reviewer, MOVED, now)


def _is(decision: str) -> str:
    return "needs work" if decision == NEEDS_WORK else "is rejected"
