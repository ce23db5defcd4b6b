"""The panel of the module CTSMATraining, with runners whose workers the tests play or that work in the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Testing.core.learning.pairs.scans import dicom
from Testing.panels.reading.fake_runner import FakeRunner
from Testing.panels.training.runs_here import RunsHere

Make = Callable[..., Any]


@pytest.fixture()
def make_panel(bench: Any, scene: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Make]:
    """Makes panels; models are added to a folder of the test."""
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.training.training_panel import TrainingPanel

    monkeypatch.setenv("CTSMA_MODELS", str(tmp_path / "models"))
    panels = []

    def make(runner: Any = FakeRunner) -> Any:
        panels.append(TrainingPanel(scene, runner, lambda on_change: DependencyBar(on_change, missing=list)))
        panels[-1].enter()
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()


@pytest.fixture()
def a_panel(make_panel: Make) -> Any:
    """The panel on an empty scene; its worker is played by the test."""
    return make_panel()


@pytest.fixture()
def a_working_panel(make_panel: Make) -> Any:
    """The panel whose jobs are done at once."""
    return make_panel(RunsHere)


@pytest.fixture()
def a_virtual_cohort(tmp_path: Path) -> Path:
    """As ``ctsma virtual make --mode patches`` begins one."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    (folder / "cohort.json").write_text(json.dumps({"schema": "ctsma-virtual-cohort", "mode": "patches"}))
    return folder


@pytest.fixture()
def scans(tmp_path: Path) -> Path:
    """Six patients; one has two MRs, one no side, one no MR."""
    folder = tmp_path / "scans"
    for number in range(6):
        name, side = f"P{number}", "" if number == 4 else "L"
        dicom(folder / name / "ct", "CT", name, side)
        if number != 5:
            dicom(folder / name / "mr", "MR", name, side)
        if number == 3:
            dicom(folder / name / "fat", "MR", name, side, description="PD fs", series_number=9)
    return folder


@pytest.fixture()
def a_project(a_panel: Any, a_virtual_cohort: Path, tmp_path: Path) -> Path:
    """Chosen in the panel, with patches."""
    folder = tmp_path / "project"
    (folder / "patches").mkdir(parents=True)
    (folder / "patches" / "patches.json").write_text("{}")
    choose(a_panel, a_virtual_cohort, folder)
    a_panel.change(step="teacher")
    return folder


@pytest.fixture()
def another_project(a_project: Path, tmp_path: Path) -> Path:
    """With patches and a training too, which is not chosen."""
    folder = tmp_path / "another"
    (folder / "patches").mkdir(parents=True)
    (folder / "patches" / "patches.json").write_text("{}")
    return folder


def begin_training(folder: Path) -> None:
    """Files of a training that has been checked once."""
    (folder / "teacher").mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"schema": "ctsma-student-training"}))
    (folder / "teacher" / "history.csv").write_text("step,training_loss,error,icc\n10,1.5,0.9,0.2\n")


def choose(panel: Any, cohort: Path, project: Path) -> None:
    """Enter both paths as a user does."""
    panel.cohort.ui.cohortEdit.setCurrentPath(str(cohort))
    panel.cohort.ui.projectEdit.setCurrentPath(str(project))


def select(table: Any, row: int) -> None:
    """Click a row."""
    table.selectRow(row)
