"""Going through a cohort."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.registration.record import Review
from CTSMALib.registration.review.case_notes import read_notes
from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.conftest import misaligned_record, write_registration
from Testing.scene.registration.seen_in_views import handles_shown

NAMES = ("first-right", "second-right", "third-right")


@pytest.fixture()
def a_cohort(a_pair: MadeUpPair, tmp_path: Path) -> Path:
    """Three knees of which the first is accepted, and one pair that was not registered."""
    folder = tmp_path / "cohort"
    record = misaligned_record(a_pair)
    accepted = tuple(
        Review(b.name, "accepted", "Reader A", "2026-01-01T00:00:00+00:00", "", "0.5") for b in record.bones
    )
    for name in NAMES:
        write_registration(a_pair, folder / name, replace(record, reviews=accepted if name == NAMES[0] else ()))
    sitk.WriteImage(sitk.Cast(a_pair.ct, sitk.sitkInt16), str(folder / "ct.nrrd"))
    sitk.WriteImage(a_pair.mr, str(folder / "mr.nrrd"))
    rows = [(name.split("-")[0], "right", "ct.nrrd", "mr.nrrd", name) for name in NAMES]
    rows.append(("fourth", "right", "ct.nrrd", "mr.nrrd", ""))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "side", "ct", "mr", "registration"))
        writer.writerows(rows)
    (folder / "status.csv").write_text("folder,verdict,reasons\nfourth-right,refused,The MR shows no knee.\n")
    return folder


@pytest.fixture()
def a_cohort_panel(bench: Any, a_panel: Any, a_cohort: Path) -> Any:
    bench.dialogs.choose_path(a_cohort)
    a_panel.cases.ui.cohortButton.click()
    return a_panel


def names(panel: Any) -> list[str]:
    table = panel.cases.ui.caseTable
    return [table.item(row, 1).text() for row in range(table.property("rowCount"))]


def test_a_cohort_is_gone_on_with_at_the_first_case_that_is_not_reviewed(a_cohort_panel: Any, a_cohort: Path) -> None:
    assert a_cohort_panel.state.case == "second-right"
    assert a_cohort_panel.session.folder == a_cohort / "second-right"
    assert a_cohort_panel.session.nodes.ct.GetImageData() is not None
    assert names(a_cohort_panel) == [*NAMES, "fourth-right"]
    assert a_cohort_panel.cases.ui.progressLabel.property("text") == "1 of 3 reviewed"
    table = a_cohort_panel.cases.ui.caseTable
    assert [table.item(row, 0).text() for row in range(4)] == ["✓", "○", "○", "–"]
    assert table.currentRow() == 1
    assert table.item(3, 4).text() == "The MR shows no knee."


def test_a_decision_about_every_bone_counts_at_once(bench: Any, a_cohort_panel: Any) -> None:
    a_cohort_panel.judging.ui.reviewerEdit.setText("Reader A")
    a_cohort_panel.change(subject="knee")
    a_cohort_panel.judging.ui.acceptButton.click()
    bench.process_events(700)
    assert a_cohort_panel.cases.ui.progressLabel.property("text") == "2 of 3 reviewed"
    a_cohort_panel.cases.ui.unreviewedButton.click()
    assert a_cohort_panel.state.case == "third-right"


def test_next_and_previous_open_cases_and_close_the_one_before(a_cohort_panel: Any, scene: Any) -> None:
    ui = a_cohort_panel.cases.ui
    count = scene.GetNumberOfNodes()
    ui.nextButton.click()
    assert a_cohort_panel.state.case == "third-right"
    assert scene.GetNumberOfNodes() == count
    ui.previousButton.click()
    ui.previousButton.click()
    assert a_cohort_panel.state.case == "first-right"
    assert "no case before" in ui.previousButton.property("toolTip")


def test_a_row_opens_its_case_and_one_that_cannot_be_opened_says_why(bench: Any, a_cohort_panel: Any) -> None:
    table = a_cohort_panel.cases.ui.caseTable
    table.selectRow(2)
    assert a_cohort_panel.state.case == "third-right"
    table.selectRow(3)
    (told,) = bench.dialogs.texts("error")
    assert "The MR shows no knee" in told
    assert a_cohort_panel.state.case == "third-right"
    assert table.currentRow() == 2


def test_cases_are_narrowed_by_status_and_words(a_cohort_panel: Any) -> None:
    ui = a_cohort_panel.cases.ui
    ui.statusComboBox.setCurrentIndex(ui.statusComboBox.findData("unreviewed"))
    assert names(a_cohort_panel) == ["second-right", "third-right"]
    ui.textEdit.setText("third")
    assert names(a_cohort_panel) == ["third-right"]
    ui.statusComboBox.setCurrentIndex(0)
    ui.textEdit.setText("no knee")
    assert names(a_cohort_panel) == ["fourth-right"]


def test_a_note_is_kept_in_the_folder_of_the_cohort(a_cohort_panel: Any, a_cohort: Path) -> None:
    field = a_cohort_panel.cases.ui.noteEdit
    field.setText("ask about the fibula")
    field.editingFinished.emit()
    assert read_notes(a_cohort) == {"second-right": "ask about the fibula"}
    assert a_cohort_panel.cases.ui.caseTable.item(1, 4).text() == "ask about the fibula"
    a_cohort_panel.cases.ui.nextButton.click()
    assert field.property("text") == ""


def test_jobs_of_a_case_read_its_files(a_cohort_panel: Any, a_cohort: Path, judged: Callable[[Any], Path]) -> None:
    a_cohort_panel.correct.ui.judgeButton.click()
    arguments = a_cohort_panel.jobs.runner.arguments
    assert arguments[1:3] == [str(a_cohort / "ct.nrrd"), str(a_cohort / "mr.nrrd")]
    assert "Another job" in a_cohort_panel.cases.ui.nextButton.property("toolTip")
    judged(a_cohort_panel)
    assert a_cohort_panel.cases.ui.nextButton.property("enabled")


def test_a_folder_without_a_cohort_is_told(bench: Any, a_panel: Any, tmp_path: Path) -> None:
    bench.dialogs.choose_path(tmp_path)
    a_panel.cases.ui.cohortButton.click()
    (told,) = bench.dialogs.texts("error")
    assert "ctsma register --cohort" in told
    assert a_panel.cohort is None
    assert "Open a cohort first" in a_panel.cases.ui.nextButton.property("toolTip")


def shown(table: Any) -> list[list[str]]:
    columns, rows = table.property("columnCount"), table.property("rowCount")
    return [[table.item(row, column).text() for column in range(columns)] for row in range(rows)]


def begin_second_reading(panel: Any) -> None:
    """Reader B begins, and opens the only case that was read."""
    panel.judging.ui.reviewerEdit.setText("Reader B")
    panel.cases.ui.secondCheckBox.click()
    panel.cases.ui.unreviewedButton.click()
    assert panel.state.case == "first-right"


def test_a_second_reading_hides_the_first_until_every_bone_is_signed(bench: Any, a_cohort_panel: Any) -> None:
    panel = a_cohort_panel
    begin_second_reading(panel)
    panel.judging.ui.historyCheckBox.setChecked(True)
    everything = [panel.judging.ui.decisionTable, panel.cases.ui.caseTable, panel.agreeing.ui.readingTable]
    told = str([shown(table) for table in everything]) + panel.judging.ui.historyText.toPlainText()
    told += panel.scans.ui.summaryLabel.property("text")
    assert "Accepted" not in told and "Reader A" not in told
    assert panel.cases.ui.caseTable.item(0, 0).text() == "○"
    assert panel.cases.ui.progressLabel.property("text") == "0 of 1 read a second time"
    panel.change(subject="femur")
    panel.judging.ui.reasonEdit.setText("blurred")
    panel.judging.ui.rejectButton.click()
    bench.process_events(100)
    assert "Reader A" not in panel.judging.ui.historyText.toPlainText()
    for bone in ("tibia", "patella", "fibula"):
        panel.change(subject=bone)
        panel.judging.ui.acceptButton.click()
    bench.process_events(700)
    assert "Reader A" in panel.judging.ui.historyText.toPlainText()
    assert panel.cases.ui.progressLabel.property("text") == "1 of 1 read a second time"
    assert "every case that others" in panel.cases.ui.unreviewedButton.property("toolTip")


def test_nothing_is_moved_and_no_first_reading_undone_in_a_second_one(bench: Any, a_cohort_panel: Any) -> None:
    panel = a_cohort_panel
    panel.correct.ui.moveUpButton.click()
    panel.correct.ui.handlesCheckBox.click()
    panel.judging.ui.reviewerEdit.setText("Reader B")
    panel.cases.ui.secondCheckBox.click()
    before = dict(panel.session.corrections.user)
    assert panel.session.undo_name == ""
    for button in (panel.correct.ui.moveUpButton, panel.correct.ui.refineButton, panel.correct.ui.resetButton):
        assert "second reading" in button.property("toolTip")
    panel.actions.reset()
    assert all(panel.session.corrections.user[bone] is matrix for bone, matrix in before.items())
    assert handles_shown(panel.session.nodes) == ()
    panel.cases.ui.secondCheckBox.click()
    assert handles_shown(panel.session.nodes) == ("femur",)
    panel.correct.ui.moveUpButton.click()
    assert panel.session.undo_name.startswith("Move")


def test_there_is_no_report_before_a_second_reading_is_signed(bench: Any, a_cohort_panel: Any, tmp_path: Path) -> None:
    panel, ui = a_cohort_panel, a_cohort_panel.exporting.ui
    ui.exportFolderEdit.setCurrentPath(str(tmp_path / "out"))
    begin_second_reading(panel)
    assert not ui.reportButton.property("enabled")
    assert "Sign your second reading first" in ui.reportButton.property("toolTip")
    panel.exporting.write_report()
    assert "Sign your second reading first" in bench.dialogs.texts("error")[-1]
    assert not (tmp_path / "out").exists()
    for bone in panel.session.bones:
        panel.change(subject=bone)
        panel.judging.ui.acceptButton.click()
    bench.process_events(200)
    assert ui.reportButton.property("enabled")


def test_a_note_of_the_first_reader_is_hidden_and_kept(a_cohort_panel: Any, a_cohort: Path) -> None:
    panel = a_cohort_panel
    panel.going.open_case("first-right")
    panel.cases.ui.noteEdit.setText("perfect")
    panel.cases.ui.noteEdit.editingFinished.emit()
    begin_second_reading(panel)
    assert panel.cases.ui.noteEdit.property("text") == ""
    assert "hidden" in panel.cases.ui.noteEdit.property("toolTip")
    panel.cases.ui.noteEdit.editingFinished.emit()
    assert read_notes(a_cohort) == {"first-right": "perfect"}


def test_agreement_is_shown_with_the_bones_that_readers_differ_about(bench: Any, a_cohort_panel: Any) -> None:
    panel, ui = a_cohort_panel, a_cohort_panel.agreeing.ui
    assert "No two people" in ui.readersComboBox.property("toolTip")
    begin_second_reading(panel)
    for bone, button in (("tibia", "rejectButton"), ("patella", "acceptButton"), ("fibula", "acceptButton")):
        panel.change(subject=bone)
        panel.judging.ui.reasonEdit.setText("cut off")
        getattr(panel.judging.ui, button).click()
    bench.process_events(700)
    assert ui.readersComboBox.property("count") == 0  # a bone is left, so that nothing is shown yet
    panel.change(subject="femur")
    panel.judging.ui.acceptButton.click()
    bench.process_events(700)
    assert ui.readersComboBox.property("currentText") == "Reader A and Reader B"
    assert shown(ui.readingTable) == [["first-right", "Tibia", "Accepted", "Rejected"]]
    text = ui.agreementLabel.property("text")
    assert "4 bones of 1 cases, 1 decided differently" in text and "75 (too few" in text and "kappa: 0.00" in text
    ui.differingCheckBox.click()
    assert len(shown(ui.readingTable)) == 4
    ui.differingCheckBox.click()
    panel.cases.ui.nextButton.click()
    assert panel.state.case == "second-right"
    ui.readingTable.selectRow(0)
    assert (panel.state.case, panel.state.subject) == ("first-right", "tibia")


def test_the_list_of_cases_is_drawn(bench: Any, a_cohort_panel: Any) -> None:
    a_cohort_panel.cases.ui.noteEdit.setText("ask about the fibula")
    a_cohort_panel.cases.ui.noteEdit.editingFinished.emit()
    for section in ("seeSection", "correctSection", "judgeSection"):
        getattr(a_cohort_panel.ui, section).setProperty("collapsed", True)
    a_cohort_panel.ui.casesSection.setProperty("collapsed", False)
    bench.process_events(100)
    picture = bench.widget_picture(a_cohort_panel.widget, size=(430, 1400))
    assert picture.std() > 10


def test_a_note_is_not_erased_while_it_is_typed(bench: Any, a_cohort_panel: Any) -> None:
    panel, field = a_cohort_panel, a_cohort_panel.cases.ui.noteEdit
    field.setText("ask about the fib")
    panel.correct.ui.moveUpButton.click()
    panel.refresh()
    bench.process_events(700)
    assert field.property("text") == "ask about the fib"
    field.editingFinished.emit()
    panel.cases.ui.nextButton.click()
    assert field.property("text") == ""
    panel.cases.ui.previousButton.click()
    assert field.property("text") == "ask about the fib"


def test_a_case_that_fails_to_open_can_be_left_and_chosen_again(
    bench: Any, a_cohort_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMALib.errors import InputError
    from CTSMALib.scene.registration import session

    def fail(*_arguments: Any) -> None:
        raise InputError("The scene is full.", "Empty it.")

    panel, table = a_cohort_panel, a_cohort_panel.cases.ui.caseTable
    with monkeypatch.context() as patch:
        patch.setattr(session, "open_review", fail)
        table.selectRow(2)
    assert "The scene is full" in bench.dialogs.texts("error")[-1]
    assert (panel.session, panel.state.case) == (None, "")
    assert panel.cases.ui.noteEdit.property("toolTip") == "No case is open."
    table.selectRow(1)
    assert panel.state.case == "second-right"
    assert panel.session.folder.name == "second-right"


def test_a_damaged_case_leaves_the_open_one_open(bench: Any, a_cohort_panel: Any, a_cohort: Path) -> None:
    panel, session = a_cohort_panel, a_cohort_panel.session
    (a_cohort / "third-right" / "bones.nii.gz").unlink()
    panel.cases.ui.nextButton.click()
    assert "lacks its bone labels" in bench.dialogs.texts("error")[-1]
    assert panel.session is session and panel.state.case == "second-right"
