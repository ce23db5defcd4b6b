"""Decisions are kept with who, when and why; what was moved after acceptance is accepted no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

import CTSMALib
from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord, Review
from CTSMALib.registration.review.decisions import (
    MOVED,
    accepted_bones,
    after_correction,
    decided,
    latest,
    status,
)
from Testing.core.registration.made_up_record import a_record

NOON = datetime(2025, 6, 1, 12, 0, 0, 5, UTC)


@pytest.fixture
def an_unreviewed_record() -> RegistrationRecord:
    return replace(a_record(), reviews=())


def after(record: RegistrationRecord, *decisions: tuple[str, str]) -> RegistrationRecord:
    """A record after decisions about bones."""
    for bone, decision in decisions:
        record = decided(record, bone, decision, "A", "because")
    return record


def test_a_decision_is_added_with_who_when_and_which_version(an_unreviewed_record) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-7)))
    found = decided(an_unreviewed_record, "femur", "accepted", " Dr. Ä ", " fits ", now=local)
    expected = Review("femur", "accepted", "Dr. Ä", "2025-06-01T12:00:00+00:00", "fits", CTSMALib.__version__)
    assert found.reviews == (expected,)
    assert an_unreviewed_record.reviews == ()
    more = decided(found, "femur", "rejected", "B", "wrong")
    assert more.reviews[0] is found.reviews[0] and len(more.reviews) == 2


@pytest.mark.parametrize(
    ("bone", "decision", "reviewer", "reason", "message"),
    [
        ("elbow", "accepted", "A", "", "no bone 'elbow'"),
        ("femur", "fine", "A", "", "no decision 'fine'"),
        ("femur", "accepted", "  ", "", "needs a reviewer"),
        ("femur", "needs work", "A", " ", "femur needs work was not told"),
        ("femur", "rejected", "A", "", "femur is rejected was not told"),
    ],
)
def test_incomplete_decisions_are_refused(
    an_unreviewed_record, bone: str, decision: str, reviewer: str, reason: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        decided(an_unreviewed_record, bone, decision, reviewer, reason)


def test_the_last_decision_counts_whoever_made_it(an_unreviewed_record) -> None:
    record = decided(an_unreviewed_record, "femur", "accepted", "A")
    record = decided(record, "femur", "rejected", "B", "no")
    record = decided(record, "tibia", "accepted", "A")
    assert latest(record, "femur").reviewer == "B"
    assert latest(record, "femur", "A").decision == "accepted"
    assert latest(record, "tibia", "B") is None and latest(record, "patella") is None
    assert accepted_bones(record) == ("tibia",)
    assert accepted_bones(decided(record, "femur", "auto", "A")) == ("femur", "tibia")


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ((), "unreviewed"),
        ((("femur", "accepted"),), "in part"),
        ((("femur", "rejected"),), "in part"),
        ((("femur", "accepted"), ("tibia", "accepted")), "accepted"),
        ((("femur", "accepted"), ("tibia", "needs work")), "needs work"),
        ((("femur", "needs work"), ("tibia", "rejected")), "rejected"),
        ((("femur", "rejected"), ("femur", "accepted"), ("tibia", "accepted")), "accepted"),
        ((("femur", "auto"), ("tibia", "auto")), "auto"),
        ((("femur", "auto"), ("tibia", "accepted")), "accepted"),
        ((("femur", "auto"),), "in part"),
    ],
)
def test_the_status_follows_from_the_bones(an_unreviewed_record, decisions, expected: str) -> None:
    assert status(after(an_unreviewed_record, *decisions)) == expected


def test_a_correction_makes_an_acceptance_void_once(an_unreviewed_record) -> None:
    accepted = after(an_unreviewed_record, ("femur", "accepted"), ("tibia", "accepted"))
    moved = after_correction(accepted, "femur", "B", NOON)
    assert moved.reviews[-1] == Review(
        "femur", "needs work", "B", "2025-06-01T12:00:00+00:00", MOVED, CTSMALib.__version__
    )
    assert accepted_bones(moved) == ("tibia",) and status(moved) == "needs work"
    assert after_correction(moved, "femur", "B") is moved
    again = decided(moved, "femur", "accepted", "B")
    assert accepted_bones(again) == ("femur", "tibia")
    assert len(after_correction(again, "femur", "B").reviews) == len(again.reviews) + 1


def test_a_correction_makes_every_decision_void(an_unreviewed_record) -> None:
    """Otherwise a second reader who corrects and accepts would be counted as disagreeing with the first."""
    assert after_correction(an_unreviewed_record, "femur", "A") is an_unreviewed_record
    for decision in ("rejected", "needs work", "auto"):
        moved = after_correction(after(an_unreviewed_record, ("femur", decision)), "femur", "A")
        assert (moved.reviews[-1].reason, accepted_bones(moved)) == (MOVED, ())
