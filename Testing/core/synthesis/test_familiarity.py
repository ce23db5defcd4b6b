"""How far an MR is from those of the training."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.synthesis.familiarity import Familiarity

SPREAD = np.array([1.0, 10.0, 0.1, 3.0])


@pytest.fixture(scope="module")
def a_familiarity() -> Familiarity:
    rng = np.random.default_rng(1)
    return Familiarity.of(SPREAD * rng.standard_normal((400, 4)), SPREAD * rng.standard_normal((200, 4)))


def test_what_is_like_the_training_is_familiar(a_familiarity: Familiarity) -> None:
    others = SPREAD * np.random.default_rng(2).standard_normal((300, 4))
    distances = np.array([a_familiarity.distance(row) for row in others])
    assert np.mean(distances) == pytest.approx(1.0, abs=0.15)
    assert np.mean(distances > a_familiarity.limit) < 0.05


@pytest.mark.parametrize("axis", range(4))
def test_what_is_far_is_flagged_whatever_its_spread(a_familiarity: Familiarity, axis: int) -> None:
    far = np.zeros(4)
    far[axis] = 8.0 * SPREAD[axis]
    assert a_familiarity.distance(far) > 1.5 * a_familiarity.limit
    assert a_familiarity.distance(0.05 * far) < a_familiarity.limit


def test_features_that_never_vary_do_no_harm() -> None:
    features = np.random.default_rng(3).standard_normal((50, 3)) * [1.0, 0.0, 1.0]
    found = Familiarity.of(features, features)
    assert np.isfinite(found.limit) and found.distance(np.array([0.0, 1.0, 0.0])) > found.limit
