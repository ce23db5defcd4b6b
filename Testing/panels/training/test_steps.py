"""Steps are started, paused, gone on with and cancelled; what each needs and runs is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.jobs.monitor import JobState
from CTSMALib.jobs.training_record import read_records
from Testing.core.jobs.test_diagnosis_numbers import write_training
from Testing.panels.training.conftest import begin_training, choose


def test_each_step_says_what_it_needs(a_panel: Any, a_virtual_cohort: Path, tmp_path: Path) -> None:
    choose(a_panel, a_virtual_cohort, tmp_path / "project")
    needed = {
        "teacher": "Make the patches first.",
        "evaluate": "Make the patches first.",
        "model": "Make the patches first.",
    }
    for step, words in needed.items():
        a_panel.change(step=step)
        assert a_panel.steps.ui.startButton.property("toolTip") == words
    (tmp_path / "project" / "patches").mkdir(parents=True)
    (tmp_path / "project" / "patches" / "patches.json").write_text("{}")
    needed = {
        "evaluate": "Train the student first: it writes the predictions.",
        "diagnosis": "Train the student first, or let the diagnosis learn from the MR.",
        "model": "Train the student first: that makes the model.",
    }
    for step, words in needed.items():
        a_panel.change(step=step)
        assert a_panel.steps.ui.startButton.property("toolTip") == words
    a_panel.change(step="diagnosis", predictions="mr")
    assert a_panel.steps.ui.startButton.property("enabled")


def test_the_command_shows_what_differs_from_the_usual(bench: Any, a_panel: Any, a_project: Path) -> None:
    import qt

    base = f"ctsma train teacher --patches {a_project}/patches --out {a_project}/training"
    assert a_panel.steps.ui.commandText.property("plainText") == base
    a_panel.settings.ui.stepsSpinBox.setValue(40)
    a_panel.settings.ui.distillationComboBox.setCurrentIndex(a_panel.settings.ui.distillationComboBox.findData("l1"))
    a_panel.settings.ui.threadsSpinBox.setValue(1)
    wanted = f"{base} --steps 40 --distillation l1 --threads 1"
    assert a_panel.steps.ui.commandText.property("plainText") == wanted
    a_panel.steps.ui.copyCommandButton.click()
    assert qt.QApplication.clipboard().text() == wanted


def test_a_configuration_can_be_taken_away_again(a_panel: Any, a_project: Path) -> None:
    edit = a_panel.settings.ui.configEdit
    edit.setCurrentPath("/own/settings.json")
    assert a_panel.state.config == "/own/settings.json"
    edit.setCurrentPath("")
    assert a_panel.state.config == ""


def test_a_step_that_is_paused_can_be_resumed(bench: Any, a_panel: Any, a_project: Path) -> None:
    steps, runner = a_panel.steps.ui, a_panel.jobs.runner
    steps.startButton.click()
    assert runner.arguments[:2] == ["train", "teacher"]
    begin_training(a_project / "training")
    runner.say(event="progress", stage="Training the teacher", fraction=0.4, message="")
    assert steps.stepTable.item(1, 2).text() == "running, 40 %" and steps.stepTable.item(1, 0).text() == "▶"
    assert not steps.startButton.property("enabled")
    steps.pauseButton.click()
    assert "three seconds" in steps.pauseButton.property("toolTip")
    runner.end(130)
    assert steps.stepTable.item(1, 2).text() == "stopped at 40 %"
    assert steps.startButton.property("text") == "Resume" and steps.startButton.property("enabled")
    assert "Resume goes on" in steps.remainingLabel.property("text")
    assert (a_project / "training" / "teacher").is_dir()
    steps.startButton.click()
    runner.say(event="result", path=str(a_project / "training"))
    runner.end()
    assert steps.stepTable.item(1, 2).text() == "done" and "teacher" in read_records(a_project)
    assert steps.startButton.property("text") == "Start again"


def test_cancelling_deletes_what_was_made_only_if_the_user_agrees(bench: Any, a_panel: Any, a_project: Path) -> None:
    runner, training = a_panel.jobs.runner, a_project / "training"
    a_panel.steps.ui.startButton.click()
    begin_training(training)
    bench.dialogs.answer(False)
    a_panel.run_bar.ui.cancelButton.click()
    assert runner.is_busy()
    bench.dialogs.answer(True)
    a_panel.run_bar.ui.cancelButton.click()
    runner.end(130)
    assert not training.exists() and (a_project / "patches" / "patches.json").is_file()
    assert a_panel.steps.ui.stepTable.item(1, 2).text() == "not begun"


def test_a_job_that_ends_while_the_question_is_open_is_not_cancelled(
    bench: Any, a_panel: Any, a_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the next one, that has begun by itself."""
    import slicer

    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")

    def ended_meanwhile(_question: str) -> bool:
        a_panel.jobs.runner.say(event="result", path=str(a_project / "training"))
        a_panel.jobs.runner.end()
        a_panel.jobs.start("student", a_panel.project, ["train", "student"])
        return True

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", ended_meanwhile)
    a_panel.run_bar.ui.cancelButton.click()
    assert a_panel.jobs.running.what == "student" and not a_panel.jobs.running.discards
    assert a_panel.jobs.runner.state is JobState.RUNNING and (a_project / "training").is_dir()
    a_panel.jobs.runner.close()


def test_cancelling_students_keeps_the_teacher(bench: Any, a_panel: Any, a_project: Path) -> None:
    training = a_project / "training"
    begin_training(training)
    (training / "student-s0").mkdir()
    a_panel.change(step="student")
    a_panel.steps.ui.startButton.click()
    bench.dialogs.answer(True)
    a_panel.run_bar.ui.cancelButton.click()
    a_panel.jobs.runner.end(130)
    assert [path.name for path in training.iterdir()] == ["teacher"]


def test_registrations_are_never_deleted(bench: Any, a_panel: Any, tmp_path: Path) -> None:
    for name in ("ct", "mr"):
        (tmp_path / name).write_text("")
    rows = "".join(f"S{n},left,ct,mr,{split}\n" for n, split in enumerate(("train", "train", "stop", "calibrate")))
    (tmp_path / "m.csv").write_text("subject,side,ct,mr,split\n" + rows)
    choose(a_panel, tmp_path / "m.csv", tmp_path / "project")
    for row in range(4):
        a_panel.desk.set_path(row, "mr", tmp_path / f"mr{row}")
        (tmp_path / f"mr{row}").write_text("")
    a_panel.cohort.ui.saveButton.click()
    a_panel.cohort.save()
    a_panel.steps.ui.startButton.click()
    assert a_panel.jobs.runner.is_busy(), a_panel.steps.ui.startButton.property("toolTip")
    done = tmp_path / "project" / "registrations" / "S0-left"
    done.mkdir(parents=True)
    a_panel.run_bar.ui.cancelButton.click()
    a_panel.jobs.runner.end(130)
    assert done.is_dir()


def test_a_failure_is_told_and_stays_told(bench: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    a_panel.jobs.runner.fail_with("The split 'stop' has patches of 0 subjects.", "Add knees to the cohort.", "input")
    assert a_panel.steps.ui.stepTable.item(1, 2).text() == "failed"
    a_panel.change(step="student")
    a_panel.change(step="teacher")
    assert "patches of 0 subjects. Add knees" in a_panel.steps.ui.aboutLabel.property("text")
    assert a_panel.steps.ui.startButton.property("enabled")


def test_the_next_steps_follow_if_that_is_wanted(bench: Any, a_panel: Any, a_project: Path) -> None:
    runner = a_panel.jobs.runner
    a_panel.steps.ui.goOnCheckBox.setChecked(True)
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    runner.say(event="result", path=str(a_project / "training"))
    runner.end()
    bench.process_events(20)
    assert runner.arguments[:2] == ["train", "student"] and a_panel.state.step == "student"
    runner.fail_with("No.", "Mend it.")
    bench.process_events(20)
    assert not runner.is_busy()


def test_findings_of_the_patches_are_shown_with_what_to_do(a_panel: Any, a_project: Path) -> None:
    found = [{"code": "x", "gravity": "warning", "text": "No knee is of the split tune.", "remedy": "Add knees."}]
    (a_project / "patches" / "checks.json").write_text(json.dumps({"findings": found}))
    a_panel.change(step="patches")
    assert "Warning: No knee is of the split tune. Add knees." in a_panel.steps.ui.aboutLabel.property("text")


def test_how_good_a_diagnosis_is_is_told_before_it_is_added(a_panel: Any, a_project: Path) -> None:
    write_training(a_project / "diagnosis")
    a_panel.enter()
    told = a_panel.evaluation.ui.diagnosisLabel.property("text")
    assert "128 virtual knees" in told and "Logistic regression on compartments: area under the curve 0.72" in told
    assert "0.42 to 0.63); this may be no better than chance" in told


def test_one_model_that_was_added_is_not_taken_for_the_other(a_panel: Any, a_project: Path) -> None:
    for folder in ("training", "diagnosis"):
        (a_project / folder / "bundle" / "configs").mkdir(parents=True)
        (a_project / folder / "bundle" / "configs" / "metadata.json").write_text("{}")
    a_panel.change(step="model", model="diagnosis")
    a_panel.steps.ui.startButton.click()
    a_panel.jobs.runner.say(event="result", path=str(a_project))
    a_panel.jobs.runner.end()
    assert a_panel.step_lines()[-1].state == "done"
    a_panel.change(model="student")
    assert a_panel.step_lines()[-1].state == "not begun"
    assert a_panel.steps.ui.startButton.property("text") == "Start"


def test_pairs_are_listed_while_others_are_registered(
    a_panel: Any, a_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cohort takes hours; its first pairs can be reviewed meanwhile."""
    from CTSMAPanels.training import training_panel

    read: list[str] = []
    a_panel.jobs.start("register", a_panel.project, ["register"])
    monkeypatch.setattr(a_panel, "read_registrations", lambda: read.append("read"))
    a_panel.jobs.runner.say(event="progress", stage="S1-left", fraction=0.1, message="")
    assert read == []  # reading takes a moment, and a pair takes minutes
    monkeypatch.setattr(training_panel, "REGISTRATIONS_EVERY_S", 0.0)
    a_panel.jobs.runner.say(event="progress", stage="S2-left", fraction=0.2, message="")
    assert read == ["read"]
    a_panel.jobs.runner.close()


def test_the_time_that_is_left_is_told(bench: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    remaining, runner = a_panel.jobs.remaining, a_panel.jobs.runner
    for second in range(8):
        remaining.note(10.0 * second - 80.0, 0.05 * second)
    runner.say(event="progress", stage="Training", fraction=0.36, message="")
    assert "left" in a_panel.steps.ui.remainingLabel.property("text")


def test_closing_the_panel_stops_the_worker_and_keeps_its_state(bench: Any, a_panel: Any, a_project: Path) -> None:
    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.jobs.runner.say(event="progress", stage="Training", fraction=0.3, message="")
    a_panel.close()
    assert not a_panel.jobs.runner.is_busy()
    assert (a_project / "training" / "teacher").is_dir()
    assert (read_records(a_project)["teacher"].end, read_records(a_project)["teacher"].fraction) == ("stopped", 0.3)


def test_curves_grow_while_a_training_runs(bench: Any, scene: Any, a_panel: Any, a_project: Path) -> None:
    import slicer

    a_panel.steps.ui.startButton.click()
    begin_training(a_project / "training")
    a_panel.show_curves()
    (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    table = chart.GetNthPlotSeriesNode(0).GetTableNode()
    assert table.GetNumberOfRows() == 1
    history = a_project / "training" / "teacher" / "history.csv"
    history.write_text(history.read_text() + "20,1.1,0.6,0.5\n")
    a_panel.show_curves()
    assert table.GetNumberOfRows() == 2
    a_panel.curves.ui.curveComboBox.setCurrentIndex(1)
    assert chart.GetNthPlotSeriesNode(0).GetYColumnName() == "icc"
    a_panel.curves.ui.curvesButton.click()
    assert scene.GetFirstNodeByClass("vtkMRMLPlotViewNode").GetPlotChartNode() is chart


def test_a_scene_brings_everything_back(bench: Any, scene: Any, a_panel: Any, a_project: Path, tmp_path: Path) -> None:
    a_panel.change(steps=70, curve="icc", go_on=True)
    state = a_panel.state
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(False)
    a_panel.read_scene()
    assert a_panel.state.cohort == "" and a_panel.project is None
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    a_panel.read_scene()
    assert a_panel.state == state and a_panel.project is not None
    assert a_panel.settings.ui.stepsSpinBox.property("value") == 70
    assert a_panel.cohort.ui.projectEdit.property("currentPath") == str(a_project)


def test_a_step_that_was_begun_again_and_left_is_not_over(bench: Any) -> None:
    from CTSMALib.jobs.training_record import DONE, FAILED, STOPPED, StepRecord
    from CTSMAPanels.training.words import is_over

    assert is_over(True, None) and is_over(True, StepRecord(DONE)) and is_over(False, StepRecord(DONE))
    assert not any(is_over(True, StepRecord(end)) for end in (STOPPED, FAILED)) and not is_over(False, None)
