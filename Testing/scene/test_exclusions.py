"""Excluded patches in a scene: what counts, what is shown, undo and redo, saving, and the way back to a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.exclusions import read_exclusions
from CTSMALib.analysis.folder import load_analysis
from CTSMALib.errors import InputError
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.color_nodes import EXCLUDED_RGB
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.exclusions import counted, counted_compartments, exclude, excluded, history_of, include, redo, undo
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.restore import holds, write_result
from CTSMALib.scene.result_nodes import ResultNodes, results_in
from CTSMALib.scene.result_tables import refresh_tables
from Testing.scene.test_coloring import painted, table_colors

Analyzed = Callable[[str], tuple[Path, sitk.Image]]
KEY = "ct_bvf"


def of_compartment(result: ResultNodes, compartment: str) -> list[int]:
    return (np.flatnonzero(result.patches.compartments == compartment) + 1).tolist()


def mean(result: ResultNodes, compartment: str) -> float:
    return next(f for f in counted_compartments(result) if f.key == compartment).values[KEY].mean


def test_what_is_excluded_does_not_count(a_result: ResultNodes) -> None:
    before = mean(a_result, "TM")
    assert before == next(f for f in a_result.facts["compartments"] if f["key"] == "TM")["values"][KEY]["mean"]
    label = of_compartment(a_result, "TM")[4]
    exclude(a_result, label, "vessel", "A. B.")
    assert np.isnan(counted(a_result).values_of(KEY)[label - 1]) and not np.isnan(
        a_result.patches.values_of(KEY)[label - 1]
    )
    values = counted(a_result).values_of(KEY)[a_result.patches.compartments == "TM"]
    assert mean(a_result, "TM") == pytest.approx(np.nanmean(values)) != before
    refresh_tables(a_result)
    table = a_result.get("patch_table").GetTable()
    assert table.GetColumnByName("excluded").GetValue(label - 1) == "vessel"
    include(a_result, label, "A. B.")
    assert mean(a_result, "TM") == before


def test_it_is_recorded_who_when_and_why(a_result: ResultNodes) -> None:
    exclude(a_result, 7, " screw ", " C. D. ")
    record = excluded(a_result)[a_result.patches.ids[6]]
    assert (record.reason, record.who) == ("screw", "C. D.") and record.when.endswith("+00:00")
    for reason, who in (("", "x"), ("x", " ")):
        with pytest.raises(InputError, match="reason and a name"):
            exclude(a_result, 8, reason, who)
    with pytest.raises(InputError, match="already"):
        exclude(a_result, 7, "again", "E.")
    with pytest.raises(InputError, match="not excluded"):
        include(a_result, 8, "E.")


def test_steps_can_be_undone_and_done_again(a_result: ResultNodes) -> None:
    assert undo(a_result) == 0 and redo(a_result) == 0
    exclude(a_result, 3, "one", "A")
    exclude(a_result, 5, "two", "A")
    include(a_result, 3, "A")
    assert undo(a_result) == 3 and len(excluded(a_result)) == 2
    assert undo(a_result) == 5 and list(excluded(a_result)) == [a_result.patches.ids[2]]
    assert redo(a_result) == 5 and len(excluded(a_result)) == 2
    exclude(a_result, 9, "three", "A")
    assert redo(a_result) == 0 and len(excluded(a_result)) == 3


def test_they_are_seen(a_result: ResultNodes) -> None:
    tibial = [label for label in of_compartment(a_result, "TL") if a_result.patches.layers[label - 1] == 1]
    for label in tibial[:3]:
        exclude(a_result, label, "cyst", "A")
    color_by(a_result, KEY)
    assert (table_colors(a_result)[np.array(tibial[:3]) - 1] == EXCLUDED_RGB).all()
    _, colors = painted(a_result, "surface_tibia")
    assert (colors == EXCLUDED_RGB).all(axis=1).sum() > 20
    assert a_result.get("excluded_boxes").GetPolyData().GetNumberOfCells() == 3 * 6
    for _ in range(3):
        undo(a_result)
    color_by(a_result, KEY)
    assert a_result.get("excluded_boxes").GetPolyData().GetNumberOfCells() == 0
    assert not (painted(a_result, "surface_tibia")[1] == EXCLUDED_RGB).all(axis=1).any()


def test_a_whole_compartment_can_go(a_result: ResultNodes) -> None:
    for label in of_compartment(a_result, "FM"):
        exclude(a_result, label, "implant", "A")
    finding = next(f for f in counted_compartments(a_result) if f.key == "FM")
    assert not finding.reported and finding.values == {} and "excluded" in finding.reason
    color_by(a_result, KEY)
    refresh_tables(a_result)


def test_they_are_saved_with_the_scene_and_can_be_undone_after_that(a_result: ResultNodes, tmp_path: Path) -> None:
    exclude(a_result, 11, "„edge“; of: field", "Ä. B.")
    exclude(a_result, 12, "noise", "Ä. B.")
    undo(a_result)
    color_by(a_result, KEY)
    path = tmp_path / "scene.mrb"
    assert a_result.scene.WriteToMRB(str(path))
    scene = new_scene(tmp_path)
    assert scene.ReadFromMRB(str(path))
    (again,) = results_in(scene)
    assert history_of(again) == history_of(a_result)
    assert redo(again) == 12 and len(excluded(again)) == 2 and undo(again) == 12 and undo(again) == 11
    assert excluded(again) == {} and again.get("excluded_boxes") is not None


def test_the_folder_that_is_written_records_them(a_result: ResultNodes, analyzed: Analyzed, tmp_path: Path) -> None:
    source = analyzed("plain")[0]
    assert holds(source, a_result)
    exclude(a_result, 20, "vessel", "A. B.")
    assert not holds(source, a_result)
    (tmp_path / "out").mkdir()
    write_result(a_result, tmp_path / "out")
    assert read_exclusions(tmp_path / "out") == tuple(excluded(a_result).values())
    assert holds(tmp_path / "out", a_result)
    name = a_result.patches.ids[19]
    assert next(p for p in load_analysis(tmp_path / "out").patches if p.patch.id == name).values == {}
    again = add_result(new_scene(tmp_path), tmp_path / "out")
    assert list(excluded(again)) == [name]
    assert undo(again) == 20 and np.isfinite(counted(again).values_of(KEY)[19])
    undo(a_result)
    assert holds(source, a_result)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"steps": [], "done": 1}', '{"steps": [{"action": "exclude", "record": {"patch": "x"}}], "done": 1}'],
)
def test_damage_is_told(a_result: ResultNodes, text: str) -> None:
    exclude(a_result, 1, "x", "y")
    a_result.get("exclusions").SetText(text)
    with pytest.raises(InputError, match="exclusions"):
        excluded(a_result)


def test_they_go_with_their_result(a_result: ResultNodes) -> None:
    exclude(a_result, 1, "x", "y")
    color_by(a_result, KEY)
    nodes: list[Any] = [a_result.get(role).GetID() for role in ("exclusions", "excluded_boxes")]
    scene = a_result.scene
    remove_result(a_result)
    assert [scene.GetNodeByID(node) for node in nodes] == [None, None]
