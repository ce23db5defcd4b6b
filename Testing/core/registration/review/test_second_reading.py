"""Agreement of reviewers, against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.review.decisions import after_correction, decided
from CTSMALib.registration.review.second_reading import (
    ReadingPair,
    agreement,
    agreements,
    cohens_kappa,
    paired,
    reader_pairs,
    readings,
)
from Testing.core.registration.made_up_record import a_record

YES, WORK, NO = "accepted", "needs work", "rejected"


def a_read_record(*decisions: tuple[str, str, str]) -> RegistrationRecord:
    """After decisions (bone, reviewer, decision)."""
    record = replace(a_record(), reviews=())
    for bone, reviewer, decision in decisions:
        record = decided(record, bone, decision, reviewer, "because")
    return record


def some_pairs(counts: dict[tuple[str, str], int]) -> list[ReadingPair]:
    rows = [pair for pair, count in counts.items() for _ in range(count)]
    return [ReadingPair(f"knee {n // 2}", f"bone {n % 2}", a, b) for n, (a, b) in enumerate(rows)]


def test_agreement_is_that_worked_out_by_hand() -> None:
    # 20 + 15 of 50 agree; by chance 0.5 x 0.6 + 0.5 x 0.4 = 0.5.
    found = agreement("A", "B", some_pairs({(YES, YES): 20, (YES, NO): 5, (NO, YES): 10, (NO, NO): 15}))
    assert found.percent.value == pytest.approx(70.0)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.table().tolist() == [[20, 0, 5], [0, 0, 0], [10, 0, 15]]
    assert found.percent.low < 70.0 < found.percent.high
    assert 0.0 < found.kappa.low < 0.4 < found.kappa.high < 0.8


def test_opposite_readers_agree_less_than_by_chance() -> None:
    found = agreement("A", "B", some_pairs({(YES, NO): 10, (NO, YES): 10}))
    assert found.percent.value == 0.0 and found.kappa.value == pytest.approx(-1.0)


def test_full_agreement_on_one_decision_has_no_kappa_and_no_warning(recwarn) -> None:
    found = agreement("A", "B", some_pairs({(YES, YES): 12}))
    assert (found.percent.value, found.percent.low, found.percent.high) == (100.0, 100.0, 100.0)
    assert math.isnan(found.kappa.value) and math.isnan(found.kappa.low)
    both = agreement("A", "B", some_pairs({(YES, YES): 12, (WORK, WORK): 12}))
    assert both.kappa.value == pytest.approx(1.0) and both.kappa.low == pytest.approx(1.0)
    assert not recwarn.list


def test_nothing_in_common_is_no_number() -> None:
    found = agreement("A", "B", [])
    assert math.isnan(found.percent.value) and math.isnan(found.kappa.value)
    assert found.table().sum() == 0
    assert math.isnan(cohens_kappa(np.array([], dtype=int), np.array([], dtype=int)))


def test_one_knee_has_no_interval() -> None:
    pairs = [ReadingPair("knee", bone, YES, YES) for bone in ("femur", "tibia")]
    found = agreement("A", "B", pairs)
    assert found.percent.value == 100.0 and math.isnan(found.percent.low)


def test_bones_of_one_knee_are_drawn_together() -> None:
    pairs = [p for p in some_pairs({(YES, YES): 10, (YES, NO): 10})]
    apart = [replace(pair, knee=f"{pair.knee} {pair.bone}") for pair in pairs]
    wide, narrow = (agreement("A", "B", p).percent for p in (pairs, apart))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_the_last_decision_of_each_reader_is_paired() -> None:
    records = {
        "one": a_read_record(("femur", "A", NO), ("femur", "B", YES), ("femur", "A", YES), ("tibia", "A", WORK)),
        "two": a_read_record(("femur", "B", NO), ("femur", "A", YES), ("femur", "C", NO)),
        "three": a_read_record(),
    }
    found = readings(records)
    assert paired(found, "A", "B") == (ReadingPair("one", "femur", YES, YES), ReadingPair("two", "femur", YES, NO))
    assert [(a.first, a.second, len(a.pairs)) for a in agreements(records)] == [
        ("A", "B", 2), ("A", "C", 1), ("B", "C", 1),
    ]  # fmt: skip
    assert agreements({}) == ()


def test_decisions_of_the_program_are_no_readings() -> None:
    assert readings({"one": a_read_record(("femur", "CTSMA", "auto"))}) == ()


def test_decisions_about_an_earlier_motion_are_void() -> None:
    record = a_read_record(("femur", "A", YES), ("tibia", "A", YES))
    moved = decided(after_correction(record, "femur", "B"), "femur", YES, "B")
    found = readings({"one": moved})
    assert {(r.bone, r.reviewer) for r in found} == {("tibia", "A"), ("femur", "B")}
    assert paired(found, "A", "B") == ()


def test_bones_that_two_readers_decided_differently_about_are_listed() -> None:
    records = {"one": a_read_record(("femur", "A", YES), ("femur", "B", NO), ("tibia", "A", YES), ("tibia", "B", YES))}
    (found,) = agreements(records)
    assert found.differing == (ReadingPair("one", "femur", YES, NO),)
    only_other_bones = {"one": a_read_record(("femur", "A", YES), ("tibia", "B", NO))}
    assert reader_pairs(readings(only_other_bones)) == ()
    assert reader_pairs(readings(records)) == (("A", "B"),)
