"""The settings of the extension: the page among the application's settings, and who reads them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import qt
import slicer

from CTSMAPanels.settings.page import PAGE_NAME, SettingsPage, register_settings_page
from CTSMAPanels.settings.store import KEYS, ExtensionSettings, SettingsWatch, read_settings, write_settings
from Testing.panels.reading.fake_runner import FakeRunner
from Testing.panels.reviewing.test_pictures import check

SCRIPT = Path(__file__).parents[3] / "CTSMA" / "CTSMA.py"
EXAMPLE = ExtensionSettings("mine", "theirs", "/somewhere/reports", "Reader A", 3, "letter")


def a_model(folder: Path, name: str, task: str) -> None:
    """What is read of a model to list it."""
    metadata = folder / name / "configs" / "metadata.json"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(json.dumps({"version": "1.2.0", "ctsma": {"task": task}}), encoding="utf-8")


@pytest.fixture(autouse=True)
def some_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of added models that this test alone sees."""
    folder = tmp_path / "models"
    a_model(folder, "mine", "student")
    a_model(folder, "theirs", "diagnosis")
    monkeypatch.setenv("CTSMA_MODELS", str(folder))
    return folder


@pytest.fixture
def a_page(bench: Any, scene: Any) -> Iterator[Any]:
    """The page in the application's settings."""
    page = SettingsPage()
    slicer.app.settingsDialog().addPanel("CTSMA", page.panel)
    return page


def texts(box: Any) -> list[str]:
    return [box.itemText(index) for index in range(box.count)]


def choose(box: Any, data: str) -> None:
    box.setCurrentIndex(box.findData(data))


def wait_for(bench: Any, done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not done():
        assert time.monotonic() < end, "it takes too long"
        bench.process_events(20)


def test_without_any_there_are_defaults(scene: Any) -> None:
    assert read_settings() == ExtensionSettings()


def test_settings_come_back_as_they_were(scene: Any) -> None:
    write_settings(**asdict(EXAMPLE))
    slicer.app.settings().sync()
    assert read_settings() == EXAMPLE


@pytest.mark.parametrize("stored, threads", [("many", 0), ("-4", 0), ("4", 4), ("100000", 256)])
def test_a_damaged_number_becomes_one_that_works(scene: Any, stored: str, threads: int) -> None:
    slicer.app.settings().setValue(KEYS["threads"], stored)
    assert read_settings().threads == threads


def test_the_page_is_there_once(bench: Any, scene: Any) -> None:
    for _time in range(2):
        bench.load_module(SCRIPT).close()
    pages = slicer.app.settingsDialog().findChildren(qt.QWidget, PAGE_NAME)
    assert len(pages) == 1
    slicer.app.settingsDialog().setCurrentPanel("CTSMA")


def test_the_page_is_listened_to_once_by_every_code(bench: Any, scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application registers it at its start, each panel when it is made; developers load the code again."""
    from CTSMAPanels.settings import page as code

    told: list[str] = []
    monkeypatch.setattr(code, "tell_watches", lambda: told.append("told"))
    for _time in range(3):
        register_settings_page()
    page = slicer.app.settingsDialog().findChild(qt.QWidget, PAGE_NAME)
    told.clear()
    page.settingChanged.emit("CTSMA/Reader", "A")
    assert told == ["told"]
    monkeypatch.setattr(code, "_THIS_CODE", "loaded again")
    for _time in range(3):
        register_settings_page()
    page.settingChanged.emit("CTSMA/Reader", "B")
    assert told == ["told"] * 3


def test_without_a_main_window_there_is_no_page(scene: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(slicer.app), "layoutManager", lambda self: None)
        register_settings_page()
    assert slicer.app.settingsDialog().findChild(qt.QWidget, PAGE_NAME) is None


def test_everything_on_the_page_is_kept(a_page: Any) -> None:
    ui = a_page.ui
    choose(ui.studentComboBox, EXAMPLE.student_model)
    choose(ui.diagnosisComboBox, EXAMPLE.diagnosis_model)
    ui.exportFolderEdit.setCurrentPath(EXAMPLE.export_folder)
    ui.settingsReaderEdit.setText(EXAMPLE.reader)
    ui.threadsSpinBox.setValue(EXAMPLE.threads)
    choose(ui.settingsPaperComboBox, EXAMPLE.paper)
    assert read_settings() == EXAMPLE


def test_the_page_as_a_user_sees_it(bench: Any, a_page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTSMA_MODELS", "/somewhere/.ctsma/models")  # not where tests happen to run
    a_page.list_models()
    a_page.ui.settingsReaderEdit.setText(EXAMPLE.reader)
    check(bench.widget_picture(slicer.app.settingsDialog(), size=(760, 300)), "slicer_settings.png")


def test_cancel_takes_everything_back(a_page: Any) -> None:
    write_settings(reader="Reader A")
    a_page.ui.settingsReaderEdit.setText("Reader AB")
    a_page.ui.threadsSpinBox.setValue(7)
    slicer.app.settingsDialog().reject()
    assert read_settings() == ExtensionSettings(reader="Reader A")
    assert a_page.ui.settingsReaderEdit.text == "Reader A"


def test_models_are_listed_by_task_and_a_lost_one_stays_chosen(a_page: Any, some_models: Path) -> None:
    assert texts(a_page.ui.studentComboBox)[2:] == ["mine 1.2.0"]
    assert texts(a_page.ui.diagnosisComboBox)[1:] == ["theirs 1.2.0"]
    choose(a_page.ui.studentComboBox, "mine")
    (some_models / "mine" / "configs" / "metadata.json").unlink()
    a_model(some_models, "newer", "student")
    a_page.ui.listAgainButton.click()
    assert texts(a_page.ui.studentComboBox)[2:] == ["newer 1.2.0", "mine (not found)"]
    assert read_settings().student_model == "mine"


def test_the_folder_of_models_is_shown_and_opened(
    bench: Any, a_page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert a_page.ui.modelsFolderValue.text == str(tmp_path / "models")
    monkeypatch.setenv("CTSMA_MODELS", str(tmp_path / "new"))
    a_page.ui.modelsFolderButton.click()
    assert bench.dialogs.opened_urls == [(tmp_path / "new").as_uri()]
    assert (tmp_path / "new").is_dir()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CTSMA_MODELS", str(tmp_path / "file" / "models"))
    a_page.ui.modelsFolderButton.click()
    (told,) = bench.dialogs.texts("error")
    assert "cannot be made" in told and "CTSMA_MODELS" in told


def test_the_chosen_model_is_used_where_none_was_chosen_yet(a_page: Any, make_reading_panel: Any) -> None:
    choose(a_page.ui.studentComboBox, "mine")
    panel = make_reading_panel()
    assert panel.state.model == panel.scan.ui.modelComboBox.currentData == "mine"
    choose(a_page.ui.studentComboBox, "none")
    assert panel.state.model == "none"  # nobody has chosen another one
    panel.change(model="")
    choose(a_page.ui.studentComboBox, "mine")
    assert panel.state.model == ""
    panel.read_scene()
    assert panel.state.model == ""  # the scene says so
    slicer.mrmlScene.Clear(0)
    panel.read_scene()
    assert panel.state.model == "mine"


def test_the_chosen_diagnosis_is_proposed(a_page: Any, make_reading_panel: Any, some_models: Path) -> None:
    a_model(some_models, "a-first", "diagnosis")
    panel = make_reading_panel()
    assert panel.diagnosis.asked.model == ""  # the one that comes with CTSMA
    choose(a_page.ui.diagnosisComboBox, "theirs")
    assert panel.diagnosis.asked.model == "theirs"


def test_the_folder_is_proposed_for_exports(a_page: Any, make_reading_panel: Any) -> None:
    slicer.app.settings().setValue("CTSMA/ReportFolder", "/used/last")
    panel = make_reading_panel()
    assert panel.report.folder == "/used/last"
    a_page.ui.exportFolderEdit.setCurrentPath("/for/all")
    assert panel.report.folder == panel.dicom.folder == "/for/all"
    assert make_reading_panel().report.folder == "/for/all"
    a_page.ui.exportFolderEdit.setCurrentPath("")
    assert read_settings().export_folder == ""


def test_a_name_is_entered_once_for_both_modules(a_page: Any, make_reading_panel: Any, make_review_panel: Any) -> None:
    reading, reviewing = make_reading_panel(), make_review_panel()
    reading.inspector.ui.readerEdit.setText("Reader A")
    assert reviewing.judging.reviewer == a_page.ui.settingsReaderEdit.text == "Reader A"
    reviewing.judging.ui.reviewerEdit.setText("Reader B")
    assert reading.inspector.reader == a_page.ui.settingsReaderEdit.text == "Reader B"
    a_page.ui.settingsReaderEdit.setText("Reader C")
    assert reading.inspector.reader == reviewing.judging.reviewer == "Reader C"


def test_a_watch_learns_of_each_change_once(scene: Any) -> None:
    seen: list[tuple[int, int]] = []
    watch = SettingsWatch(lambda before, after: seen.append((before.threads, after.threads)))
    write_settings(threads=2)
    write_settings(threads=2)
    watch.stop()
    write_settings(threads=3)
    assert seen == [(0, 2)]


@pytest.mark.parametrize("threads", [0, 1])
def test_a_worker_gets_the_threads(bench: Any, scene: Any, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from CTSMAPanels.process import QtJobRunner

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    write_settings(threads=threads)
    told = "import os, sys; sys.stderr.write('threads: ' + os.environ.get('OMP_NUM_THREADS', 'all'))"
    runner = QtJobRunner(program=sys.executable, entry=("-c", told))
    runner.start(["say"])
    wait_for(bench, lambda: not runner.is_busy())
    assert f"threads: {threads or 'all'}" in runner.monitor.log


@pytest.fixture
def make_reading_panel(scene: Any) -> Iterator[Callable[[], Any]]:
    """Makes the panel of the module CTSMA."""
    from CTSMAPanels.reading.module_panel import ModulePanel

    yield from _panels(ModulePanel)


@pytest.fixture
def make_review_panel(scene: Any) -> Iterator[Callable[[], Any]]:
    """Makes the panel of the module CTSMARegistration."""
    from CTSMAPanels.reviewing.review_panel import ReviewPanel

    yield from _panels(ReviewPanel)


def _panels(kind: Any) -> Iterator[Callable[[], Any]]:
    from CTSMAPanels.dependencies import DependencyBar

    made: list[Any] = []

    def make() -> Any:
        made.append(kind(slicer.mrmlScene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list)))
        return made[-1]

    yield make
    for panel in made:
        panel.close()


@pytest.mark.parametrize(
    ("locale", "paper"),
    [("en_US", "letter"), ("es_MX", "letter"), ("fr_CA.UTF-8", "letter"), ("de_DE", "a4"), ("C", "a4")],
)
def test_letter_is_usual_in_some_countries(locale: str, paper: str) -> None:
    from CTSMAPanels.settings.paper import usual_paper

    assert usual_paper(locale) == paper
