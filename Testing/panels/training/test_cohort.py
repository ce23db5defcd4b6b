"""From a folder with scans to a manifest that a cohort is registered by: found, shown, corrected, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from CTSMALib.learning.pairs.cohort_table import read_table
from Testing.panels.training.conftest import choose, select


def cells(panel: Any) -> list[list[str]]:
    table = panel.cohort.ui.kneeTable
    rows, columns = table.property("rowCount"), table.property("columnCount")
    return [[str(table.item(row, column).text()) for column in range(columns)] for row in range(rows)]


def corrected(panel: Any, scans: Path, project: Path) -> Any:
    """The panel with pairs that were found, one of which was removed, and nothing saved."""
    choose(panel, scans, project)
    panel.cohort.ui.findButton.click()
    select(panel.cohort.ui.kneeTable, 5)
    panel.cohort.ui.removeButton.click()
    return panel


def test_pairs_are_found_corrected_and_saved(bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path) -> None:
    panel, ui = a_working_panel, a_working_panel.cohort.ui
    choose(panel, scans, tmp_path / "project")
    assert "find the pairs" in ui.kindLabel.property("text")
    assert panel.steps.ui.startButton.property("toolTip") == "Find the pairs first, and save the manifest."
    ui.findButton.click()
    shown = cells(panel)
    assert [row[:3] for row in shown] == [
        ["✓", "P0", "left"], ["✓", "P1", "left"], ["✓", "P2", "left"], ["!", "P3", "left"], ["✗", "P4", ""],
        ["!", "P5", "left"],
    ]  # fmt: skip
    assert "5 pairs of 5 subjects" in ui.kindLabel.property("text")
    assert "Errors to correct: 1." in ui.kindLabel.property("text")
    assert "Correct the manifest first" in panel.steps.ui.startButton.property("toolTip")

    select(ui.kneeTable, 4)
    assert "The side is open. Write left or right." in ui.findingLabel.property("text")
    ui.kneeTable.item(4, 2).setText("right")
    bench.process_events(10)
    ui.confirmButton.click()
    select(ui.kneeTable, 3)
    assert "2 MRs fit" in ui.findingLabel.property("text")
    ui.otherMrButton.click()
    assert cells(panel)[3][6].endswith("P3/fat")
    ui.otherMrButton.click()
    assert cells(panel)[3][6].endswith("P3/mr")
    ui.confirmButton.click()
    select(ui.kneeTable, 5)
    assert ui.otherMrButton.property("toolTip") == "No other MR of this knee was found."
    ui.removeButton.click()
    assert [row[:3] for row in cells(panel)][3:] == [["✓", "P3", "left"], ["✓", "P4", "right"]]
    assert panel.steps.ui.startButton.property("toolTip") == "Save the manifest first."
    ui.saveButton.click()
    assert bench.dialogs.texts("error") == []
    table = read_table(tmp_path / "project" / "manifest.csv")
    assert [(row["subject"], row["side"]) for row in table.rows][3:] == [("P3", "left"), ("P4", "right")]
    assert panel.steps.ui.startButton.property("enabled")
    assert "--cohort" in panel.steps.ui.commandText.property("plainText")


def test_what_was_left_out_is_shown_with_the_reason(
    bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    panel, ui = a_working_panel, a_working_panel.cohort.ui
    empty = scans / "P5" / "mr.nii.gz"
    empty.write_bytes(b"")
    (scans / "old.zip").write_bytes(b"PK\x03\x04" + bytes(60))
    choose(panel, scans, tmp_path / "project")
    assert ui.leftOutSection.isHidden()
    ui.findButton.click()
    table = ui.leftOutTable
    assert not ui.leftOutSection.isHidden() and ui.leftOutSection.property("text").endswith(": 2")
    told = {str(table.item(row, 0).text()): str(table.item(row, 1).text()) for row in range(2)}
    assert told == {
        "../scans/P5/mr.nii.gz": "The file is empty.", "../scans/old.zip": "It is an archive; unpack it.",
    }  # fmt: skip
    panel.enter()  # as it is read again from the project
    assert table.property("rowCount") == 2
    empty.unlink()
    (scans / "old.zip").unlink()
    ui.findButton.click()
    assert ui.leftOutSection.isHidden()


def test_a_damaged_table_of_what_was_left_out_is_told_and_stops_nothing(
    a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    panel, ui = a_working_panel, a_working_panel.cohort.ui
    choose(panel, scans, tmp_path / "project")
    ui.findButton.click()
    (tmp_path / "project" / "manifest-left-out.csv").write_text("something else\n")
    panel.enter()
    assert len(cells(panel)) == 6
    assert "Delete it, and find the pairs again" in ui.leftOutTable.item(0, 1).text()


def test_finding_again_keeps_splits_and_asks_before_changes_are_lost(
    bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    panel, ui = a_working_panel, a_working_panel.cohort.ui
    choose(panel, scans, tmp_path / "project")
    ui.findButton.click()
    ui.kneeTable.item(0, 3).setText("unpaired")
    bench.process_events(10)
    bench.dialogs.answer(False)
    ui.findButton.click()
    assert len(panel.jobs.runner.done) == 1 and cells(panel)[0][3] == "unpaired"
    ui.saveButton.click()
    ui.findButton.click()
    assert len(panel.jobs.runner.done) == 2 and cells(panel)[0][3] == "unpaired"


def test_changes_are_not_lost_by_choosing_another_cohort(
    bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    panel, ui = a_working_panel, a_working_panel.cohort.ui
    choose(panel, scans, tmp_path / "project")
    ui.findButton.click()
    ui.kneeTable.item(0, 3).setText("unpaired")
    bench.process_events(10)
    bench.dialogs.answer(False)
    ui.projectEdit.setCurrentPath(str(tmp_path / "other"))
    assert cells(panel)[0][3] == "unpaired" and ui.projectEdit.property("currentPath") == str(tmp_path / "project")
    bench.dialogs.answer(True)
    ui.projectEdit.setCurrentPath(str(tmp_path / "other"))
    assert cells(panel) == []


def test_changes_are_not_lost_when_something_is_imported_into_the_scene(
    bench: Any, scene: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    """As files are with "Add data"; the module tells the panel of it."""
    panel = corrected(a_working_panel, scans, tmp_path / "project")
    panel.read_scene()
    assert panel.desk.unsaved and len(cells(panel)) == 5


def test_changes_are_not_lost_when_the_scene_is_closed(
    bench: Any, scene: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    """Nobody is asked then; the manifest stays where it can be saved."""
    panel = corrected(a_working_panel, scans, tmp_path / "project")

    def close_scene() -> None:
        scene.Clear(False)
        panel.read_scene()

    close_scene()
    assert panel.desk.unsaved and len(cells(panel)) == 5
    assert panel.state.cohort == str(scans) and panel.state.project == str(tmp_path / "project")
    panel.cohort.ui.saveButton.click()
    assert len(read_table(tmp_path / "project" / "manifest.csv").rows) == 5
    close_scene()
    assert panel.state.cohort == "" and cells(panel) == []


def test_splits_are_drawn_for_those_without_and_anew_when_all_have_one(
    bench: Any, a_panel: Any, tmp_path: Path
) -> None:
    (tmp_path / "scan").write_text("")
    rows = "".join(f"S{n},left,scan,scan{n},\n" for n in range(8))
    manifest = tmp_path / "m.csv"
    manifest.write_text("subject,side,ct,mr,split\n" + rows)
    choose(a_panel, manifest, tmp_path / "project")
    a_panel.cohort.ui.splitsButton.click()
    first = [row[3] for row in cells(a_panel)]
    assert set(first) == {"train", "stop", "calibrate", "test", "tune"}
    a_panel.change(split_seed=5)
    a_panel.cohort.ui.splitsButton.click()
    assert [row[3] for row in cells(a_panel)] != first


def test_a_wrong_manifest_is_told_in_the_panel(bench: Any, a_panel: Any, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("patient,image\nS1,x\n")
    choose(a_panel, manifest, tmp_path / "project")
    assert "has no column subject" in a_panel.cohort.ui.kindLabel.property("text")
    assert not a_panel.steps.ui.startButton.property("enabled")
    choose(a_panel, tmp_path / "nowhere", tmp_path / "project")
    assert "does not exist" in a_panel.cohort.ui.kindLabel.property("text")
    choose(a_panel, tmp_path / "m.txt", tmp_path / "project")
    assert bench.dialogs.texts("error") == []


def test_an_empty_folder_is_told_by_the_job(bench: Any, a_working_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    choose(a_working_panel, tmp_path / "empty", tmp_path / "project")
    a_working_panel.cohort.ui.findButton.click()
    assert "holds no scans" in a_working_panel.run_bar.ui.messageLabel.property("text")
    assert not (tmp_path / "project" / "manifest.csv").exists()


def test_a_practice_cohort_that_is_missing_is_told(bench: Any, a_panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a trimmed installation."""
    from CTSMAPanels.training import cohort_panel

    monkeypatch.setattr(cohort_panel, "PRACTICE_COHORT", "SampleData/none")
    a_panel.cohort.ui.practiceButton.click()
    assert any("practice cohort" in text for text in bench.dialogs.texts("error"))
    assert a_panel.state.cohort == ""


def test_the_project_is_not_the_folder_of_the_scans(a_panel: Any, scans: Path) -> None:
    choose(a_panel, scans, scans)
    assert "The project folder is the folder of the scans" in a_panel.cohort.ui.kindLabel.property("text")


def test_boxes_of_virtual_knees_need_no_manifest_and_no_registration(
    a_panel: Any, a_virtual_cohort: Path, tmp_path: Path
) -> None:
    choose(a_panel, a_virtual_cohort, tmp_path / "project")
    assert "nothing to register" in a_panel.cohort.ui.kindLabel.property("text")
    assert not a_panel.cohort.ui.findButton.property("enabled")
    assert a_panel.step_lines()[0].step == a_panel.state.step == "patches"
    assert a_panel.steps.ui.startButton.property("enabled")


def test_changes_are_not_lost_while_a_folder_cannot_be_read(
    bench: Any, scene: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    """As on a network share that is away for a while."""
    panel = corrected(a_working_panel, scans, tmp_path / "project")
    away = scans.with_name("away")
    scans.rename(away)
    try:
        panel.enter()
        assert panel.desk.unsaved and len(cells(panel)) == 5
        assert "does not exist" in panel.cohort.ui.kindLabel.property("text")
    finally:
        away.rename(scans)
    assert panel.cohort.ui.saveButton.property("enabled")
    panel.cohort.ui.saveButton.click()
    assert "does not exist" not in panel.cohort.ui.kindLabel.property("text") and not panel.desk.unsaved
    assert len(read_table(tmp_path / "project" / "manifest.csv").rows) == 5
    choose(panel, tmp_path / "elsewhere", tmp_path / "project")
    assert panel.desk is None
