"""Agreement of made-up arms is what they were made to have; differences are of the same patients and patches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.agreement import bland_altman, corrected_interval, icc_agreement, icc_consistency, patient_draws
from CTSMALib.errors import InputError
from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.evaluate import evaluate
from CTSMALib.learning.evaluation.patch_table import PatchTable, patch_table
from CTSMALib.learning.evaluation.predictions import Run
from CTSMALib.learning.evaluation.result import Evaluation
from CTSMALib.learning.evaluation.samples import Setting, samples
from CTSMALib.learning.evaluation.views import pairs_at
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.core.learning.evaluation.made_up_patch_set import PATCH_SD, SUBJECT_SD, TRUE_SCALE, TRUE_SD, a_patch_set

FEW = 200  # resamplings, where intervals matter little
VARIANCE = SUBJECT_SD**2 + PATCH_SD**2  # of labels


@pytest.fixture(scope="module")
def a_table(tmp_path_factory: pytest.TempPathFactory) -> PatchTable:
    made = a_patch_set(tmp_path_factory.mktemp("sets") / "set", subjects=40, patches=5)
    return patch_table(read_patch_set(made.folder))


def a_run(table: PatchTable, name: str, sd: float, shift: float = 0.0, stated: float = np.nan, seed: int = 1) -> Run:
    """The labels with noise of a standard deviation, shifted."""
    noise = np.random.default_rng(seed).normal(0.0, sd, table.labels.shape)
    return Run(name, name, table.labels + shift + noise, np.full(table.labels.shape, stated))


@pytest.fixture(scope="module")
def an_evaluation(a_table: PatchTable) -> Evaluation:
    runs = (
        a_run(a_table, "ridge", 0.3),
        a_run(a_table, "shifted", 0.2, shift=0.3, stated=0.2, seed=2),
        replace(a_run(a_table, "student_none-s1", 0.2, stated=0.2, seed=3), arm="student_none"),
        replace(a_run(a_table, "student_none-s2", 0.25, stated=0.25, seed=4), arm="student_none"),
    )
    return evaluate(a_table, runs, resamplings=FEW)


def value(found: Evaluation, arm: str, *what: str, **where: str) -> float:
    one = found.find(arm, *what, **where)
    assert one is not None
    return one.value


def test_icc_is_that_of_the_room_of_agreement(a_table: PatchTable) -> None:
    run = a_run(a_table, "arm", 0.3, shift=0.1)
    found = evaluate(a_table, (run,), resamplings=FEW)
    rows = a_table.splits == "test"
    for column, key in enumerate(KEYS):
        both = np.column_stack([a_table.labels[rows, column], run.values[rows, column]])
        assert value(found, "arm", result.AGREEMENT, key) == pytest.approx(icc_agreement(both), abs=1e-9)
        assert value(found, "arm", result.CONSISTENCY, key) == pytest.approx(icc_consistency(both), abs=1e-9)
    mean = np.mean([value(found, "arm", result.AGREEMENT, key) for key in KEYS])
    assert value(found, "arm") == pytest.approx(mean)


def test_agreement_is_what_the_arms_were_made_to_have(an_evaluation: Evaluation) -> None:
    noise, shift = 0.2**2, 0.3**2
    found = an_evaluation
    assert value(found, "ridge") == pytest.approx(VARIANCE / (VARIANCE + 0.3**2 / 2), abs=0.02)
    assert value(found, "shifted") == pytest.approx(VARIANCE / (VARIANCE + noise / 2 + shift / 2), abs=0.02)
    assert value(found, "shifted", result.CONSISTENCY) == pytest.approx(VARIANCE / (VARIANCE + noise / 2), abs=0.02)
    assert value(found, "shifted", result.BIAS, KEYS[1]) == pytest.approx(0.3, abs=0.02)
    assert value(found, "shifted", result.RMSE, KEYS[1]) == pytest.approx((noise + shift) ** 0.5, abs=0.02)
    upper = value(found, "shifted", result.UPPER, KEYS[2])
    assert upper == pytest.approx(0.3 + 1.96 * 0.2, abs=0.03)
    assert value(found, "ridge", result.REFERENCE_SD, KEYS[0]) == pytest.approx(VARIANCE**0.5, rel=0.15)


def test_limits_of_agreement_know_whose_patches_they_are(a_table: PatchTable) -> None:
    run = a_run(a_table, "arm", 0.1)
    errors = np.random.default_rng(7).normal(0.0, 0.4, (200, 4))  # that all patches of a patient share
    subjects = np.unique(a_table.subjects, return_inverse=True)[1]
    run.values[:] += errors[subjects]
    found = evaluate(a_table, (run,), resamplings=FEW)
    rows = a_table.splits == "test"
    for column, key in enumerate(KEYS):
        of_patches = a_table.labels[rows, column], run.values[rows, column]
        limits, naive = bland_altman(*of_patches, a_table.subjects[rows]), bland_altman(*of_patches)
        low, high = (value(found, "arm", which, key) for which in (result.LOWER, result.UPPER))
        assert (low, high) == pytest.approx((limits.lower, limits.upper), abs=1e-9)
        assert high - low > naive.upper - naive.lower
        drawn = found.shown
        shown = bland_altman(drawn.labels[:, column], drawn.values[:, column], drawn.patients)
        assert (shown.lower, shown.upper) == pytest.approx((low, high), abs=1e-9)


def test_levels_see_what_is_left_of_noise_and_range(an_evaluation: Evaluation) -> None:
    found, noise = an_evaluation, 0.3**2
    within = PATCH_SD**2 / (PATCH_SD**2 + noise / 2)
    sd = value(found, "ridge", result.REFERENCE_SD, KEYS[0], level=result.WITHIN)
    assert sd == pytest.approx(PATCH_SD, rel=0.06)  # that of a knee with many patches
    patients = SUBJECT_SD**2 + PATCH_SD**2 / 20
    assert value(found, "ridge", level=result.WITHIN) == pytest.approx(within, abs=0.03)
    assert value(found, "ridge", level=result.PATIENT) == pytest.approx(patients / (patients + noise / 40), abs=0.03)
    assert value(found, "shifted", level=result.WITHIN) == pytest.approx(PATCH_SD**2 / (PATCH_SD**2 + 0.02), abs=0.03)
    assert value(found, "ridge", level=result.MIDDLE) < value(found, "ridge") - 0.2
    one = found.find("ridge", level=result.COMPARTMENT)
    assert one is not None and (one.pairs, one.patients) == (40 * 2 * 2, 40)


def test_deviations_within_a_compartment_need_two_patches_and_are_widened() -> None:
    labels, parts = np.array([1.0, 3.0, 5.0, 2.0, 4.0, 9.0]), np.array([0, 0, 2, 1, 1, 1])
    found = pairs_at(result.WITHIN, labels, 2.0 * labels, np.array([0, 0, 1, 1, 1, 1]), parts)
    expected = [-(2.0**0.5), 2.0**0.5, -3.0 * 1.5**0.5, -1.0 * 1.5**0.5, 4.0 * 1.5**0.5]
    assert found.labels == pytest.approx(expected) and found.values == pytest.approx([2.0 * x for x in expected])
    assert found.patients.tolist() == [0, 0, 1, 1, 1]
    nothing = np.full(6, np.nan)
    assert len(pairs_at(result.WITHIN, nothing, labels, parts, parts).labels) == 0


def test_stated_uncertainties_cover_as_often_as_they_should(an_evaluation: Evaluation) -> None:
    for key in KEYS:
        assert value(an_evaluation, "student_none", result.COVERAGE, key) == pytest.approx(0.95, abs=0.03)
        assert value(an_evaluation, "shifted", result.COVERAGE, key) < 0.75
    assert an_evaluation.find("ridge", result.COVERAGE, KEYS[0]) is None


def test_runs_with_seeds_are_averaged(a_table: PatchTable, an_evaluation: Evaluation) -> None:
    single = []
    for name, sd, seed in (("student_none-s1", 0.2, 3), ("student_none-s2", 0.25, 4)):
        single.append(value(evaluate(a_table, (a_run(a_table, name, sd, seed=seed),), resamplings=FEW), name))
    one = an_evaluation.find("student_none")
    assert one is not None and one.runs == 2
    assert one.value == pytest.approx(np.mean(single)) and one.seed_sd == pytest.approx(np.std(single, ddof=1))
    assert an_evaluation.arms() == ("ridge", "shifted", "student_none")


def test_truth_is_compared_as_it_is_and_calibrated(an_evaluation: Evaluation) -> None:
    found, scale = an_evaluation, TRUE_SCALE
    calibrated = value(found, "ridge", target=result.CALIBRATED)
    explained = VARIANCE / (VARIANCE + 0.3**2)  # the line shrinks what holds noise
    spread = scale**2 * VARIANCE + TRUE_SD**2
    fitted = scale**2 * VARIANCE * explained
    assert calibrated == pytest.approx(2 * fitted / (spread + fitted), abs=0.03)
    assert value(found, "ridge", target=result.TRUTH) < 0.5
    assert value(found, result.MR_VALUES, target=result.CALIBRATED) > 0.97
    assert found.find(result.MR_VALUES) is None  # with themselves: no finding


def test_the_ceiling_is_what_true_parameters_say_of_the_mr(an_evaluation: Evaluation) -> None:
    left = (TRUE_SD / TRUE_SCALE) ** 2
    assert value(an_evaluation, result.TRUE_PARAMETERS) == pytest.approx(VARIANCE / (VARIANCE + left / 2), abs=0.01)
    ratio = an_evaluation.difference("ridge", result.TRUE_PARAMETERS, result.RATIO)
    assert ratio is not None
    expected = value(an_evaluation, "ridge") / value(an_evaluation, result.TRUE_PARAMETERS)
    assert ratio.value == pytest.approx(expected) and ratio.low < ratio.value < ratio.high


def test_a_rescan_is_a_ceiling(a_table: PatchTable) -> None:
    found = evaluate(a_table, (a_run(a_table, "arm", 0.3),), rescan=a_run(a_table, "r", 0.1, seed=5), resamplings=FEW)
    assert value(found, result.RESCAN) == pytest.approx(VARIANCE / (VARIANCE + 0.005), abs=0.01)
    assert result.RESCAN in found.arms(result.CEILING) and found.arms() == ("arm",)


def test_differences_are_of_the_same_patients(an_evaluation: Evaluation) -> None:
    paired = an_evaluation.difference("student_none", "ridge")
    one, two = an_evaluation.find("student_none"), an_evaluation.find("ridge")
    assert paired is not None and one is not None and two is not None
    assert paired.value == pytest.approx(one.value - two.value) and 0.0 < paired.low < paired.value < paired.high
    assert paired.high - paired.low < (one.high - one.low) + (two.high - two.low)
    assert an_evaluation.difference("ridge", "ridge") is None
    assert {d.reference for d in an_evaluation.differences} == {"ridge", "student_none", result.TRUE_PARAMETERS}


def test_equal_arms_do_not_differ(a_table: PatchTable) -> None:
    run = a_run(a_table, "ridge", 0.3)
    found = evaluate(a_table, (run, replace(run, name="copy", arm="copy")), resamplings=FEW)
    paired = found.difference("copy", "ridge")
    assert paired is not None and (paired.value, paired.low, paired.high) == (0.0, 0.0, 0.0)


def test_arms_are_compared_on_patches_that_both_predicted(a_table: PatchTable) -> None:
    ridge, other = a_run(a_table, "ridge", 0.3), a_run(a_table, "other", 0.25, seed=6)
    easy = np.flatnonzero(a_table.splits == "test")[::2]
    ridge.values[easy] = a_table.labels[easy]  # right where the other is silent
    other.values[easy] = np.nan
    found = evaluate(a_table, (ridge, other), resamplings=FEW)
    paired = found.difference("other", "ridge")
    assert paired is not None and paired.value > 0.0 and paired.pairs == len(easy)
    assert value(found, "other") < value(found, "ridge")


def test_groups_divide_all_patches(a_table: PatchTable, an_evaluation: Evaluation) -> None:
    groups = an_evaluation.groups()
    assert set(groups) == {
        *("ct-kernel", "ct-sharpness", "ct-noise", "grade", "compartment"),
        *("family", "registration-error", "dim-marrow"),
    }
    assert groups["family"] == ("in", "out") and groups["dim-marrow"] == ("no", "yes")
    assert groups["grade"] == ("0", "1", "2", "3", "4")
    assert [group.partition(":")[0] for group in groups["ct-noise"]] == ["lowest", "middle", "highest"]
    for grouping, names in groups.items():
        found = [an_evaluation.find("ridge", grouping=grouping, group=group) for group in names]
        assert sum(one.pairs for one in found if one is not None) == an_evaluation.patches
    family = an_evaluation.find("ridge", grouping="family", group="out", target=result.CALIBRATED)
    assert family is not None and 0 < family.patients < 40


def test_a_set_without_truth_says_so(tmp_path: Path) -> None:
    table = patch_table(read_patch_set(a_patch_set(tmp_path / "set", subjects=3, truth=False).folder))
    found = evaluate(table, (a_run(table, "arm", 0.1),), resamplings=FEW)
    assert {f.target for f in found.findings} == {result.MR}
    assert "no true values" in found.remarks[0]


def test_without_the_split_for_it_nothing_is_calibrated(a_table: PatchTable) -> None:
    run = a_run(a_table, "arm", 0.1)
    run.values[a_table.splits == "calibrate"] = np.nan
    found = evaluate(a_table, (run,), resamplings=FEW)
    assert found.find("arm", target=result.TRUTH) is not None
    assert found.find("arm", target=result.CALIBRATED) is None
    assert found.remarks == (
        "Without enough predictions of the split 'calibrate' (three patches with true values), not calibrated to "
        "truth: arm.",
    )


def test_intervals_of_the_mean_cover_its_true_value() -> None:
    rng, count, each, sd, inside = np.random.default_rng(7), 30, 8, 0.4, 0
    patients = np.repeat(np.arange(count), each)
    setting = Setting(np.arange(count * each), patients, patients, patient_draws(count, 300))
    for _ in range(150):
        labels = rng.normal(0, SUBJECT_SD, (count, 4))[patients] + rng.normal(0, PATCH_SD, (count * each, 4))
        values = labels + rng.normal(0, sd, labels.shape)
        found = samples(setting, result.PATCH, labels, values, None)[result.MEAN, result.AGREEMENT]
        interval = corrected_interval(found, count)
        inside += interval.low <= VARIANCE / (VARIANCE + sd**2 / 2) <= interval.high
    assert 0.87 <= inside / 150 <= 0.995


def test_the_same_seed_gives_the_same(a_table: PatchTable) -> None:
    run = a_run(a_table, "arm", 0.3)
    found = [evaluate(a_table, (run,), resamplings=FEW, seed=seed).find("arm") for seed in (1, 1, 2)]
    first, again, other = ((one.value, one.low, one.high) for one in found if one is not None)
    assert first == again and first[0] == other[0] and first[1:] != other[1:]


def test_what_cannot_be_evaluated_is_refused(a_table: PatchTable) -> None:
    run = a_run(a_table, "arm", 0.3)
    with pytest.raises(InputError, match="no patches in the split 'stop'"):
        evaluate(a_table, (run,), split="stop")
    with pytest.raises(InputError, match="no predictions of an arm 'other'"):
        evaluate(a_table, (run,), arm="other")
    run.values[a_table.splits == "test"] = np.nan
    with pytest.raises(InputError, match="'arm' predicted no patches of the split 'test'"):
        evaluate(a_table, (run, a_run(a_table, "ridge", 0.3)), arm="arm")
    with pytest.raises(InputError, match="No arm predicted"):
        evaluate(a_table, (run,))


def test_the_arm_that_is_shown_is_the_best_without_the_mr_or_the_one_asked_for(a_table: PatchTable) -> None:
    runs = (a_run(a_table, "poor", 0.5), a_run(a_table, "good", 0.1), a_run(a_table, "teacher", 0.05))
    assert evaluate(a_table, runs, resamplings=FEW).shown.arm == "good"
    delivered = [*runs, replace(runs[0], name="student", arm="student")]
    assert evaluate(a_table, delivered, resamplings=FEW).shown.arm == "student"
    shown = evaluate(a_table, runs, arm="poor", resamplings=FEW).shown
    assert shown.run == "poor" and shown.labels.shape == (np.count_nonzero(a_table.splits == "test"), 4)
