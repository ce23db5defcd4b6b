"""Patches that a reader has excluded: what is left of a result, the file that records them, and its report."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.exclusions import EXCLUSIONS_FILE, NOTICE, read_exclusions, without_excluded, write_exclusions
from CTSMALib.analysis.folder import load_analysis
from CTSMALib.analysis.result import Exclusion, KneeAnalysis
from CTSMALib.errors import InputError

Analyzed = Callable[[str], tuple[Path, sitk.Image]]
KEY = "ct_bvf"


@pytest.fixture()
def a_folder(analyzed: Analyzed, tmp_path: Path) -> Path:
    """A result folder that may be changed."""
    import shutil

    return Path(shutil.copytree(analyzed("plain")[0], tmp_path / "result"))


@pytest.fixture()
def an_analysis(analyzed: Analyzed) -> KneeAnalysis:
    return load_analysis(analyzed("plain")[0])


def measured_in(analysis: KneeAnalysis, compartment: str) -> list[str]:
    return [p.patch.id for p in analysis.patches if p.patch.compartment == compartment and p.values]


def exclusions(names: list[str], reason: str = "vessel") -> tuple[Exclusion, ...]:
    return tuple(Exclusion(name, reason, "A. B.", "2026-11-29T10:00:00+00:00") for name in names)


def test_means_are_those_of_the_patches_that_are_left(an_analysis: KneeAnalysis) -> None:
    names = measured_in(an_analysis, "TM")[:3]
    left = without_excluded(an_analysis, exclusions(names))
    before, after = ({f.key: f for f in each.compartments} for each in (an_analysis, left))
    values = [
        p.values[KEY]
        for p in an_analysis.patches
        if p.patch.compartment == "TM" and p.patch.id not in names and p.values
    ]
    assert after["TM"].values[KEY].mean == pytest.approx(np.mean(values))
    assert after["TM"].values[KEY].sd == pytest.approx(np.std(values, ddof=1))
    assert after["TM"].values[KEY].n == before["TM"].values[KEY].n - 3 == len(values)
    assert all(after[key] == before[key] for key in ("FM", "FL", "TL"))
    assert all(not p.values for p in left.patches if p.patch.id in names)
    (notice,) = [n for n in left.notices if n.code == NOTICE]
    assert notice.text.startswith("3 of 96 patches were excluded by a reader and do not count: vessel (3)")


def test_a_compartment_without_enough_patches_is_refused_with_the_reason(an_analysis: KneeAnalysis) -> None:
    left = without_excluded(an_analysis, exclusions(measured_in(an_analysis, "FL")))
    finding = next(f for f in left.compartments if f.key == "FL")
    assert not finding.reported and finding.values == {} and finding.patches_valid == 0
    assert "0 of 24 patches are left" in finding.reason


def test_nothing_excluded_changes_nothing(an_analysis: KneeAnalysis) -> None:
    assert without_excluded(an_analysis, ()) is an_analysis


def test_the_folder_records_them_and_is_read_without_them(a_folder: Path) -> None:
    whole = load_analysis(a_folder)
    names = measured_in(whole, "FM")[:2]
    recorded = exclusions(names, "osteophyte, „quoted“")
    write_exclusions(recorded, a_folder)
    read = load_analysis(a_folder)
    assert read.exclusions == recorded == read_exclusions(a_folder)
    assert replace(load_analysis(a_folder, excluded=False)) == whole
    write_exclusions((), a_folder)
    assert not (a_folder / EXCLUSIONS_FILE).exists() and load_analysis(a_folder) == whole


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"schema": "other"}', '{"schema": "ctsma-exclusions", "version": 1, "exclusions": [{"patch": 3}]}'],
)
def test_a_damaged_file_is_told(a_folder: Path, text: str) -> None:
    (a_folder / EXCLUSIONS_FILE).write_text(text)
    with pytest.raises(InputError, match=EXCLUSIONS_FILE) as caught:
        load_analysis(a_folder)
    remedy = caught.value.remedy
    assert remedy.index("a copy") < remedy.index("delete") < remedy.index("count again")


def test_an_unknown_patch_is_told(a_folder: Path) -> None:
    write_exclusions(exclusions(["TM-r9-c9-d9"]), a_folder)
    with pytest.raises(InputError, match="TM-r9-c9-d9"):
        load_analysis(a_folder)


def test_reports_say_how_many_and_why(a_folder: Path) -> None:
    from CTSMALib.report.builder import build_report
    from CTSMALib.report.csv_table import render_csv
    from CTSMALib.report.model import ReportOptions

    name = measured_in(load_analysis(a_folder), "TM")[0]
    write_exclusions(exclusions([name], "=screw hole"), a_folder)
    analysis = load_analysis(a_folder)
    model = build_report(analysis, a_folder, ReportOptions())
    assert any("1 of 96 patches was excluded" in text for group in model.notices for text in group.texts)
    (table,) = [t for t in model.tables if t.title == "Patches excluded by a reader"]
    assert table.rows[0][0] == name and "screw hole" in table.rows[0][1] and table.rows[0][2] == "A. B."
    rows = {row["patch"]: row for row in csv.DictReader(io.StringIO(render_csv(analysis)))}
    assert rows[name]["excluded"] == "'=screw hole" and rows[name][f"{KEY} [1]"] == ""
    assert sum(bool(row["excluded"]) for row in rows.values()) == 1
