"""Errors at landmarks, and corrections that landmarks tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.registration.record import LandmarkPair, RegistrationRecord
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.landmark_error import (
    ErrorSummary,
    bone_errors,
    fitted_to_landmarks,
    next_id,
    point_errors,
    with_landmark,
    without_landmark,
)
from CTSMALib.volumes.rigid import applied, turned
from Testing.core.registration.made_up_record import FEMUR_MOTION, a_record

POINTS = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 5.0], [0.0, 25.0, 0.0], [10.0, 5.0, 40.0], [-20.0, 15.0, 12.0]])
BESIDE = turned(np.array([4.0, -6.0, 3.0]), np.array([5.0, 5.0, 5.0]), np.array([2.0, -1.0, 3.0]))


def a_pair_at(name: str, ct: np.ndarray, mr: np.ndarray, held_out: bool = False, bone: str = "femur") -> LandmarkPair:
    return LandmarkPair(name, bone, tuple(map(float, ct)), tuple(map(float, mr)), held_out, "Reader")


@pytest.fixture
def a_landmarked_record() -> RegistrationRecord:
    """Five pairs of the femur from its true motion, which is not the one found; the last one is held out."""
    there = applied(FEMUR_MOTION @ BESIDE, POINTS)
    pairs = [a_pair_at(str(n + 1), POINTS[n], there[n], held_out=n == 4) for n in range(5)]
    return replace(a_record(), landmarks=tuple(pairs))


def test_errors_are_distances_in_millimeters_under_the_composed_motion() -> None:
    there = applied(FEMUR_MOTION, POINTS)
    away = np.array([[3.0, 0, 0], [0, 4.0, 0], [0, 0, 5.0], [0.6, 0, 0.8], [0, 0, 0]])
    pairs = [a_pair_at(str(n), POINTS[n], there[n] + away[n], held_out=n > 2) for n in range(5)]
    record = replace(a_record(), landmarks=tuple(pairs))
    points = point_errors(record)
    assert [p.error_mm for p in points] == pytest.approx([3.0, 4.0, 5.0, 1.0, 0.0], abs=1e-9)
    (femur,) = bone_errors(points)
    assert femur.fitted == ErrorSummary(3, pytest.approx(4.0), pytest.approx(5.0), pytest.approx((50 / 3) ** 0.5))
    assert femur.held_out == ErrorSummary(2, pytest.approx(0.5), pytest.approx(1.0), pytest.approx(0.5**0.5))
    moved = Corrections.of_record(record).moved("femur", [0.0, 0.0, 2.0])
    assert point_errors(record, moved)[4].error_mm == pytest.approx(2.0)
    assert point_errors(moved.applied_to(record))[4].error_mm == pytest.approx(2.0)


def test_a_pair_of_a_bone_that_was_not_registered_has_no_error() -> None:
    record = replace(a_record(), landmarks=(a_pair_at("1", POINTS[0], POINTS[1], bone="patella"),))
    assert point_errors(record)[0].error_mm is None
    assert bone_errors(point_errors(record)) == ()


def test_exact_landmarks_correct_a_bone_exactly(a_landmarked_record) -> None:
    before = bone_errors(point_errors(a_landmarked_record))[0]
    corrections = Corrections.of_record(a_landmarked_record).moved("femur", [7.0, 0.0, 0.0])
    fitted = fitted_to_landmarks(corrections, a_landmarked_record, "femur")
    after = bone_errors(point_errors(a_landmarked_record, fitted))[0]
    assert before.held_out.mean_mm > 2.0
    assert after.held_out.mean_mm < 1e-9 and after.fitted.max_mm < 1e-9
    assert np.array_equal(fitted.auto["femur"], corrections.auto["femur"])


def test_held_out_points_do_not_change_a_fit(a_landmarked_record) -> None:
    *used, last = a_landmarked_record.landmarks
    wrong = replace(a_landmarked_record, landmarks=(*used, replace(last, mr_lps_mm=(60.0, 0.0, 0.0))))
    start = Corrections.of_record(a_landmarked_record)
    both = [fitted_to_landmarks(start, record, "femur") for record in (a_landmarked_record, wrong)]
    assert both[0].changed_from(both[1]) == ()
    asked = replace(wrong, landmarks=tuple(replace(pair, held_out=False) for pair in wrong.landmarks))
    assert fitted_to_landmarks(start, asked, "femur").changed_from(both[0]) == ("femur",)


def test_too_few_points_to_fit_are_refused_even_if_more_are_held_out(a_landmarked_record) -> None:
    held = tuple(replace(p, held_out=p.id not in ("1", "2")) for p in a_landmarked_record.landmarks)
    record = replace(a_landmarked_record, landmarks=held)
    with pytest.raises(InputError, match="2 landmarks of the femur"):
        fitted_to_landmarks(Corrections.of_record(record), record, "femur")
    with pytest.raises(InputError, match="0 landmarks of the tibia"):
        fitted_to_landmarks(Corrections.of_record(record), record, "tibia")


def test_landmarks_are_added_replaced_and_removed(a_landmarked_record) -> None:
    assert next_id(a_landmarked_record) == "6"
    extra = a_pair_at("left edge", POINTS[0], POINTS[1])
    more = with_landmark(a_landmarked_record, extra)
    assert more.landmarks[-1] is extra and next_id(more) == "6"
    changed = with_landmark(more, replace(more.landmarks[1], held_out=True))
    assert [p.id for p in changed.landmarks] == [p.id for p in more.landmarks]
    assert changed.landmarks[1].held_out
    assert without_landmark(more, "left edge") == a_landmarked_record
    assert without_landmark(more, "77") is more
    empty = replace(more, landmarks=())
    assert next_id(empty) == "1"


@pytest.mark.parametrize("wrong", [{"bone": "elbow"}, {"id": ""}, {"mr_lps_mm": (float("nan"), 0.0, 0.0)}])
def test_landmarks_without_bone_name_or_place_are_refused(a_landmarked_record, wrong: dict) -> None:
    with pytest.raises(InputError):
        with_landmark(a_landmarked_record, replace(a_landmarked_record.landmarks[0], **wrong))
