"""Knees read from a patch set and predictions, and folds of their patients."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from CTSMALib.bundles.write import write_bundle
from CTSMALib.diagnosis.tokens import IDS
from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis import dataset
from CTSMALib.learning.diagnosis.config import DiagnosisConfig, NetworkConfig
from CTSMALib.learning.diagnosis.dataset import Case, read_data
from CTSMALib.learning.diagnosis.folds import folds
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, some_cases, write_patch_set, write_table


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return some_cases(40, one_compartment(1.0), seed=3)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def changed(path: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    write_table(path, [change(row) for row in rows_of(path)])


def test_targets_of_mr_and_truth_are_read_as_they_were_written(cases: tuple[Case, ...], tmp_path: Path) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    for source in ("mr", "truth"):
        found = read_data(folder, source)
        assert found.values_from == source and found.left_out == {}
        for one, case in zip(found.cases, cases, strict=True):
            assert (one.knee, one.subject, one.grade, one.age) == (case.knee, case.subject, case.grade, case.age)
            assert np.array_equal(one.tokens.present, case.tokens.present)
            there = case.tokens.present
            assert np.array_equal(one.tokens.values[there], case.tokens.values[there])
            assert np.array_equal(one.hu.values[there], case.hu.values[there])
            assert np.isfinite(one.tokens.uncertainties[there]).all() == (source == "mr")


def test_features_are_read_beside_the_values_of_a_student(
    cases: tuple[Case, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    rows = [{k: row[k] for k in ("knee", "id", *KEYS)} for row in rows_of(folder / "patches.csv")]
    first = next(name for name, there in zip(IDS, cases[0].tokens.present, strict=True) if there)
    strange = (cases[0].knee, first)
    told = [{**row, "f:1": n, "f:2": "" if (row["knee"], row["id"]) == strange else -n} for n, row in enumerate(rows)]
    write_table(tmp_path / "student.csv", told)
    with pytest.raises(InputError, match="No student lies beside"):
        read_data(folder, str(tmp_path / "student.csv"), features=2)
    monkeypatch.setattr(dataset, "_student_of", lambda source: "a" * 64)
    found = read_data(folder, str(tmp_path / "student.csv"), features=2).cases
    assert all(case.tokens.features.shape == (96, 2) and case.tokens.quantities.shape == (96, 6) for case in found)
    there = found[0].tokens.present
    assert there.sum() == cases[0].tokens.present.sum() - 1  # one patch lacks a feature
    assert np.array_equal(found[0].tokens.features[there][:, 0], -found[0].tokens.features[there][:, 1])
    assert read_data(folder, str(tmp_path / "student.csv")).cases[0].tokens.features.shape == (96, 0)
    for source, count in ((str(tmp_path / "student.csv"), 3), ("mr", 1)):
        with pytest.raises(InputError, match=f"without {count} features"):
            read_data(folder, source, features=count)
    write_table(tmp_path / "student.csv", [{**row, "f:2": "much"} for row in told])
    with pytest.raises(InputError, match="without 2 features"):
        read_data(folder, str(tmp_path / "student.csv"), features=2)


def test_predictions_of_a_part_of_the_knees_are_read(cases: tuple[Case, ...], tmp_path: Path) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    rows = [{k: row[k] for k in ("knee", "id", *KEYS)} for row in rows_of(folder / "patches.csv")]
    chosen = [row for row in rows if row["knee"] < cases[20].knee]
    write_table(tmp_path / "student-s1.csv", [{**row, KEYS[0]: "0.125"} for row in chosen])
    found = read_data(folder, str(tmp_path / "student-s1.csv"))
    assert found.values_from == "student-s1" and len(found.cases) == 20
    there = found.cases[0].tokens.present
    assert set(found.cases[0].tokens.values[there][:, 0]) == {0.125}
    assert found.values_sha256 == "" and found.sha256 != read_data(folder, "mr").sha256


def test_splits_choose_knees_and_knees_with_few_patches_are_left_out(cases: tuple[Case, ...], tmp_path: Path) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    changed(folder / "knees.csv", lambda row: {**row, "split": "test" if row["subject"] < "s012" else "train"})
    assert len(read_data(folder, "mr", ("test",)).cases) == 24
    lost = cases[1].knee
    changed(
        folder / "patches.csv",
        lambda row: {**row, KEYS[1]: "" if row["knee"] == lost and row["id"][:2] == "TL" else row[KEYS[1]]},
    )
    found = read_data(folder, "mr")
    assert list(found.left_out) == [lost] and "lateral tibial plateau" in found.left_out[lost]


def test_tables_that_cannot_be_used_are_refused_with_the_reason(cases: tuple[Case, ...], tmp_path: Path) -> None:
    for without in ("ct_hu_mean", KEYS[2]):
        folder = write_patch_set(cases, tmp_path / without, without)
        with pytest.raises(InputError, match=f"has no column {without}"):
            read_data(folder, "mr")
    folder = write_patch_set(cases, tmp_path / "set")
    with pytest.raises(InputError, match="cannot be read"):
        read_data(folder, str(tmp_path / "nowhere.csv"))
    write_table(tmp_path / "other.csv", [{"knee": "stranger", "id": "TM-r1-c1-d1", **dict.fromkeys(KEYS, "0.1")}])
    with pytest.raises(InputError, match="'stranger'"):
        read_data(folder, str(tmp_path / "other.csv"))
    changed(folder / "knees.csv", lambda row: {**row, "grade": "1"})
    with pytest.raises(InputError, match=f"can be used, {len(cases)} have no osteoarthritis and 0 have it"):
        read_data(folder, "mr")


def test_where_knees_have_too_few_patches_that_is_said(cases: tuple[Case, ...], tmp_path: Path) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    first: dict[str, str] = {}
    kept = [row for row in rows_of(folder / "patches.csv") if first.setdefault(row["knee"], row["id"]) == row["id"]]
    write_table(folder / "patches.csv", kept)
    facts = json.loads((folder / "patches.json").read_text())
    (folder / "patches.json").write_text(json.dumps({**facts, "patches": len(kept)}))
    with pytest.raises(InputError, match=f"Left out: {len(cases)}, .*Only 1 of 96 patches have values"):
        read_data(folder, "mr")


def test_a_patch_that_is_predicted_twice_is_refused(cases: tuple[Case, ...], tmp_path: Path) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    rows = [{k: row[k] for k in ("knee", "id", *KEYS)} for row in rows_of(folder / "patches.csv")]
    write_table(tmp_path / "a.csv", [*rows, {**rows[0], KEYS[0]: "0.125"}])
    with pytest.raises(
        InputError, match=f"The patch {rows[0]['id']} of the knee '{rows[0]['knee']}' is in a table twice"
    ):
        read_data(folder, str(tmp_path / "a.csv"))


@pytest.mark.parametrize("grade", ["5", "-1", "2.7", "inf", "two"])
def test_what_is_no_grade_is_refused(cases: tuple[Case, ...], tmp_path: Path, grade: str) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    changed(folder / "knees.csv", lambda row: {**row, "grade": grade})
    with pytest.raises(InputError, match=f"'{grade}'"):
        read_data(folder, "mr")


def test_a_knee_without_a_grade_is_left_out_and_a_grade_may_have_a_point(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    folder, ungraded = write_patch_set(cases, tmp_path / "set"), cases[2].knee
    changed(folder / "knees.csv", lambda row: {**row, "grade": "" if row["knee"] == ungraded else f"{row['grade']}.0"})
    found = read_data(folder, "mr")
    assert found.left_out == {ungraded: "grade unknown"}
    assert [case.grade for case in found.cases] == [case.grade for case in cases if case.knee != ungraded]


def test_predictions_beside_the_bundle_of_their_student_are_known_as_its(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    folder = write_patch_set(cases, tmp_path / "set")
    (tmp_path / "training" / "predictions").mkdir(parents=True)
    rows = [{k: row[k] for k in ("knee", "id", *KEYS)} for row in rows_of(folder / "patches.csv")]
    metadata = {"name": "student", "version": "1.0"}
    bundle = write_bundle(tmp_path / "training" / "bundle", "student", metadata, {}, {"w": torch.ones(2)}, "# Card\n")
    for name, sha256 in (("student", bundle.sha256), ("teacher", "")):
        path = tmp_path / "training" / "predictions" / f"{name}.csv"
        write_table(path, rows)
        found = read_data(folder, str(path))
        assert (found.values_from, found.values_sha256) == (name, sha256)


def test_both_knees_of_a_patient_are_in_one_fold_and_grades_are_spread(cases: tuple[Case, ...]) -> None:
    many = some_cases(200, one_compartment(0.0))
    found = folds(many, 5, seed=1)
    by_subject: dict[str, set[int]] = {}
    for case, fold in zip(many, found, strict=True):
        by_subject.setdefault(case.subject, set()).add(int(fold))
    assert {len(inside) for inside in by_subject.values()} == {1}
    shares = [np.mean([case.has_oa for case, f in zip(many, found, strict=True) if f == fold]) for fold in range(5)]
    assert np.ptp(shares) < 0.12 and set(found) == set(range(5))
    assert np.array_equal(found, folds(many, 5, seed=1)) and not np.array_equal(found, folds(many, 5, seed=2))


def test_where_grades_leave_a_fold_without_a_kind_both_kinds_are_spread(cases: tuple[Case, ...]) -> None:
    # healthy knees alone fill the folds; by grade, most seeds put one kind into a fold
    few = [replace(case, subject=f"s{n}", grade=max(0, n - 2)) for n, case in enumerate(cases[:7])]
    for seed in range(20):
        found = folds(few, 3, seed)
        for number in range(3):
            assert {case.has_oa for case, fold in zip(few, found, strict=True) if fold == number} == {True, False}


def test_too_few_patients_for_the_folds_are_refused(cases: tuple[Case, ...]) -> None:
    with pytest.raises(InputError, match="too few patients"):
        folds(cases[:6], 5, seed=1)
    one_kind = [replace(case, grade=0) for case in cases]
    with pytest.raises(InputError, match="would lack"):
        folds(one_kind, 3, seed=1)
    few_of_each = [replace(case, subject=str(grade), grade=grade) for grade, case in enumerate(cases[:5])]
    with pytest.raises(InputError, match="too few knees for 4 folds"):
        folds(few_of_each, 4, seed=1)


@pytest.mark.parametrize("seed", range(5))
def test_every_fold_of_few_knees_has_some_with_and_some_without_osteoarthritis(
    cases: tuple[Case, ...], seed: int
) -> None:
    grades = [0, 0, 1, 1, 1, 2, 2, 3, 3, 4]  # no grade is in all of four folds
    few = [
        replace(case, subject=str(n), grade=grade) for n, (case, grade) in enumerate(zip(cases, grades, strict=False))
    ]
    found = folds(few, 4, seed=seed)
    for fold in range(4):
        assert {case.has_oa for case, f in zip(few, found, strict=True) if f == fold} == {True, False}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aggregators": ("logistic", "forest", "transformer")}, "'forest' is unknown"),
        ({"aggregators": ("logistic", "age")}, "both part"),
        ({"splits": ("exam",)}, "'exam' is unknown"),
        ({"outer_folds": 1}, "divides no patients"),
        ({"budget": 9}, "budget of 9"),
        ({"seed": -1}, "negative"),
        ({"least_kept": 0.0}, "cannot keep"),
        ({"compartment_lost": 1.0}, "being lost"),
        ({"all_lost": -0.1}, "being lost"),
    ],
)
def test_configurations_that_cannot_be_trained_are_refused(wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        DiagnosisConfig(**wrong)


def test_networks_that_cannot_be_built_are_refused() -> None:
    with pytest.raises(InputError, match="do not divide"):
        NetworkConfig(width=30, heads=4)
