"""Patches in the fixed order of the learning grid, and when there are too few of them."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.tokens import COMPARTMENT, IDS, PLACES, SPOTS, knee_tokens, lacking
from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.core.diagnosis.made_up_model import some_knees

VALUES = dict(zip(KEYS, (0.3, 0.2, 0.6, 1.2), strict=True))


def test_the_ids_are_those_of_the_learning_grid_and_their_spots_agree() -> None:
    assert len(set(IDS)) == PLACES == 96
    assert IDS[0] == "FM-r1-c1-d1" and IDS[-1] == "TL-r3-c4-d2"
    number = IDS.index("TM-r2-c4-d1")
    assert SPOTS[number].tolist() == [2, 1, 3, 0]


def test_a_patch_that_lacks_a_value_is_absent_and_what_is_unsure_is_not_a_number() -> None:
    values = {"TM-r2-c4-d1": VALUES, "FL-r1-c1-d2": {**VALUES, KEYS[2]: np.nan}, "FM-r1-c1-d1": {KEYS[0]: 0.2}}
    found = knee_tokens(values, {"TM-r2-c4-d1": {KEYS[1]: 0.01}}, age=61.0)
    assert np.flatnonzero(found.present).tolist() == [IDS.index("TM-r2-c4-d1")]
    place = IDS.index("TM-r2-c4-d1")
    assert found.values[place].tolist() == list(VALUES.values())
    assert found.uncertainties[place][1] == 0.01 and np.isnan(found.uncertainties[place][0])
    assert found.age == 61.0 and found.counts.tolist() == [0, 0, 1, 0]


def test_an_id_of_another_grid_is_refused() -> None:
    with pytest.raises(InputError, match="tibia-i001"):
        knee_tokens({"tibia-i001-j002-d1": VALUES})


def test_too_few_patches_are_told_in_a_sentence() -> None:
    knee = some_knees(1)[0]
    assert lacking(knee) == ""
    one_side = knee.only((COMPARTMENT != 3) | (np.arange(PLACES) == np.flatnonzero(knee.present)[-1]))
    assert "Only 1 patches of the lateral tibial plateau" in lacking(one_side)
    few = np.isin(np.arange(PLACES), np.flatnonzero(knee.present)[::2][:11])
    assert "Only 11 of 96" in lacking(knee.only(few))


def test_patches_unlike_the_training_are_counted_and_too_many_of_them_are_a_reason() -> None:
    knee = some_knees(1, kept=40)[0]
    there = np.flatnonzero(knee.present)
    for count, reason in ((10, ""), (11, "11 of 40 patches look unlike")):
        unlike = np.isin(np.arange(PLACES), there[::3][:count])
        found = knee.without_unlike(unlike)
        assert found.unlike == count and found.counts.sum() == 40 - count and not found.present[unlike].any()
        assert lacking(found).startswith(reason) and bool(lacking(found)) == bool(reason)


def test_usual_values_of_a_place_become_zero_and_absent_ones_too() -> None:
    knees = some_knees(200, kept=80)
    standardizer = Standardizer.of(knees)
    off = np.array([standardizer.values(knee) for knee in knees])
    present = np.array([knee.present for knee in knees])
    assert np.all(off[~present] == 0.0)
    assert abs(off[present].mean()) < 0.05 and abs(off[present].std() - 1.0) < 0.05
    by_place = np.array([off[present[:, n], n, 0].mean() for n in range(PLACES)])
    assert np.abs(by_place).max() < 0.2, "the medial tibia, where disease raises BV/TV, too"
    assert np.array_equal(Standardizer.from_arrays(standardizer.arrays()).values(knees[3]), off[3])


def test_unknown_uncertainties_are_usual_ones() -> None:
    knees = some_knees(30)
    standardizer = Standardizer.of(knees)
    assert standardizer.inputs(knees[0]).shape == (96, 8)
    unsure = knee_tokens({IDS[0]: dict(zip(KEYS, knees[0].values[knees[0].present][0], strict=True))})
    assert standardizer.inputs(unsure)[0, 4:].tolist() == [0.0] * 4
    nothing_known = [
        knee_tokens({name: VALUES for name, there in zip(IDS, knee.present, strict=True) if there}) for knee in knees
    ]
    assert np.isfinite(Standardizer.of(nothing_known).inputs(nothing_known[0])).all()
