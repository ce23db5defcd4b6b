"""Live numbers say what the judge says, and say it soon."""

from __future__ import annotations

import time

import numpy as np
import pytest

from CTSMALib.registration.record import ras_rows
from CTSMALib.registration.review.live_numbers import LiveJudge
from CTSMALib.registration.witnesses import outline_and_similarity
from CTSMALib.volumes.rigid import turned


@pytest.fixture(scope="module")
def a_live_judge(a_fixed_knee, a_moving_knee) -> LiveJudge:
    return LiveJudge(a_fixed_knee, a_moving_knee)


@pytest.mark.parametrize("bone", ["femur", "tibia", "patella", "fibula"])
@pytest.mark.parametrize("shift_mm", [0.0, 1.0])
def test_they_are_near_those_of_the_judge(
    a_pair, a_fixed_knee, a_moving_knee, a_live_judge, bone: str, shift_mm: float
) -> None:
    matrix = a_pair.matrices[bone] @ turned(np.zeros(3), np.zeros(3), shift_mm * np.array([0.6, 0.0, 0.8]))
    found = a_live_judge.at(bone, np.array(ras_rows(matrix)))
    contour, seen = outline_and_similarity(a_fixed_knee, bone, a_moving_knee, matrix)
    assert found.contour_mm == pytest.approx(contour.distance_mm, abs=0.08)
    assert found.contour_clear == pytest.approx(contour.clear, abs=0.08)
    assert found.similarity == pytest.approx(seen.value, abs=0.02)
    assert found.inside == pytest.approx(seen.inside, abs=0.02)


def test_they_get_worse_with_every_half_millimeter(a_pair, a_live_judge) -> None:
    shifts = [turned(np.zeros(3), np.zeros(3), d * np.array([0.6, 0.0, 0.8])) for d in (0.0, 0.5, 1.0, 1.5)]
    found = [a_live_judge.at("tibia", np.array(ras_rows(a_pair.matrices["tibia"] @ shift))) for shift in shifts]
    assert np.all(np.diff([n.contour_mm for n in found]) > 0.0)
    assert np.all(np.diff([n.similarity for n in found]) < -0.01)


def test_a_bone_outside_the_mr_has_no_contour(a_live_judge) -> None:
    away = np.eye(4)
    away[:3, 3] = 5000.0
    found = a_live_judge.at("tibia", away)
    assert found.contour_mm is None and found.inside == 0.0 and found.contour_clear == 0.0


def test_an_unknown_bone_is_refused(a_live_judge) -> None:
    with pytest.raises(KeyError):
        a_live_judge.at("elbow", np.eye(4))


def test_five_updates_fit_into_a_second(a_pair, a_live_judge) -> None:
    motion = np.array(ras_rows(a_pair.matrices["femur"]))
    a_live_judge.at("femur", motion)
    spent = []
    for _ in range(7):
        began = time.process_time()
        a_live_judge.at("femur", motion)
        spent.append(time.process_time() - began)
    assert np.median(spent) < 0.2
