"""A frozen version of the generator goes on making the same knees."""

from __future__ import annotations

import json

import pytest

from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import plan_knee
from CTSMALib.virtual.version import GENERATOR, TEST_SEEDS
from Testing.core.virtual.cohort.made_up_knees import MADE_UP
from Testing.core.virtual.fingerprint import FROZEN, fingerprint

# What rounding on another machine may change: single voxels by one step, a few voxels of a bone, means a little.
ROUNDING = {"voxels": 1.5, "labels": 3.0, "SD": 0.05}
OTHERWISE = 1e-3
CHANGED = "Virtual knees have changed: give the generator a new version (docs/virtual-knees.md, Versions)."


def test_the_version_is_as_frozen() -> None:
    frozen, found = json.loads((FROZEN / f"{GENERATOR}.json").read_text()), fingerprint()
    assert (found["specs"], found["cohorts"]) == (frozen["specs"], frozen["cohorts"]), CHANGED
    assert found["knees"].keys() == frozen["knees"].keys()
    for knee, values in frozen["knees"].items():
        assert found["knees"][knee].keys() == values.keys()
        for name, expected in values.items():
            near = pytest.approx(expected, rel=1e-4, abs=ROUNDING.get(name.split()[-1], OTHERWISE))
            assert found["knees"][knee][name] == near, f"{knee}: {name}. {CHANGED}"


def test_cohorts_of_reserved_seeds_are_for_the_test_only() -> None:
    for seed in (TEST_SEEDS[0], TEST_SEEDS[-1]):
        order = CohortOrder(30, seed=seed)
        assert {plan_knee(order, number, MADE_UP).split for number in range(1, 31)} == {"test"}
    order = CohortOrder(30, seed=TEST_SEEDS[0] - 1)
    assert "train" in {plan_knee(order, number, MADE_UP).split for number in range(1, 31)}
