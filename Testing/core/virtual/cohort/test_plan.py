"""What a cohort is asked for, and what each knee of it is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import plan_knee
from CTSMALib.virtual.cohort.plain import as_plain, digest
from CTSMALib.virtual.scanners import CTProtocol, Tissue
from Testing.core.virtual.cohort.made_up_knees import MADE_UP


def test_a_knee_is_the_same_whatever_their_number() -> None:
    few, many = CohortOrder(3, seed=8), CohortOrder(3000, seed=8)
    assert [plan_knee(few, i, MADE_UP) for i in (1, 2, 3)] == [plan_knee(many, i, MADE_UP) for i in (1, 2, 3)]
    seeds = {plan_knee(many, i, MADE_UP).spec.seed for i in range(1, 201)}
    seeds |= {plan_knee(many, i, MADE_UP).order.scan_seed for i in range(1, 201)}
    assert len(seeds) == 400
    assert plan_knee(CohortOrder(3, seed=9), 1, MADE_UP).spec.seed not in seeds


def test_grades_are_balanced_in_every_five_and_mixed() -> None:
    order = CohortOrder(100, seed=4, grades="balanced")
    grades = np.array([plan_knee(order, i, MADE_UP).spec.grade for i in range(1, 101)]).reshape(20, 5)
    assert (np.sort(grades, axis=1) == np.arange(5)).all()
    assert len({tuple(block) for block in grades}) > 10


def test_splits_have_their_shares_in_every_twenty() -> None:
    order = CohortOrder(40, seed=4)
    splits = [plan_knee(order, i, MADE_UP).split for i in range(1, 41)]
    for block in (splits[:20], splits[20:]):
        assert Counter(block) == {"train": 12, "tune": 2, "stop": 1, "calibrate": 2, "test": 3}
    assert splits[:20] != splits[20:]


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"knees": 0}, "--knees"),
        ({"knees": 10**7}, "--knees"),
        ({"seed": -1}, "--seed"),
        ({"patches": 0}, "--patches"),
        ({"patches": 97}, "--patches"),
        ({"mode": "half"}, "--mode"),
        ({"series": ("t2",)}, "--series"),
        ({"mode": "patches", "dicom": True}, "--dicom"),
        ({"mode": "patches", "series": ("t1",)}, "--series"),
        ({"mode": "patches", "rescan": True}, "--rescan"),
        ({"registration_error_mm": 0.5}, "--registration-error"),
        ({"mode": "patches", "registration_error_mm": float("nan")}, "--registration-error"),
        ({"mode": "registration", "truth": "full"}, "--thickness-truth"),
        ({"mode": "registration", "truth": "fast"}, "--thickness-truth"),
        ({"patches": 5, "truth": "none"}, "--patches"),
        ({"mode": "registration", "patches": 5}, "--patches"),
    ],
)
def test_what_cannot_be_made_is_refused(wrong: dict, option: str) -> None:
    with pytest.raises(InputError) as caught:
        CohortOrder(**{"knees": 5, **wrong})
    assert option in caught.value.message and caught.value.remedy


def test_the_mode_says_what_is_measured_unless_asked() -> None:
    assert [CohortOrder(1, mode=mode).truth for mode in ("whole", "patches", "registration")] == [
        "fast",
        "fast",
        "none",
    ]


def test_parameters_become_json_and_one_digest() -> None:
    protocol = CTProtocol(tissue_hu={Tissue.MUSCLE: np.float32(55.0)}, tilt=(0.0, 0.01))
    plain = as_plain(protocol)
    assert plain["tissue_hu"] == {"muscle": 55.0} and plain["tilt"] == [0.0, 0.01]
    assert digest({"a": 1, "b": 2.0}) == digest({"b": 2.0, "a": 1}) != digest({"a": 1, "b": 2.0000001})
    with pytest.raises(TypeError):
        as_plain({1, 2})
