"""Corrections move bones as they say, keep them rigid, and can be taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.record import IDENTITY, RegistrationRecord, rows
from CTSMALib.registration.review.corrections import WHOLE, Corrections
from CTSMALib.volumes.rigid import applied, turned
from Testing.core.registration.made_up_record import a_record

OBLIQUE = np.array([0.3, -0.8, 0.52])


@pytest.fixture
def two_bones() -> RegistrationRecord:
    """With centers that differ."""
    record = a_record()
    femur = replace(record.bones[0], center_fixed_ras_mm=(10.0, 20.0, 60.0))
    return replace(record, bones=(femur, *record.bones[1:]))


@pytest.fixture
def some_corrections(two_bones: RegistrationRecord) -> Corrections:
    return Corrections.of_record(two_bones)


def test_no_correction_leaves_the_very_record(two_bones: RegistrationRecord) -> None:
    assert Corrections.of_record(two_bones).applied_to(two_bones) is two_bones


def test_corrections_come_back_from_a_record_to_the_last_bit(some_corrections, two_bones) -> None:
    changed = some_corrections.turned("femur", OBLIQUE, 7.3).moved("femur", [0.1, 0.2, -0.3])
    again = Corrections.of_record(changed.applied_to(two_bones))
    assert np.array_equal(again.user["femur"], changed.user["femur"])
    assert again.changed_from(changed) == ()
    assert again.changed_from(some_corrections) == ("femur",)


def test_resetting_gives_the_identity_itself(some_corrections, two_bones) -> None:
    changed = some_corrections.turned(WHOLE, OBLIQUE, 7.3)
    assert changed.reset("femur").is_corrected("tibia") and not changed.reset("femur").is_corrected("femur")
    record = changed.reset(WHOLE).applied_to(changed.applied_to(two_bones))
    assert [bone.user_moving_to_fixed_ras for bone in record.bones] == [IDENTITY, IDENTITY]


def test_a_shift_moves_one_bone_in_the_frame_of_the_ct(some_corrections) -> None:
    turned_first = some_corrections.turned("femur", OBLIQUE, 40.0)
    changed = turned_first.moved("femur", [0.0, 1.0, 0.0])
    point = np.array([12.0, -5.0, 44.0])
    before, after = (applied(c.composed("femur"), point) for c in (turned_first, changed))
    assert after - before == pytest.approx([0.0, 1.0, 0.0], abs=1e-12)
    assert np.array_equal(changed.user["femur"][:3, :3], turned_first.user["femur"][:3, :3])
    assert np.array_equal(changed.composed("tibia"), some_corrections.composed("tibia"))


def test_a_bone_turns_about_its_center_where_it_lies_now(some_corrections) -> None:
    moved = some_corrections.moved("femur", [30.0, 0.0, 0.0])
    assert moved.center_ras_mm("femur") == pytest.approx([40.0, 20.0, 60.0])
    changed = moved.turned("femur", 5.0 * OBLIQUE, 25.0)
    assert changed.center_ras_mm("femur") == pytest.approx(moved.center_ras_mm("femur"), abs=1e-12)
    step = changed.user["femur"] @ np.linalg.inv(moved.user["femur"])
    expected = turned(25.0 * OBLIQUE / np.linalg.norm(OBLIQUE), np.array([40.0, 20.0, 60.0]), np.zeros(3))
    assert step == pytest.approx(expected, abs=1e-10)


def test_a_quarter_turn_follows_the_right_hand(some_corrections) -> None:
    changed = some_corrections.turned("femur", [0.0, 0.0, 1.0], 90.0)
    right_of_center = np.array([11.0, 20.0, 60.0])
    assert applied(changed.user["femur"], right_of_center) == pytest.approx([10.0, 21.0, 60.0])


def test_bones_keep_their_places_to_each_other_when_the_knee_turns(some_corrections) -> None:
    start = some_corrections.moved("tibia", [3.0, 0.0, 0.0]).turned("femur", OBLIQUE, 5.0)
    changed = start.turned(WHOLE, OBLIQUE, 12.0).moved(WHOLE, [1.0, 2.0, 3.0])
    steps = [changed.user[bone] @ np.linalg.inv(start.user[bone]) for bone in ("femur", "tibia")]
    assert steps[0] == pytest.approx(steps[1], abs=1e-10)
    joint = start.center_ras_mm(WHOLE)
    assert joint == pytest.approx((start.center_ras_mm("femur") + start.center_ras_mm("tibia")) / 2)
    assert applied(steps[0], joint) == pytest.approx(joint + [1.0, 2.0, 3.0], abs=1e-10)


def test_five_hundred_nudges_and_back_end_where_they_began(some_corrections) -> None:
    rng = np.random.default_rng(0)
    nudges = [(rng.normal(size=3), rng.choice([0.1, 0.5, 2.0]), rng.integers(2)) for _ in range(500)]
    changed = some_corrections
    for axis, size, kind in nudges:
        changed = changed.turned("femur", axis, size) if kind else changed.moved("femur", size * axis)
    turn = changed.user["femur"][:3, :3]
    assert turn.T @ turn == pytest.approx(np.eye(3), abs=1e-14)
    assert changed.amount("femur")[0] > 1.0
    for axis, size, kind in reversed(nudges):
        changed = changed.turned("femur", axis, -size) if kind else changed.moved("femur", -size * axis)
    assert changed.user["femur"] == pytest.approx(np.eye(4), abs=1e-9)


def test_a_matrix_slightly_off_is_made_rigid_again(some_corrections) -> None:
    stretched = some_corrections.composed("femur").copy()
    stretched[:3, :3] *= 1.00002
    turn = some_corrections.placed("femur", stretched).user["femur"][:3, :3]
    assert turn.T @ turn == pytest.approx(np.eye(3), abs=1e-14)


def test_a_bone_lies_where_it_is_placed(some_corrections) -> None:
    wanted = turned(np.array([11.0, -3.0, 40.0]), np.array([5.0, 5.0, 5.0]), np.array([-20.0, 3.0, 9.0]))
    changed = some_corrections.moved("femur", [1.0, 0.0, 0.0]).placed("femur", wanted)
    assert changed.composed("femur") == pytest.approx(wanted, abs=1e-10)
    assert np.array_equal(changed.auto["femur"], some_corrections.auto["femur"])


@pytest.mark.parametrize("factors", [[-1.0, 1.0, 1.0, 1.0], [1.1, 1.0, 1.0, 1.0], [np.nan, 1.0, 1.0, 1.0]])
def test_mirrored_stretched_and_unknown_motions_are_refused(some_corrections, factors: list[float]) -> None:
    with pytest.raises(InputError, match="femur is not rigid"):
        some_corrections.placed("femur", np.diag(factors))


def test_nobody_can_write_into_corrections(some_corrections) -> None:
    changed = some_corrections.moved("femur", [1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="read-only"):
        changed.user["femur"][0, 3] = 5.0
    with pytest.raises(TypeError):
        changed.user["femur"] = np.eye(4)  # type: ignore[index]
    assert not some_corrections.is_corrected("femur")


def test_unknown_bones_and_axes_without_direction_are_refused(some_corrections) -> None:
    with pytest.raises(KeyError, match="elbow"):
        some_corrections.moved("elbow", [1.0, 0.0, 0.0])
    with pytest.raises(KeyError, match="elbow"):
        some_corrections.reset("elbow")
    with pytest.raises(ValueError, match="no direction"):
        some_corrections.turned("femur", [0.0, 0.0, 0.0], 1.0)


def test_patches_follow_their_bone_into_the_mr(two_bones) -> None:
    """By its motion and the local refinement, however the bone came to lie there."""
    local = two_bones.local
    assert local is not None
    field = LocalField(np.array(local.center_lps_mm), np.array(local.coefficients_mm))
    record = replace(two_bones, patches=two_bones.patches[:1])
    changed = Corrections.of_record(record).turned("femur", OBLIQUE, 9.0).applied_to(record)
    there = applied(changed.bones[0].fixed_to_moving_lps, np.array([record.patches[0].ct_mm]))
    assert changed.patches[0].mr_mm == pytest.approx(field.shown_at(there)[0], abs=1e-9)
    assert np.linalg.norm(field.displacement_mm(there)) > 0.05
    plain = Corrections.of_record(record).turned("femur", OBLIQUE, 9.0).applied_to(replace(record, local=None))
    assert plain.patches[0].mr_mm == pytest.approx(there[0], abs=1e-9)
    other = Corrections.of_record(record).moved("tibia", [1.0, 0.0, 0.0]).applied_to(record)
    assert other.patches == record.patches
    assert rows(Corrections.of_record(other).user["tibia"])[0] == (1.0, 0.0, 0.0, 1.0)
