"""What a second reader sees before she has signed."""

from __future__ import annotations

from dataclasses import replace

from CTSMALib.registration.review.blind_reading import seen_reviews, unsigned
from CTSMALib.registration.review.decisions import after_correction, decided
from Testing.core.registration.made_up_record import a_record
from Testing.core.registration.review.test_second_reading import NO, YES, a_read_record

BONES = tuple(bone.name for bone in a_record().bones)
ALL_OF_A = tuple((bone, "A", YES) for bone in BONES)


def who(record, reader: str) -> list[str]:
    return [review.reviewer for review in seen_reviews(record, reader)]


def test_what_others_decided_is_hidden_until_every_bone_is_signed() -> None:
    record = a_read_record(*ALL_OF_A)
    assert unsigned(record, "B") == BONES and who(record, "B") == []
    for bone in BONES[:-1]:
        record = decided(record, bone, NO, "B", "blurred")
    assert unsigned(record, "B") == BONES[-1:]
    assert set(who(record, "B")) == {"B"}
    record = decided(record, BONES[-1], YES, "B")
    assert seen_reviews(record, "B") == record.reviews and "A" in who(record, "B")


def test_the_first_reader_sees_her_own() -> None:
    record = a_read_record(*ALL_OF_A, (BONES[0], "B", NO))
    assert unsigned(record, "A") == ()
    assert seen_reviews(record, "A") == record.reviews


def test_nobody_sees_nothing_of_people() -> None:
    assert who(replace(a_read_record(*ALL_OF_A, (BONES[0], "CTSMA", "auto"))), "") == ["CTSMA"]
    assert unsigned(a_read_record(*ALL_OF_A), "") == BONES


def test_a_motion_is_told_only_where_it_voids_an_own_decision() -> None:
    first, second = BONES[0], BONES[1]
    record = a_read_record((first, "A", YES), (second, "B", YES))
    moved = after_correction(after_correction(record, first, "C"), second, "C")
    assert [(r.bone, r.reviewer) for r in seen_reviews(moved, "B")] == [(second, "B"), (second, "C")]
    assert second in unsigned(moved, "B")
