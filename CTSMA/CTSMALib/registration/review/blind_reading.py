"""Second readings: what a reader may see of a registration before she has signed it herself."""

from __future__ import annotations

from collections.abc import Iterable

from CTSMALib.registration.record import AUTOMATIC, RegistrationRecord, Review
from CTSMALib.registration.review.decisions import MOVED


def unsigned(record: RegistrationRecord, reader: str) -> tuple[str, ...]:
    """Bones that a reader has not decided about where they lie now, in the order of the record."""
    signed: set[str] = set()
    for review in record.reviews:
        if review.reason == MOVED:
            signed.discard(review.bone)
        elif review.reviewer == reader and review.decision != AUTOMATIC:
            signed.add(review.bone)
    return tuple(bone.name for bone in record.bones if not reader or bone.name not in signed)


def seen_reviews(record: RegistrationRecord, reader: str) -> tuple[Review, ...]:
    """The decisions that a reader may see who reads a second time, the oldest first.

    Those of other people are hidden until she has decided about every bone: what was said of one bone tells something
    about the next. That a bone was moved is told only where it makes a decision of her own void.

    Args:
        record: the registration.
        reader: her name; nobody sees nothing of other people.
    """
    if not unsigned(record, reader):
        return record.reviews
    return tuple(_own(record.reviews, reader))


def _own(reviews: Iterable[Review], reader: str) -> Iterable[Review]:
    open_bones: set[str] = set()  # with a decision of her own that a motion would make void
    for review in reviews:
        if review.reason == MOVED:
            if review.bone in open_bones:
                open_bones.discard(review.bone)
                yield review
        elif review.decision == AUTOMATIC:
            yield review
        elif reader and review.reviewer == reader:
            open_bones.add(review.bone)
            yield review
