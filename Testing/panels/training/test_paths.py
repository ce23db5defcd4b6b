"""Paths are taken when they were typed to their end, browsed for or set; what lies on the way is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from Testing.core.learning.pairs.scans import dicom
from Testing.panels.training.conftest import choose, select
from Testing.panels.training.test_cohort import cells


def type_into(edit: Any, text: str, end: bool = True) -> None:
    """Type in the place of what is in a field, letter by letter, and end with Return."""
    from PySide6 import QtCore, QtTest

    line = edit.comboBox().lineEdit()
    line.selectAll()
    QtTest.QTest.keyClicks(line, text)
    if end:
        QtTest.QTest.keyClick(line, QtCore.Qt.Key.Key_Return)


@pytest.fixture()
def a_found_cohort(bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path) -> Any:
    """The panel with pairs that were found, and a scan that was not."""
    choose(a_working_panel, scans, tmp_path / "project")
    a_working_panel.cohort.ui.findButton.click()
    dicom(tmp_path / "late", "MR", "P5")
    select(a_working_panel.cohort.ui.kneeTable, 5)
    return a_working_panel


def test_a_scan_can_be_chosen_by_hand(bench: Any, a_found_cohort: Any, tmp_path: Path) -> None:
    panel, ui = a_found_cohort, a_found_cohort.cohort.ui
    ui.mrEdit.setCurrentPath(str(tmp_path / "late"))
    assert cells(panel)[5][6] == "../late"


def test_a_scan_is_taken_when_its_path_was_typed_to_the_end(bench: Any, a_found_cohort: Any, tmp_path: Path) -> None:
    """On the way lie paths that exist too, as /, /tmp, and the folder of the test."""
    panel, ui = a_found_cohort, a_found_cohort.cohort.ui
    type_into(ui.mrEdit, str(tmp_path / "late"), end=False)
    panel.refresh()  # as a job that runs does every second
    assert ui.mrEdit.property("currentPath") == str(tmp_path / "late")
    assert cells(panel)[5][6] == "" and not panel.desk.unsaved
    type_into(ui.mrEdit, str(tmp_path / "late"))
    assert cells(panel)[5][6] == "../late" and panel.desk.unsaved
    type_into(ui.mrEdit, str(tmp_path / "lat"))
    assert cells(panel)[5][6] == "../late" and ui.mrEdit.property("currentPath") == str(tmp_path / "late")
    assert bench.dialogs.status_messages[-1] == f"There is no {tmp_path / 'lat'}."
    bench.dialogs.choose_path(tmp_path / "scans" / "P0" / "mr")
    ui.mrEdit.browse()
    assert cells(panel)[5][6] == "../scans/P0/mr"


def test_a_button_takes_what_was_typed_first(bench: Any, a_found_cohort: Any, tmp_path: Path) -> None:
    """On some systems a click on a button leaves the cursor where it is."""
    panel, ui = a_found_cohort, a_found_cohort.cohort.ui
    type_into(ui.mrEdit, str(tmp_path / "late"), end=False)
    ui.saveButton.click()
    assert cells(panel)[5][6] == "" and not ui.saveButton.property("enabled")  # nothing was changed yet
    ui.confirmButton.click()
    assert cells(panel)[5][6] == "../late"
    type_into(ui.projectEdit, str(tmp_path / "elsewhere"), end=False)
    bench.dialogs.answer(False)
    ui.saveButton.click()
    assert panel.state.project == str(tmp_path / "project") and not panel.desk.unsaved


def test_the_project_is_read_once_its_path_was_typed(
    a_panel: Any, a_virtual_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels.training import training_panel

    read: list[tuple[str, str]] = []
    real = training_panel.read_project
    monkeypatch.setattr(training_panel, "read_project", lambda *paths: read.append(paths) or real(*paths))
    ui = a_panel.cohort.ui
    type_into(ui.cohortEdit, str(a_virtual_cohort))
    type_into(ui.projectEdit, str(tmp_path / "project"))
    assert read == [(str(a_virtual_cohort), ""), (str(a_virtual_cohort), str(tmp_path / "project"))]
    ui.cohortEdit.setCurrentPath("")
    assert a_panel.state.cohort == "" and a_panel.project is None
