"""The structure itself: learned from true values, on scales of its own, only where enough of them are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.structure_fit import fit_structure, structure_columns
from CTSMALib.student.linear import LinearReading
from CTSMALib.student.network import CT, PatchNet
from CTSMALib.student.structure import STRUCTURE_KEYS, StructureReading, on_scale
from Testing.core.student.made_up_set import made_up_set

SPLITS = ("tune",) * 7 + ("calibrate",) * 7


@pytest.fixture(scope="module")
def a_set(tmp_path_factory: pytest.TempPathFactory) -> PatchSet:
    return read_patch_set(made_up_set(tmp_path_factory.mktemp("sets") / "set", SPLITS, truth=True))


@pytest.fixture(scope="module")
def a_net() -> PatchNet:
    return PatchNet(CT, (4, 6, 8), dropout=0.0).eval()


def a_constant(values: list[float], sds: list[float]) -> StructureReading:
    said = on_scale(np.array([values]))[0]
    linear = LinearReading(np.zeros(3), np.ones(3), np.zeros((3, 4)), said)
    return StructureReading(linear, np.array(sds))


def test_values_come_back_from_their_scales_with_uncertainties_to_first_order() -> None:
    values = [0.25, 0.2, 0.8, 1.1]
    found = a_constant(values, [0.1, 0.1, 0.2, 0.05]).of_columns(np.zeros((2, 3)))
    np.testing.assert_allclose(found.values, [values, values])
    np.testing.assert_allclose(found.uncertainties[0], [0.1 * 0.25 * 0.75, 0.02, 0.16, 0.055])


def test_a_fraction_beyond_its_limits_stays_within() -> None:
    found = on_scale(np.array([[0.0, 0.0, 1.0, 1.0], [1.0, 0.1, 1.0, 1.0]]))
    assert np.isfinite(found).all()


def test_what_the_direct_quantities_tell_is_learned(a_set: PatchSet, a_net: PatchNet) -> None:
    tune, calibrate = a_set.of_split("tune"), a_set.of_split("calibrate")
    fit = fit_structure([a_net], tune, calibrate)
    assert fit is not None and fit.learned_from == len(tune) and fit.judged_on == len(calibrate)
    assert (fit.icc > 0.8).all()
    said = fit.reading.of_columns(structure_columns([a_net], calibrate))
    within = np.abs(said.values - calibrate.truth) <= 1.96 * said.uncertainties
    assert said.values.shape == (len(calibrate), len(STRUCTURE_KEYS)) and (within.mean(axis=0) > 0.9).all()


def test_it_does_not_look_at_the_truth_of_those_that_calibrate(a_set: PatchSet, a_net: PatchNet) -> None:
    tune, calibrate = a_set.of_split("tune"), a_set.of_split("calibrate")
    rows = np.arange(40)
    one, two = (fit_structure([a_net], tune, part) for part in (calibrate, calibrate.select(rows)))
    assert one is not None and two is not None
    np.testing.assert_array_equal(one.reading.linear.weights, two.reading.linear.weights)
    assert two.judged_on == 0 and np.isnan(two.icc).all() and (two.reading.sds > 0).all()  # by cross-validation


def test_without_enough_true_values_nothing_is_learned(a_net: PatchNet, a_set: PatchSet, tmp_path: Path) -> None:
    plain = read_patch_set(made_up_set(tmp_path / "set", SPLITS))
    assert fit_structure([a_net], plain.of_split("tune"), plain.of_split("calibrate")) is None
    few = a_set.of_split("tune").select(np.arange(64))
    assert fit_structure([a_net], few, a_set.of_split("calibrate")) is None
