"""A bone whose motion is known is found again from near."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import Fit, fit_rigid, judged
from CTSMALib.volumes.rigid import applied, turned
from Testing.core.made_up_pair import MadeUpPair

START_DEG, START_MM = np.array([3.0, -3.0, 2.6]), np.array([3.0, 3.0, -2.6])  # 5 degrees, 5 mm


@pytest.fixture(scope="module")
def fits(a_pair: MadeUpPair, a_fixed_knee: FixedKnee, a_moving_knee: MovingKnee) -> tuple[Fit, Fit]:
    """The tibia from a displaced start, twice."""
    points = a_fixed_knee.points("tibia", 5000, 1.0, 4.0)
    start = a_pair.matrices["tibia"] @ turned(START_DEG, points.pivot_mm, START_MM)
    return tuple(fit_rigid(points, a_moving_knee.level(1.0), start) for _ in range(2))


def test_a_bone_is_found_from_five_degrees_and_five_millimeters(fits, a_pair, a_fixed_knee) -> None:
    surface = a_fixed_knee.surface("tibia").points_mm
    apart = applied(fits[0].matrix, surface) - applied(a_pair.matrices["tibia"], surface)
    assert np.linalg.norm(apart, axis=1).max() < 0.2


def test_the_same_start_gives_the_same_motion_bit_for_bit(fits) -> None:
    assert np.array_equal(fits[0].matrix, fits[1].matrix)
    assert fits[0].trace == fits[1].trace


def test_the_trace_rises_and_the_truth_is_worth_most(fits, a_pair, a_fixed_knee, a_moving_knee) -> None:
    points, level = a_fixed_knee.points("tibia", 5000, 1.0, 4.0), a_moving_knee.level(1.0)
    assert fits[0].trace[-1] > fits[0].trace[0] + 0.05
    beside = a_pair.matrices["tibia"] @ turned(np.zeros(3), points.pivot_mm, np.array([2.0, 0.0, 0.0]))
    assert judged(points, level, a_pair.matrices["tibia"]).worth > judged(points, level, beside).worth
