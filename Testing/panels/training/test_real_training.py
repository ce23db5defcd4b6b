"""Trainings by real worker processes: paused, gone on with to the same result, and stopped with the panel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.jobs.train_student import TrainStudentRequest, run
from CTSMALib.jobs.training_record import read_records
from Testing.core.student.made_up_set import made_up_set
from Testing.panels.training.conftest import choose

LONGEST_S, STOPPED_IN_S = 240.0, 3.0
SMALL = {"widths": [4, 6, 8], "batch": 8, "check_every": 4, "patience": 0, "learning_rate": 0.01}
STEPS = 40


@pytest.fixture()
def a_project(a_virtual_cohort: Path, tmp_path: Path) -> Path:
    """With made-up patches and a small network."""
    made_up_set(tmp_path / "project" / "patches")
    (tmp_path / "small.json").write_text(json.dumps({"teacher": SMALL, "student": SMALL}))
    return tmp_path / "project"


def wait(bench: Any, done: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not done():
        assert time.monotonic() < end, "it takes too long"
        bench.process_events(10)


def checks(project: Path) -> list[str]:
    path = project / "training" / "teacher" / "history.csv"
    return path.read_text().splitlines() if path.exists() else []


def test_a_training_that_was_paused_ends_as_one_that_was_not(
    bench: Any, scene: Any, make_panel: Any, a_project: Path, a_virtual_cohort: Path, tmp_path: Path
) -> None:
    from CTSMAPanels.process import QtJobRunner

    panel = make_panel(QtJobRunner)
    choose(panel, a_virtual_cohort, a_project)
    panel.change(step="teacher", steps=STEPS, threads=1, config=str(tmp_path / "small.json"))
    panel.steps.ui.startButton.click()
    wait(bench, lambda: len(checks(a_project)) >= 3)
    begun = time.monotonic()
    panel.steps.ui.pauseButton.click()
    wait(bench, lambda: not panel.jobs.runner.is_busy())
    assert time.monotonic() - begun < STOPPED_IN_S
    assert read_records(a_project)["teacher"].end == "stopped"
    assert len(checks(a_project)) < STEPS // 4 + 1, "it was not paused in the midst"
    panel.steps.ui.startButton.click()
    wait(bench, lambda: not panel.jobs.runner.is_busy())
    assert panel.steps.ui.stepTable.item(1, 2).text() == "done", panel.run_bar.ui.messageLabel.property("text")
    assert len(checks(a_project)) == STEPS // 4 + 1
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNthPlotSeriesNode(0).GetTableNode().GetNumberOfRows() == STEPS // 4

    settings = (("steps", STEPS),)
    wanted = TrainStudentRequest(
        a_project / "patches", tmp_path / "other" / "training", True, tmp_path / "small.json", settings, threads=1
    )
    run(wanted)
    assert checks(tmp_path / "other") == checks(a_project)


def test_closing_the_panel_ends_the_process_and_keeps_the_training(
    bench: Any, make_panel: Any, a_project: Path, a_virtual_cohort: Path, tmp_path: Path
) -> None:
    from CTSMAPanels.process import QtJobRunner
    from Testing.core.jobs.worker_tools import still_alive

    panel = make_panel(QtJobRunner)
    choose(panel, a_virtual_cohort, a_project)
    panel.change(step="teacher", steps=4000, threads=1, config=str(tmp_path / "small.json"))
    panel.steps.ui.startButton.click()
    wait(bench, (a_project / "training" / "teacher" / "state.pt").is_file)
    worker = panel.jobs.runner.monitor.worker_pid
    panel.close()
    assert still_alive([worker], STOPPED_IN_S) == []
    assert (a_project / "training" / "teacher" / "state.pt").is_file()
    assert read_records(a_project)["teacher"].end == "stopped"
