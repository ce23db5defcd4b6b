"""The actions of docs/training.md, made in the real panel; a test and the pictures share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from Testing.panels.tutorial import Action, play

MODEL_NAME = "my-first-student"


def _step(name: str) -> Callable[[Any, Path], None]:
    def choose(panel: Any, _folder: Path) -> None:
        table = panel.steps.ui.stepTable
        order = [line.step for line in panel.step_lines()]
        table.selectRow(order.index(name))

    return choose


def _set(box: str, value: int) -> Callable[[Any, Path], None]:
    return lambda panel, _folder: getattr(panel.settings.ui, box).setValue(value)


def _click(part: str, button: str) -> Callable[[Any, Path], None]:
    return lambda panel, _folder: getattr(getattr(panel, part).ui, button).click()


def _checked_once(panel: Any) -> bool:
    """The teacher has been checked, so that pausing it keeps something, and the panel has noticed."""
    checked = (panel.project.training / "teacher" / "state.pt").is_file()
    return (checked and panel.curves.ui.curvesButton.property("enabled")) or not panel.jobs.runner.is_busy()


START = _click("steps", "startButton")
ACTIONS = (
    Action("Practice cohort", _click("cohort", "practiceButton")),
    Action("Project folder", lambda panel, folder: panel.cohort.ui.projectEdit.setCurrentPath(str(folder))),
    Action("Start", START),
    Action("Train the teacher", _step("teacher")),
    Action("Configuration", lambda panel, folder: panel.settings.ui.configEdit.setCurrentPath(
        str(folder.parent / "quick.toml"))),
    Action("Students", _set("seedsSpinBox", 1)),
    Action("Start", START, _checked_once),
    Action("Show the curves", _click("curves", "curvesButton"), lambda panel: True),
    Action("Pause", _click("steps", "pauseButton")),
    Action("Resume", START),
    Action("Train the students", _step("student")),
    Action("Start", START),
    Action("Evaluate", _step("evaluate")),
    Action("Start", START),
    Action("Open the evaluation page", _click("evaluation", "pageButton")),
    Action("Add the model to the library", _step("model")),
    Action("Name", lambda panel, _folder: panel.settings.ui.modelNameEdit.setText(MODEL_NAME)),
    Action("Start", START),
)  # fmt: skip
PATCHES, SHOWN, PAUSED, RESUMED, TRAINED, EVALUATED, ADDED = 3, 8, 9, 10, 12, 14, 18  # after which to look


def make_actions(bench: Any, panel: Any, folder: Path, last: int = len(ACTIONS)) -> Iterator[int]:
    """Make actions, one after the other, wait for what each starts, and yield its number."""
    return play(bench, panel, ACTIONS[:last], folder)
