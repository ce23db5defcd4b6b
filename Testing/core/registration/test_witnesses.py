"""Witnesses disagree with a wrong motion, and the outline tells where it should go."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.registration.contour import Contour
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.witnesses import Witnesses, call_witnesses, outline_and_similarity
from CTSMALib.volumes.rigid import applied, turned

BESIDE_MM = np.array([1.8, -1.6, 1.8])  # 3 mm


@pytest.fixture(scope="module")
def right_and_wrong(a_pair, a_fixed_knee, a_moving_knee) -> tuple[Witnesses, Witnesses]:
    """Of the true motion of the tibia, and of one 3 mm beside it."""
    true = a_pair.matrices["tibia"]
    motions = (true, true @ turned(np.zeros(3), np.zeros(3), BESIDE_MM))
    return tuple(call_witnesses(a_fixed_knee, "tibia", a_moving_knee, m, LocalField.none()) for m in motions)


@pytest.mark.parametrize("witness", ["inverse_mm", "halves_mm", "perturbed_mm"])
def test_a_motion_beside_the_right_one_has_witnesses_against_it(right_and_wrong, a_fixed_knee, witness: str) -> None:
    surface = a_fixed_knee.surface("tibia").points_mm
    right, wrong = (getattr(seen, witness)(surface).mean() for seen in right_and_wrong)
    assert right + 1.5 < wrong < 4.5


def test_fewer_edges_are_clear_beside_the_right_motion(right_and_wrong) -> None:
    right, wrong = right_and_wrong
    assert wrong.contour.clear < 0.75 * right.contour.clear


def test_displaced_starts_come_back_to_the_right_motion_only(right_and_wrong, a_fixed_knee) -> None:
    surface = a_fixed_knee.surface("tibia").points_mm
    right, wrong = right_and_wrong
    assert right.returned(surface) == 1.0 and wrong.returned(surface) == 0.0
    assert right.similarity.value > wrong.similarity.value


def test_the_outline_lies_off_by_what_the_motion_is_off(a_pair, a_fixed_knee, a_moving_knee) -> None:
    """A motion that carries points 1 mm too far along x leaves the edges 1 mm behind them."""
    true, shift = a_pair.matrices["tibia"], turned(np.zeros(3), np.zeros(3), np.array([1.0, 0.0, 0.0]))
    at, beside = (outline_and_similarity(a_fixed_knee, "tibia", a_moving_knee, m)[0] for m in (true, true @ shift))
    assert along_x(beside) == pytest.approx(-1.0, abs=0.3)
    assert along_x(at) == pytest.approx(0.0, abs=0.2)
    back = [applied(contour.motion(), a_fixed_knee.center_mm("tibia")) for contour in (at, beside)]
    assert back[1] - back[0] == pytest.approx([-1.0, 0.0, 0.0], abs=0.3)


def test_the_outline_of_the_right_motion_lies_on_the_edges(a_pair, a_fixed_knee, a_moving_knee) -> None:
    contour, found = outline_and_similarity(a_fixed_knee, "tibia", a_moving_knee, a_pair.matrices["tibia"])
    assert contour.clear > 0.5 and found.inside > 0.9
    assert contour.distance_mm < 0.5


def test_what_lies_outside_the_mr_is_not_known(a_pair, a_fixed_knee) -> None:
    """Half of a femur cannot agree with the other half that it does not see."""
    part = MovingKnee(a_pair.mr[:, :28])  # the proximal end
    motion = a_pair.matrices["femur"]
    surface = a_fixed_knee.surface("femur").points_mm
    seen = call_witnesses(a_fixed_knee, "femur", part, motion, LocalField.none())
    assert 0.25 < seen.similarity.inside < 0.4
    assert any(side is None for cut in seen.halves for side in cut)
    sees_little = call_witnesses(a_fixed_knee, "femur", MovingKnee(a_pair.mr[:, :12]), motion, LocalField.none())
    assert sees_little.inverse is None and np.isnan(sees_little.inverse_mm(surface)).all()
    assert np.isnan(sees_little.halves_mm(surface)).any()


def along_x(contour: Contour) -> float:
    """Mean of what both sides say, mm along x."""
    across = contour.normals[:, 0]
    sides = [np.median(contour.offset_mm[s * across > 0.85]) * s for s in (1.0, -1.0)]
    return float(np.mean(sides))
