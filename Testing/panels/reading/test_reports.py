"""Exporting the report from the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from Testing.panels.reading.test_analysis import enabled, tip


def test_a_report_of_another_knee_is_not_replaced_unasked(bench: Any, a_reading_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_text("of another knee")
    a_reading_panel.report.ui.folderEdit.setCurrentPath(str(tmp_path))
    bench.dialogs.answer(False)
    a_reading_panel.report.ui.exportButton.click()
    assert not a_reading_panel.jobs.runner.is_busy()
    assert any("report.pdf" in question for question in bench.dialogs.texts("confirm"))
    bench.dialogs.answer(True)
    a_reading_panel.report.ui.exportButton.click()
    assert "--overwrite" in a_reading_panel.jobs.runner.arguments


def test_a_folder_that_cannot_be_is_told(bench: Any, a_reading_panel: Any) -> None:
    a_reading_panel.report.ui.folderEdit.setCurrentPath("~nobody-of-that-name/reports")
    a_reading_panel.report.ui.exportButton.click()
    assert any("unknown" in shown for shown in bench.dialogs.texts("error"))
    assert not a_reading_panel.jobs.runner.is_busy()


def test_the_report_of_the_session_is_exported_from_its_folder(a_reading_panel: Any, tmp_path: Path) -> None:
    ui = a_reading_panel.report.ui
    assert "Choose a folder" in tip(ui.exportButton)
    ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    assert enabled(ui.exportButton)
    ui.pdfCheckBox.setChecked(False)
    ui.pseudonymiseCheckBox.setChecked(True)
    ui.exportButton.click()
    arguments = a_reading_panel.jobs.runner.arguments
    assert arguments[0] == "report"
    assert (Path(arguments[1]) / "analysis.json").is_file()
    assert arguments[arguments.index("--format") + 1] == "html,csv"
    assert "--pseudonymise" in arguments
    assert a_reading_panel.jobs.runner.out == tmp_path / "out"
    assert not enabled(ui.openReportButton)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("<html>")
    a_reading_panel.jobs.runner.say(event="result", path=str(tmp_path / "out"))
    a_reading_panel.jobs.runner.end()
    assert enabled(ui.openReportButton)


def test_the_report_of_a_saved_scene_is_exported_from_its_nodes(a_reading_panel: Any, tmp_path: Path) -> None:
    from CTSMALib.analysis.folder import load_analysis

    a_reading_panel.jobs._folders.clear()
    a_reading_panel.report.ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    a_reading_panel.report.ui.exportButton.click()
    folder = Path(a_reading_panel.jobs.runner.arguments[1])
    assert load_analysis(folder).side.side == "right"
    a_reading_panel.jobs.runner.fail_with("The disk is full.", "Free some space first.", kind="output")
    assert not folder.exists()


def test_the_paper_is_that_of_the_country_until_one_is_chosen(
    a_reading_panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels.reading.report_panel import ReportPanel
    from CTSMAPanels.settings import paper
    from CTSMAPanels.settings.store import read_settings

    ui = a_reading_panel.report.ui
    monkeypatch.setattr(paper, "system_locale", lambda: "en_US")
    a_reading_panel.refresh()
    assert ui.paperComboBox.property("currentText").startswith("US letter")
    ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    ui.exportButton.click()
    assert "--paper=letter" in a_reading_panel.jobs.runner.arguments
    a_reading_panel.jobs.runner.close()
    ui.paperComboBox.setCurrentIndex(0)
    ui.exportButton.click()
    assert not any(word.startswith("--paper") for word in a_reading_panel.jobs.runner.arguments)  # A4 is the usual
    a_reading_panel.jobs.runner.close()
    again = ReportPanel(lambda: None)
    again.show(a_reading_panel.result, "")
    assert again.paper == "a4" and read_settings().paper == "a4"
    again.ui.pdfCheckBox.setChecked(False)
    assert not enabled(again.ui.paperComboBox) and "PDF" in tip(again.ui.paperComboBox)


def test_no_format_is_no_report(a_reading_panel: Any, tmp_path: Path) -> None:
    ui = a_reading_panel.report.ui
    ui.folderEdit.setCurrentPath(str(tmp_path))
    for check in (ui.htmlCheckBox, ui.pdfCheckBox, ui.csvCheckBox):
        check.setChecked(False)
    assert not enabled(ui.exportButton)
    assert "format" in tip(ui.exportButton)


def test_without_a_folder_nothing_is_exported(a_reading_panel: Any, tmp_path: Path) -> None:
    ui = a_reading_panel.report.ui
    ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    assert enabled(ui.exportButton)
    ui.folderEdit.setCurrentPath("")
    assert not enabled(ui.exportButton) and "Choose a folder" in tip(ui.exportButton)
