"""What the check of a patch set finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.learning.patches.check import Gravity, check_patch_set, refuse_errors
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set


@pytest.fixture
def whole(a_set: Path) -> PatchSet:
    return read_patch_set(a_set)


def with_knees(patch_set: PatchSet, column: str, row: int, value: object) -> PatchSet:
    values = patch_set.knees[column].astype(object)
    values[row] = value
    return replace(patch_set, knees={**patch_set.knees, column: np.array(values.tolist())})


def codes(patch_set: PatchSet, gravity: Gravity = Gravity.ERROR) -> list[str]:
    return [finding.code for finding in check_patch_set(patch_set) if finding.gravity is gravity]


def test_a_good_set_has_no_errors_but_may_lack_splits(whole: PatchSet) -> None:
    assert codes(whole) == []
    present = set(whole.knees["split"].tolist())
    missing = next(f for f in check_patch_set(whole) if f.code == "split-empty")
    assert all((split in missing.text) == (split not in present) for split in ("train", "tune", "stop", "test"))
    assert refuse_errors(whole) == check_patch_set(whole)


def test_a_subject_in_two_splits_is_an_error_and_in_one_a_warning(whole: PatchSet) -> None:
    both = with_knees(whole, "subject", 1, whole.knees["subject"][0])
    both = with_knees(with_knees(both, "split", 0, "train"), "split", 1, "train")
    assert codes(both) == [] and "two-knees-of-a-subject" in codes(both, Gravity.WARNING)
    leaking = with_knees(both, "split", 1, "test")
    assert codes(leaking) == ["subject-in-two-splits"]
    assert "two-knees-of-a-subject" not in codes(leaking, Gravity.WARNING)
    with pytest.raises(InputError, match=r"In more than one split: 1 subject \(vk0001\)"):
        refuse_errors(leaking)


def test_equal_cubes_are_found_wherever_they_are(whole: PatchSet) -> None:
    ct = np.array(whole.ct)
    ct[9] = ct[2]
    (finding,) = (f for f in check_patch_set(replace(whole, ct=ct)) if f.gravity is Gravity.ERROR)
    assert finding.code == "equal-patches"
    names = [f"{whole.patches['knee'][n]} {whole.patches['id'][n]}" for n in (2, 9)]
    assert f"{names[0]} = {names[1]}" in finding.text


def test_rows_and_knees_listed_twice_are_found(whole: PatchSet) -> None:
    assert codes(whole.select([0, 1, 1])) == ["duplicate-rows", "equal-patches"]
    knees = {name: np.concatenate([values, values[:1]]) for name, values in whole.knees.items()}
    assert "duplicate-knees" in codes(replace(whole, knees=knees))


def test_sides_must_be_stated_and_left_knees_mirrored(whole: PatchSet) -> None:
    left = whole.knees["side"].tolist().index("left")
    assert codes(with_knees(whole, "side", left, "right")) == ["side-not-as-read"]
    assert codes(with_knees(whole, "side", left, "")) == ["side-missing"]
    knees = {name: values for name, values in whole.knees.items() if name != "mirrored"}
    assert codes(replace(whole, knees=knees)) == []
    assert "mirroring-unknown" in codes(replace(whole, knees=knees), Gravity.WARNING)


def test_missing_targets_are_an_error_but_for_unpaired_knees(whole: PatchSet) -> None:
    patches = {**whole.patches, "app_tb_sp_mm": whole.patches["app_tb_sp_mm"].copy()}
    patches["app_tb_sp_mm"][:4] = np.nan
    holed = replace(whole, patches=patches)
    assert codes(holed) == ["target-missing"]
    assert codes(with_knees(holed, "split", 0, "unpaired")) == []


def test_unknown_splits_lost_covariates_and_empty_knees_are_told(whole: PatchSet) -> None:
    assert codes(with_knees(whole, "split", 0, "extra")) == ["split-unknown"]
    lost = with_knees(whole, "ct_noise_sd_hu", 0, float("nan"))
    assert "covariate-missing" in codes(lost, Gravity.WARNING)
    assert codes(with_knees(whole, "ct_bone_tissue_hu", 0, float("nan"))) == ["references-missing"]
    without = {name: values[4:] for name, values in whole.patches.items()}
    emptied = replace(whole, patches=without, ct=whole.ct[4:])
    assert codes(emptied, Gravity.WARNING)[-1] == "knee-without-patches"
