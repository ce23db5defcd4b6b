"""The diagnosis in the panel: what is asked for, what is shown and marked, and that a real worker answers."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from Testing.panels.reading.fake_runner import FakeRunner

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


def enabled(widget: Any) -> bool:
    return bool(widget.property("enabled"))


def tip(widget: Any) -> str:
    return str(widget.property("toolTip"))


def text(widget: Any) -> str:
    return str(widget.property("text"))


def hidden(widget: Any) -> bool:
    return widget.isHidden()


@pytest.fixture(scope="module")
def a_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made up, in the library of the user, which this module alone sees."""
    from Testing.core.diagnosis.made_up_model import a_diagnosis_bundle

    return a_diagnosis_bundle(tmp_path_factory.mktemp("models") / "made-up").folder


@pytest.fixture
def a_library(a_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the model in the user's folder of models."""
    monkeypatch.setenv("CTSMA_MODELS", str(a_bundle.parent))
    return a_bundle.name


@pytest.fixture(scope="module")
def a_folder(analyzed: Analyzed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of the bundled CT whose patches have the apparent parameters of a made-up knee."""
    from CTSMALib.analysis.folder import PATCH_TABLES, load_analysis
    from CTSMALib.analysis.tables import measured_keys, write_table
    from Testing.core.diagnosis.made_up_model import some_knees
    from Testing.core.diagnosis.test_diagnose_job import with_values

    folder = tmp_path_factory.mktemp("knee") / "result"
    shutil.copytree(analyzed("plain")[0], folder)
    patches = with_values(load_analysis(folder), some_knees(3, seed=9)[1], virtual=False).patches
    write_table(folder / PATCH_TABLES["patches"], patches, measured_keys(patches), labelled=True)
    return folder


@pytest.fixture
def a_result(scene: Any, a_folder: Path) -> Any:
    from CTSMALib.scene.add_result import add_result

    return add_result(scene, a_folder)


class Playing:
    """The panel with its jobs, as the module puts them together."""

    def __init__(self, new_runner: Any, work: Path, result: Any) -> None:
        from CTSMAPanels.panel_jobs import JobHost
        from CTSMAPanels.reading.diagnosis_jobs import DiagnosisJobs
        from CTSMAPanels.reading.diagnosis_panel import DiagnosisPanel

        self.result, self.patches, self.problems = result, [], []
        host = JobHost(new_runner, work, lambda _monitor: self.refresh(), self.problems.append)
        self.jobs = DiagnosisJobs(host, lambda _result: self.refresh())
        self.panel = DiagnosisPanel(self.diagnose, self.patches.append, self.refresh)
        self.refresh()

    @property
    def ui(self) -> Any:
        return self.panel.ui

    def diagnose(self) -> None:
        self.jobs.diagnose(self.result, self.panel.asked)

    def refresh(self, patch: int = 0) -> None:
        if hasattr(self, "panel"):
            self.panel.show(self.result, "Another job is running." if self.jobs.runner.is_busy() else "", patch)


@pytest.fixture
def played(a_library: str, a_result: Any, tmp_path: Path) -> Playing:
    return Playing(FakeRunner, tmp_path / "work", a_result)


def answered(played: Playing, subject: Any, **changes: Any) -> None:
    """Let the played worker leave a diagnosis."""
    from CTSMALib.diagnosis.record import write_diagnosis
    from Testing.scene.test_diagnosis_nodes import SAID

    folder = Path(played.jobs.runner.arguments[1])
    if subject.research:
        played.ui.researchCheckBox.setChecked(True)
    write_diagnosis(replace(SAID, **changes), subject, folder)
    played.jobs.runner.say(event="result", path=str(folder))
    played.jobs.runner.end()


def research() -> Any:
    from CTSMALib.diagnosis.record import Subject

    return Subject(virtual=False, research=True, simulated=True)


def test_what_is_asked_for_reaches_the_worker(played: Playing, a_bundle: Path, a_library: str) -> None:
    ui = played.ui
    assert enabled(ui.diagnoseButton) and hidden(ui.answerWidget) and hidden(ui.researchLabel)
    ui.modelComboBox.setCurrentIndex(ui.modelComboBox.findData(a_library))
    ui.aggregatorComboBox.setCurrentIndex(ui.aggregatorComboBox.findData("transformer"))
    ui.researchCheckBox.setChecked(True)
    assert not hidden(ui.researchLabel) and "not a finding about a patient" in text(ui.researchLabel)
    ui.diagnoseButton.click()
    arguments = played.jobs.runner.arguments
    assert arguments[0] == "diagnose" and (Path(arguments[1]) / "analysis.json").is_file()
    assert arguments[2:] == ["--model", str(a_bundle), "--aggregator", "transformer", "--research"]
    assert not enabled(ui.diagnoseButton) and "Another job" in tip(ui.diagnoseButton)


def test_without_the_switch_research_is_not_asked_for(played: Playing) -> None:
    played.ui.diagnoseButton.click()
    assert "--research" not in played.jobs.runner.arguments


def test_the_answer_is_shown_with_its_mark_and_saved_with_the_result(played: Playing) -> None:
    from CTSMALib.diagnosis.record import MARKED
    from CTSMALib.scene.diagnosis_nodes import diagnosis_of

    played.ui.diagnoseButton.click()
    folder = Path(played.jobs.runner.arguments[1])
    answered(played, research())
    ui = played.ui
    assert played.problems == [] and not folder.exists()
    assert text(ui.markLabel) == MARKED and not hidden(ui.markLabel) and not hidden(ui.answerWidget)
    assert text(ui.probabilityLabel) == "Osteoarthritis: 70 % (95 % interval 50 % to 80 %)"
    bars = [getattr(ui, f"grade{grade}Bar") for grade in range(5)]
    assert [bar.property("value") for bar in bars] == [100, 200, 300, 300, 100]
    assert [str(bar.property("text")) for bar in bars] == ["10 %", "20 %", "30 %", "30 %", "10 %"]
    assert ui.compartmentTable.item(2, 0).text() == "Medial tibial plateau"
    assert ui.compartmentTable.item(2, 2).text() == "+0.20" and ui.compartmentTable.item(2, 3).text() == "for"
    assert diagnosis_of(played.result) is not None and played.panel.contributions is not None


def test_a_click_on_a_strong_patch_selects_it_and_a_selected_patch_is_marked(played: Playing) -> None:
    played.ui.diagnoseButton.click()
    answered(played, research())
    table = played.ui.strongestTable
    assert table.property("rowCount") == 10 and table.item(0, 0).text() == played.result.patches.ids[95]
    table.selectRow(0)
    assert played.patches == [96]
    played.refresh(patch=95)
    assert table.currentRow() == 1 and played.patches == [96]
    played.refresh(patch=3)
    assert table.selectedItems() == [] or not table.selectedItems()


def test_numbers_of_research_go_with_its_switch(played: Playing) -> None:
    played.ui.diagnoseButton.click()
    answered(played, research())
    assert not hidden(played.ui.answerWidget) and played.panel.contributions
    played.ui.researchCheckBox.setChecked(False)
    assert hidden(played.ui.answerWidget) and played.panel.contributions is None
    assert text(played.ui.markLabel).startswith("An answer for research is hidden")
    played.ui.researchCheckBox.setChecked(True)
    assert not hidden(played.ui.answerWidget) and played.panel.contributions


def test_a_virtual_knee_needs_no_switch(played: Playing) -> None:
    from CTSMALib.diagnosis.record import Subject

    played.ui.diagnoseButton.click()
    answered(played, Subject(virtual=True, research=False, simulated=True))
    assert not hidden(played.ui.answerWidget) and not played.ui.researchCheckBox.property("checked")


def test_without_permission_there_are_no_numbers(played: Playing) -> None:
    from CTSMALib.diagnosis.record import WITHHELD, Subject

    played.ui.diagnoseButton.click()
    answered(played, Subject(virtual=False, research=False, simulated=True))
    assert hidden(played.ui.answerWidget) and text(played.ui.markLabel) == WITHHELD
    assert "96 of 96 patches" in text(played.ui.checkedLabel) and played.panel.contributions is None


def test_an_abstention_gives_its_reason_and_no_numbers(played: Playing) -> None:
    reason = "Only 9 of 96 patches have values; at least 12 are needed."
    nothing = dict.fromkeys(("probability", "low", "high", "usual_probability"))
    played.ui.diagnoseButton.click()
    answered(played, research(), **nothing, grades=(), patches={}, compartments={}, abstained=reason)
    assert hidden(played.ui.answerWidget) and reason in text(played.ui.markLabel)


def test_an_exclusion_makes_the_answer_outdated(played: Playing) -> None:
    from CTSMALib.scene.diagnosis_nodes import _digest
    from CTSMALib.scene.exclusions import exclude, undo

    played.ui.diagnoseButton.click()
    answered(played, research(), values_sha256=_digest(played.result))
    assert hidden(played.ui.outdatedLabel)
    measured = next(n for n, v in enumerate(played.result.patches.values_of("app_bv_tv"), start=1) if v == v)
    exclude(played.result, measured, "motion", "reader")
    played.refresh()
    assert not hidden(played.ui.outdatedLabel)
    undo(played.result)
    played.refresh()
    assert hidden(played.ui.outdatedLabel)


def test_each_result_keeps_how_it_is_asked_for(played: Playing, scene: Any, a_folder: Path) -> None:
    from CTSMALib.scene.add_result import add_result

    first, ui = played.result, played.ui
    ui.researchCheckBox.setChecked(True)
    played.result = add_result(scene, a_folder)
    played.refresh()
    assert not ui.researchCheckBox.property("checked") and hidden(ui.researchLabel)
    played.result = first
    played.refresh()
    assert ui.researchCheckBox.property("checked") and not hidden(ui.researchLabel)


def test_a_folder_with_a_model_can_be_chosen(bench: Any, played: Playing, a_bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    shutil.copytree(a_bundle, other)
    bench.dialogs.choose_path(other)
    played.ui.modelFolderButton.click()
    assert played.ui.modelComboBox.property("currentData") == str(other)
    played.ui.diagnoseButton.click()
    assert played.jobs.runner.arguments[2:] == ["--model", str(other)]


@pytest.mark.parametrize("what", ["no result", "no parameters", "no model"])
def test_a_disabled_button_says_why(
    played: Playing, scene: Any, analyzed: Analyzed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    from CTSMALib.scene.add_result import add_result

    if what == "no result":
        played.result = None
    elif what == "no parameters":
        played.result = add_result(scene, analyzed("plain")[0])
    else:
        monkeypatch.setattr("CTSMAPanels.reading.diagnosis_panel.models_for", lambda _task: [])
        played.panel.list_models()
    played.refresh()
    said = {"no result": "No result", "no parameters": "no apparent parameters", "no model": "No model"}[what]
    assert not enabled(played.ui.diagnoseButton) and said in tip(played.ui.diagnoseButton)


def test_a_failure_leaves_the_earlier_answer(played: Playing) -> None:
    played.ui.diagnoseButton.click()
    answered(played, research())
    played.ui.diagnoseButton.click()
    played.jobs.runner.fail_with("The model does not fit.", "Take another bundle.")
    assert not hidden(played.ui.answerWidget) and enabled(played.ui.diagnoseButton)


def spin(bench: Any, until: Callable[[], bool], patience_s: float = 120.0) -> bool:
    """Let Qt's event loop run."""
    deadline = time.monotonic() + patience_s
    while not until() and time.monotonic() < deadline:
        bench.process_events(50)
    return until()


@pytest.fixture
def living(a_library: str, a_result: Any, tmp_path: Path) -> Iterator[Playing]:
    """With the real worker process."""
    from CTSMAPanels.process import QtJobRunner

    made = Playing(QtJobRunner, tmp_path / "work", a_result)
    yield made
    made.jobs.close()


def test_a_real_worker_answers_and_the_panel_looks_right(bench: Any, living: Playing, a_library: str) -> None:
    ui = living.ui
    ui.modelComboBox.setCurrentIndex(ui.modelComboBox.findData(a_library))
    ui.researchCheckBox.setChecked(True)
    ui.diagnoseButton.click()
    assert living.jobs.runner.is_busy()
    assert spin(bench, lambda: not living.jobs.runner.is_busy())
    assert living.problems == [] and living.jobs.runner.monitor.outcome is not None
    said = json.loads(living.result.get("diagnosis").GetText())
    assert said["shown"] is True and said["research"] is True and said["counts"]["TM"] == 6
    assert not hidden(ui.answerWidget) and "not a finding about a patient" in text(ui.markLabel)
    assert f"{100 * said['probability']:.0f} %" in text(ui.probabilityLabel)
    folder = os.environ.get("CTSMA_PICTURES")
    living.refresh(
        patch=living.result.patches.ids.index(max(said["patches"], key=lambda k: abs(said["patches"][k]))) + 1
    )
    picture = bench.widget_picture(living.panel.widget, size=(420, 900))
    assert picture.std() > 5.0
    if folder:
        from PIL import Image

        Image.fromarray(picture).save(Path(folder) / "slicer_diagnosis.png", optimize=True)


def test_a_real_worker_is_cancelled_within_three_seconds(bench: Any, living: Playing, tmp_path: Path) -> None:
    living.ui.diagnoseButton.click()
    assert spin(bench, lambda: living.jobs.runner.monitor.stage != "")
    started = time.monotonic()
    living.jobs.runner.cancel()
    assert spin(bench, lambda: not living.jobs.runner.is_busy(), 10.0)
    assert time.monotonic() - started < 3.5
    assert living.result.get("diagnosis") is None and not any((tmp_path / "work").iterdir())
