"""What runs belongs to its project: it is shown there, named elsewhere, and followed only by what the user wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from Testing.panels.training.conftest import begin_training


def finish(panel: Any, folder: Path) -> None:
    """Let the worker end well."""
    panel.jobs.runner.say(event="result", path=str(folder))
    panel.jobs.runner.end()


def row(panel: Any, step: str) -> str:
    """Where a step stands in the table."""
    table = panel.steps.ui.stepTable
    order = [line.step for line in panel.step_lines()]
    return f"{table.item(order.index(step), 0).text()} {table.item(order.index(step), 2).text()}"


def remark(panel: Any) -> str:
    return str(panel.steps.ui.remainingLabel.property("text"))


def test_what_runs_is_shown_in_its_project_and_named_in_others(
    bench: Any, a_panel: Any, a_project: Path, another_project: Path
) -> None:
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.jobs.runner.say(event="progress", stage="Training", fraction=0.4, message="")
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    assert row(a_panel, "teacher") == "· not begun"
    assert remark(a_panel) == f'"Train the teacher" runs in {a_project}.'
    a_panel.jobs.runner.say(event="progress", stage="Training", fraction=0.5, message="")
    assert row(a_panel, "teacher") == "· not begun" and a_panel.steps.ui.pauseButton.property("enabled")
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(a_project))
    assert row(a_panel, "teacher") == "▶ running, 50 %" and remark(a_panel) == ""


def test_closing_the_scene_keeps_the_project_while_its_steps_run(
    bench: Any, scene: Any, a_panel: Any, a_project: Path
) -> None:
    """Else the steps that were to follow would not, or with other settings, and nobody would know."""
    a_panel.change(go_on=True, seeds=5)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    scene.Clear(False)
    a_panel.read_scene()
    assert a_panel.project.folder == a_project and row(a_panel, "teacher").startswith("▶ running")
    finish(a_panel, a_project / "training")
    bench.process_events(20)
    arguments = a_panel.jobs.runner.arguments
    assert arguments[:2] == ["train", "student"] and arguments[arguments.index("--seeds") + 1] == "5"
    a_panel.jobs.runner.close()
    scene.Clear(False)
    a_panel.read_scene()
    assert a_panel.state.cohort == a_panel.state.project == ""


def test_a_scene_with_another_project_does_not_take_the_place_of_one_that_runs(
    bench: Any, scene: Any, a_panel: Any, a_project: Path, another_project: Path, tmp_path: Path
) -> None:
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(a_project))
    a_panel.steps.ui.startButton.click()
    scene.Clear(False)
    a_panel.read_scene()
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    a_panel.read_scene()
    assert a_panel.project.folder == a_project
    assert f"while a job runs in {a_project}" in bench.dialogs.status_messages[-1]


class SavedScene:
    """A scene with a training of its own, in 300 steps."""

    def __init__(self, panel: Any, path: Path) -> None:
        self.panel, self.path = panel, path
        assert panel.scene.WriteToMRB(str(path))

    def open(self) -> None:
        """As the application does it."""
        self.panel.scene.Clear(False)
        self.panel.read_scene()
        assert self.panel.scene.ReadFromMRB(str(self.path), False)
        self.panel.read_scene()

    def held(self) -> tuple[str, int]:
        """Project and steps that the scene holds now."""
        from CTSMALib.scene.state import load_state
        from CTSMALib.scene.training_state import MODULE, TrainingState

        node = self.panel.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = load_state(node, TrainingState)
        return Path(state.project).name, state.steps


@pytest.fixture()
def a_scene_of_another(a_panel: Any, a_project: Path, another_project: Path, tmp_path: Path) -> SavedScene:
    """It was saved; the panel shows the first project again."""
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    a_panel.change(steps=300)
    saved = SavedScene(a_panel, tmp_path / "scene.mrb")
    a_panel.change(steps=1000)
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(a_project))
    return saved


def test_a_scene_keeps_its_own_training_while_another_runs_and_shows_it_afterwards(
    bench: Any, a_panel: Any, a_project: Path, another_project: Path, a_scene_of_another: SavedScene
) -> None:
    """Also over the steps that follow by themselves."""
    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_scene_of_another.open()
    assert a_scene_of_another.held() == ("another", 300) and a_panel.project.folder == a_project
    finish(a_panel, a_project / "training")
    bench.process_events(20)
    assert a_panel.jobs.runner.arguments[:2] == ["train", "student"] and a_scene_of_another.held() == ("another", 300)
    a_panel.steps.ui.pauseButton.click()
    a_panel.jobs.runner.end(130)
    assert a_panel.project.folder == another_project and a_panel.state.steps == 300
    assert a_scene_of_another.held() == ("another", 300)


def test_what_the_user_chooses_takes_the_place_of_what_the_scene_held(
    bench: Any, a_panel: Any, a_project: Path, a_scene_of_another: SavedScene
) -> None:
    a_panel.steps.ui.startButton.click()
    a_scene_of_another.open()
    a_panel.change(seeds=7)
    assert a_scene_of_another.held() == ("project", 1000)
    a_panel.jobs.runner.end(130)
    assert a_panel.project.folder == a_project


def test_the_message_names_the_project_that_runs(
    bench: Any, a_panel: Any, a_project: Path, another_project: Path, a_scene_of_another: SavedScene
) -> None:
    """Not the one that is shown meanwhile."""
    a_panel.steps.ui.startButton.click()
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    a_scene_of_another.open()
    assert a_scene_of_another.held() == ("another", 300)
    assert f"runs in {a_project};" in bench.dialogs.status_messages[-1]


def test_what_was_not_begun_is_forgotten_in_another_scene(
    bench: Any, scene: Any, a_panel: Any, a_project: Path
) -> None:
    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.steps.ui.pauseButton.click()
    finish(a_panel, a_project / "training")
    assert "were not begun" in remark(a_panel)
    a_panel.read_scene()
    assert a_panel.project.folder == a_project and remark(a_panel) == ""


def test_steps_that_do_not_follow_are_told(bench: Any, a_panel: Any, a_project: Path, another_project: Path) -> None:
    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    finish(a_panel, a_project / "training")
    bench.process_events(20)
    assert not a_panel.is_busy()
    assert "were not begun" in bench.dialogs.status_messages[-1] and remark(a_panel) == ""
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(a_project))
    assert "were not begun" in remark(a_panel) and str(a_project) in remark(a_panel)
    a_panel.change(step="student")
    a_panel.steps.ui.startButton.click()
    assert "not begun" not in remark(a_panel)


def test_what_ends_although_it_was_to_be_paused_is_not_paused_and_the_last(
    bench: Any, a_panel: Any, a_project: Path
) -> None:
    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.steps.ui.pauseButton.click()
    finish(a_panel, a_project / "training")
    bench.process_events(20)
    assert not a_panel.is_busy() and row(a_panel, "teacher") == "✓ done"
    assert "Paused" not in remark(a_panel) and "were not begun" in remark(a_panel)


def test_only_what_was_paused_is_called_so(bench: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    a_panel.steps.ui.pauseButton.click()
    a_panel.jobs.runner.end(130)
    assert "Paused" in remark(a_panel)
    a_panel.steps.ui.startButton.click()
    assert remark(a_panel) == ""
    a_panel.run_bar.ui.cancelButton.click()
    a_panel.jobs.runner.end(130)
    assert remark(a_panel) == "" and row(a_panel, "teacher") == "· not begun"


def test_paused_is_a_step_of_its_project(bench: Any, a_panel: Any, a_project: Path, another_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.steps.ui.pauseButton.click()
    a_panel.jobs.runner.end(130)
    assert "Paused" in remark(a_panel)
    a_panel.change(step="student")
    assert remark(a_panel) == ""
    a_panel.change(step="teacher")
    assert "Paused" in remark(a_panel)
    a_panel.cohort.ui.projectEdit.setCurrentPath(str(another_project))
    assert remark(a_panel) == ""


@pytest.mark.parametrize("stop", [True, False])
def test_what_ends_while_it_is_asked_whether_to_stop_goes_on_only_after_a_no(
    bench: Any, a_panel: Any, a_project: Path, stop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")

    def ended_meanwhile(_question: str) -> bool:
        finish(a_panel, a_project / "training")
        bench.process_events(20)
        assert not a_panel.is_busy()  # nothing begins under the question
        return stop

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", ended_meanwhile)
    a_panel.run_bar.ui.cancelButton.click()
    bench.process_events(20)
    assert a_panel.is_busy() is not stop and (a_project / "training").is_dir()
    assert ("were not begun" in remark(a_panel)) is stop


def test_nothing_begins_after_the_panel_was_closed(bench: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.change(go_on=True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    finish(a_panel, a_project / "training")
    a_panel.close()
    bench.process_events(20)
    assert not a_panel.is_busy()
