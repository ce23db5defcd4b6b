"""Curves of a training in the scene: they stay where nothing is known of it, and go with what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Testing.panels.training.conftest import begin_training


def curves(scene: Any) -> list[str]:
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    count = chart.GetNumberOfPlotSeriesNodes() if chart is not None else 0
    return [chart.GetNthPlotSeriesNode(k).GetName() for k in range(count)]


def test_curves_of_a_scene_stay_where_its_project_cannot_be_read(
    bench: Any, scene: Any, a_panel: Any, a_project: Path, another_project: Path, tmp_path: Path
) -> None:
    """As on another computer; the scene is the only place then where they are."""
    begin_training(a_project / "training")
    a_panel.enter()
    assert curves(scene) == ["teacher"]
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(False)
    a_panel.read_scene()
    a_project.rename(tmp_path / "moved")
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    a_panel.read_scene()
    assert curves(scene) == ["teacher"]
    a_panel.enter()
    a_panel.change(curve="icc")
    assert curves(scene) == ["teacher"]
    (tmp_path / "moved").rename(a_project)
    a_panel.enter()
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    assert curves(scene) == []  # they are of the one before, which has them


def test_curves_of_a_training_that_is_let_go_go_too(bench: Any, scene: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.show_curves()
    assert curves(scene) == ["teacher"]
    bench.dialogs.answer(True)
    a_panel.run_bar.ui.cancelButton.click()
    a_panel.jobs.runner.end(130)
    assert not (a_project / "training").exists() and curves(scene) == []
