"""Patch sets and predictions that fit are read; others are refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.learning.evaluation.ceilings import calibrated, from_true_parameters
from CTSMALib.learning.evaluation.patch_table import PatchTable, patch_table
from CTSMALib.learning.evaluation.predictions import read_predictions
from CTSMALib.learning.patches.patch_set import read_patch_set
from Testing.core.learning.evaluation.made_up_patch_set import MadeUpSet, a_patch_set, write_predictions


@pytest.fixture
def a_set(tmp_path: Path) -> MadeUpSet:
    return a_patch_set(tmp_path / "set", subjects=2, patches=2)


@pytest.fixture
def a_table(a_set: MadeUpSet) -> PatchTable:
    return patch_table(read_patch_set(a_set.folder))


def test_tables_are_read_by_patch(a_set: MadeUpSet, a_table: PatchTable) -> None:
    assert list(a_table.names) == a_set.names and a_table.virtual and a_table.source == "made up"
    assert a_table.labels == pytest.approx(a_set.labels)
    assert a_table.subjects.tolist() == a_set.subjects.tolist() and a_table.splits.tolist() == a_set.splits.tolist()
    assert a_table.text("grade")[0] == "0" and set(a_table.text("ct_protocol")) == {"soft", "sharp"}
    assert set(a_table.text("nothing")) == {""} and np.isnan(a_table.numbers("nothing")).all()
    assert np.isnan(a_table.numbers("family")).all() and np.isfinite(a_table.numbers("ct_noise_sd_hu")).all()
    assert len(set(a_table.strata.tolist())) == 2 * 2 * 2 * 3


def test_a_subject_in_two_splits_is_refused(a_set: MadeUpSet) -> None:
    path = a_set.folder / "knees.csv"
    path.write_text(path.read_text().replace("vk000,left,train", "vk000,left,test"))
    with pytest.raises(InputError, match="is in two splits"):
        patch_table(read_patch_set(a_set.folder))


def test_a_patch_that_is_there_twice_is_refused(a_set: MadeUpSet) -> None:
    path = a_set.folder / "patches.csv"
    path.write_text(path.read_text().replace("TL-1", "FM-0", 1))
    with pytest.raises(InputError, match="a patch twice"):
        patch_table(read_patch_set(a_set.folder))


def test_predictions_find_their_patches_in_any_order(a_set: MadeUpSet, a_table: PatchTable, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(len(a_set.names))[:10]
    write_predictions(tmp_path / "p" / "a-s3.csv", [a_set.names[n] for n in order], a_set.labels[order], 0.1)
    (run,) = read_predictions(tmp_path / "p", a_table)
    assert (run.name, run.arm) == ("a-s3", "a")
    assert run.values[order] == pytest.approx(a_set.labels[order]) and np.isfinite(run.values).sum() == 40
    assert set(run.uncertainties[order].ravel()) == {0.1}


def test_runs_beside_what_they_give_together_are_an_arm_of_their_own(
    a_set: MadeUpSet, a_table: PatchTable, tmp_path: Path
) -> None:
    for name in ("a", "a-s1", "a-s2", "b-s1"):
        write_predictions(tmp_path / "p" / f"{name}.csv", a_set.names, a_set.labels)
    assert [run.arm for run in read_predictions(tmp_path / "p", a_table)] == ["a-seeds", "a-seeds", "a", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "are empty"),
        ("knee,id,app_bv_tv\n", "are empty"),
        ("knee,id,app_bv_tv\nvk000_left,FM-0,1\n", "no column 'app_tb_th_mm'"),
        ("{head}\nvk000_left,FM-9,1,1,1,1\n", "which the set lacks"),
        ("{head}\nvk000_left,FM-0,1,1,1,1\nvk000_left,FM-0,1,1,1,1\n", "one patch twice"),
        ("{head}\nvk000_left,FM-0,,nan,nan,\n", "hold no numbers"),
        ("{head}\nvk000_left,FM-0,1,x,1,1\n", "'x' of app_tb_th_mm of the patch FM-0"),
        ("{head}\nvk000_left,FM-0,1,1,1,inf\n", "'inf' of app_tb_n_per_mm"),
        ('{head}\nvk000_left,FM-0,"0,5",1,1,1\n', "'0,5' of app_bv_tv"),
        ("{head}\nvk000_left,FM-0,1,1,1\n", "wrong number of cells"),
        ("{head},u:app_bv_tv\nvk000_left,FM-0,1,1,1,1,-1\n", "negative uncertainty"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(a_table: PatchTable, tmp_path: Path, text: str, said: str) -> None:
    head = "knee,id,app_bv_tv,app_tb_th_mm,app_tb_sp_mm,app_tb_n_per_mm"
    (tmp_path / "arm.csv").write_text(text.replace("{head}", head))
    with pytest.raises(InputError, match=said):
        read_predictions(tmp_path, a_table)


def test_cells_may_be_separated_by_semicolons(a_table: PatchTable, tmp_path: Path) -> None:
    head = "knee;id;app_bv_tv;app_tb_th_mm;app_tb_sp_mm;app_tb_n_per_mm"
    (tmp_path / "arm.csv").write_text(f"\ufeff{head}\r\nvk000_left;FM-0;0.25;;nan;1.5\r\n", encoding="utf-8")
    (run,) = read_predictions(tmp_path, a_table)
    assert np.isfinite(run.values).sum() == 2 and np.nanmin(run.values) == 0.25


def test_a_folder_without_predictions_is_refused(a_table: PatchTable, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no predictions"):
        read_predictions(tmp_path, a_table)


def test_the_ceiling_knows_nothing_of_the_patient_that_it_predicts() -> None:
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(20), 10)
    truth = rng.normal(0, 1, (20, 4))[patients] + rng.normal(0, 0.01, (200, 4))  # it could tell patients apart
    labels = rng.normal(0, 1, (20, 4))[patients]
    found = from_true_parameters(truth, labels, patients)
    assert np.corrcoef(found[:, 0], labels[:, 0])[0, 1] < 0.5
    curved = truth**2 + 0.5 * truth[:, [1, 2, 3, 0]]
    found = from_true_parameters(truth, curved, patients)
    assert np.corrcoef(found[:, 0], curved[:, 0])[0, 1] > 0.95
    few = from_true_parameters(truth, labels, np.repeat(np.arange(2), 100))
    assert np.isnan(few).all()


def test_calibration_is_a_line_from_other_patches() -> None:
    values = np.linspace(1, 2, 20)[:, None]
    truth = 3.0 - 2.0 * values
    first = np.arange(20) < 10
    asked = np.array([15, 19])
    assert calibrated(values, truth, first, asked) == pytest.approx(truth[asked])
    assert np.isnan(calibrated(values, truth, np.arange(20) < 2, asked)).all()
