"""Tables of checks become MRML nodes of a chart, and follow the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from CTSMALib.scene.training_curves import LAYOUT, networks, read_curves, show_curves, show_in_views
from CTSMALib.scene.training_state import TrainingState

HEAD = "step,training_loss,error,icc\n"


@pytest.fixture()
def a_training(tmp_path: Path) -> Path:
    """Of a teacher and a student."""
    for name, rows in (("student-s0", "10,2.5,0.95,0.1\n"), ("teacher", "10,1.5,0.9,0.2\n20,1.1,0.6,0.5\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.csv").write_text(HEAD + rows)
    return tmp_path


def nodes(scene: Any, kind: str) -> list[Any]:
    return [scene.GetNthNodeByClass(k, kind) for k in range(scene.GetNumberOfNodesByClass(kind))]


def test_curves_are_read_with_the_teacher_first(a_training: Path) -> None:
    teacher, student = read_curves(a_training)
    assert (teacher.name, student.name) == ("teacher", "student-s0")
    assert [row["icc"] for row in teacher.rows] == [0.2, 0.5] and teacher.best["step"] == 20


@pytest.mark.parametrize("content", ["", HEAD, "step,error\n1,2\n", HEAD + "10,1.5,0.9\n", HEAD + "a,b,c,d\n"])
def test_a_table_that_is_being_written_or_damaged_has_no_curve(content: str, a_training: Path) -> None:
    (a_training / "teacher" / "history.csv").write_text(content)
    assert [curve.name for curve in read_curves(a_training)] == ["student-s0"]


def test_a_chart_shows_a_series_for_every_network(a_scene: Any, a_training: Path) -> None:
    chart = show_curves(a_scene, read_curves(a_training), "icc")
    series = [chart.GetNthPlotSeriesNode(k) for k in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [node.GetName() for node in series] == ["teacher", "student-s0"]
    assert {(node.GetXColumnName(), node.GetYColumnName()) for node in series} == {("step", "icc")}
    assert len({node.GetMarkerStyle() for node in series}) == len({node.GetColor() for node in series}) == 2
    assert chart.GetYAxisTitle() == "ICC(2,1)"


def test_the_same_nodes_grow_with_the_training(a_scene: Any, a_training: Path) -> None:
    chart = show_curves(a_scene, read_curves(a_training), "error")
    history = a_training / "teacher" / "history.csv"
    history.write_text(history.read_text() + "30,1.0,0.5,0.6\n")
    assert show_curves(a_scene, read_curves(a_training), "error") is chart
    assert len(nodes(a_scene, "vtkMRMLTableNode")) == len(nodes(a_scene, "vtkMRMLPlotSeriesNode")) == 2
    table = chart.GetNthPlotSeriesNode(0).GetTableNode().GetTable()
    assert [table.GetValueByName(row, "error").ToDouble() for row in range(3)] == [0.9, 0.6, 0.5]


def test_a_training_begun_anew_with_as_many_checks_is_shown(a_scene: Any, a_training: Path) -> None:
    chart = show_curves(a_scene, read_curves(a_training), "icc")
    (a_training / "student-s0" / "history.csv").write_text(HEAD + "10,2.5,0.8,0.3\n")
    show_curves(a_scene, read_curves(a_training), "icc")
    assert chart.GetNthPlotSeriesNode(1).GetTableNode().GetTable().GetValueByName(0, "icc").ToDouble() == 0.3


def test_what_is_gone_is_taken_out(a_scene: Any, a_training: Path) -> None:
    show_curves(a_scene, read_curves(a_training), "error")
    (a_training / "student-s0" / "history.csv").unlink()
    chart = show_curves(a_scene, read_curves(a_training), "error")
    assert chart.GetNumberOfPlotSeriesNodes() == 1 and len(nodes(a_scene, "vtkMRMLTableNode")) == 1
    assert show_curves(a_scene, (), "error") is None
    assert nodes(a_scene, "vtkMRMLPlotChartNode") == nodes(a_scene, "vtkMRMLPlotSeriesNode") == []


def shown(scene: Any) -> list[str]:
    """The networks in the chart."""
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    return [chart.GetNthPlotSeriesNode(k).GetName() for k in range(chart.GetNumberOfPlotSeriesNodes())]


def test_without_its_folder_nothing_is_known_and_what_was_saved_stays(a_scene: Any, a_training: Path) -> None:
    """As where a scene is opened on another computer."""
    chart = show_curves(a_scene, read_curves(a_training), "error")
    away = a_training / "away"
    assert networks(away) is None
    assert show_curves(a_scene, read_curves(away), "icc", networks(away)) is chart
    assert shown(a_scene) == ["teacher", "student-s0"] and len(nodes(a_scene, "vtkMRMLTableNode")) == 2
    assert chart.GetNthPlotSeriesNode(0).GetYColumnName() == "icc"
    assert show_curves(a_scene, (), "icc", frozenset()) is None and nodes(a_scene, "vtkMRMLTableNode") == []


def test_a_table_that_cannot_be_read_for_a_moment_keeps_its_curve(a_scene: Any, a_training: Path) -> None:
    chart = show_curves(a_scene, read_curves(a_training), "error")
    colors = [chart.GetNthPlotSeriesNode(k).GetColor() for k in range(2)]
    (a_training / "teacher" / "history.csv").write_text("")
    show_curves(a_scene, read_curves(a_training), "error", networks(a_training))
    assert shown(a_scene) == ["teacher", "student-s0"]
    assert [chart.GetNthPlotSeriesNode(k).GetColor() for k in range(2)] == colors
    (a_training / "teacher" / "history.csv").unlink()
    show_curves(a_scene, read_curves(a_training), "error", networks(a_training))
    assert shown(a_scene) == ["student-s0"]


def test_a_kept_curve_whose_table_was_deleted_is_not_drawn(a_scene: Any, a_training: Path) -> None:
    chart = show_curves(a_scene, read_curves(a_training), "error")
    a_scene.RemoveNode(chart.GetNthPlotSeriesNode(0).GetTableNode())
    show_curves(a_scene, (), "error", None)
    assert shown(a_scene) == ["student-s0"]


def test_nodes_of_others_stay(a_scene: Any, a_training: Path) -> None:
    other = a_scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "other")
    show_curves(a_scene, read_curves(a_training), "error")
    show_curves(a_scene, (), "error")
    assert nodes(a_scene, "vtkMRMLPlotChartNode") == [other]


def test_without_a_main_window_nothing_is_arranged(a_scene: Any, a_training: Path) -> None:
    show_curves(a_scene, read_curves(a_training), "error")
    assert not show_in_views(a_scene, None)
    assert LAYOUT not in (4771, 4772, 4773)


def test_a_damaged_state_becomes_a_sound_one() -> None:
    state = TrainingState(step="x", curve="y", model="z", predictions="?", steps=-1, jobs=1000, threads=-2)
    assert state.valid() == TrainingState(jobs=64)
