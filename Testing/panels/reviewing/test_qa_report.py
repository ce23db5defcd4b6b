"""The quality report, written from the panel while views can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from Testing.core.report.readers import HtmlReader, pdf_pages

NAMES = ("registration-report.html", "registration-report.pdf")


def enabled(widget: Any) -> bool:
    return bool(widget.property("enabled"))


def wait(bench: Any, panel: Any) -> None:
    """Until the report is written."""
    for _ in range(200):
        if "written to" in panel.exporting.ui.exportedLabel.property("text"):
            return
        bench.process_events(50)
    pytest.fail(panel.exporting.ui.exportedLabel.property("text"))


@pytest.fixture()
def a_reported_panel(bench: Any, an_open_panel: Any, tmp_path: Path) -> Any:
    """The panel after the femur was moved and the report was written to ``out``."""
    an_open_panel.judging.ui.reviewerEdit.setText("Reader A")
    an_open_panel.correct.ui.moveFrontButton.click()
    bench.process_events(100)
    an_open_panel.exporting.ui.exportFolderEdit.setCurrentPath(str(tmp_path / "out"))
    an_open_panel.exporting.ui.reportButton.click()
    wait(bench, an_open_panel)
    return an_open_panel


def test_the_buttons_say_what_they_wait_for(a_panel: Any) -> None:
    ui = a_panel.exporting.ui
    assert not enabled(ui.reportButton) and "No registration" in ui.reportButton.property("toolTip")
    assert not enabled(ui.openReportButton) and "No report" in ui.openReportButton.property("toolTip")


def test_a_report_needs_a_folder(an_open_panel: Any) -> None:
    ui = an_open_panel.exporting.ui
    assert not enabled(ui.reportButton) and "Choose a folder" in ui.reportButton.property("toolTip")


def test_the_report_says_what_was_done_in_this_session(a_reported_panel: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == list(NAMES)
    page = HtmlReader((out / NAMES[0]).read_text(encoding="utf-8"))
    assert "Femur, after (moved by 0.5 mm" in page.text
    assert "judge again" in page.text
    assert "in this session" in page.text and a_reported_panel.session.history.names[0] in page.text
    assert page.tags.count("img") == 6 + 3 * 3  # the femur before and after, the others as found
    assert all("Research use only" in text for text in pdf_pages(out / NAMES[1]))
    assert str(out) in a_reported_panel.exporting.ui.exportedLabel.property("text")


def test_views_can_be_used_while_it_is_written(bench: Any, an_open_panel: Any, tmp_path: Path) -> None:
    ui = an_open_panel.exporting.ui
    ui.exportFolderEdit.setCurrentPath(str(tmp_path / "out"))
    ui.reportButton.click()
    assert "%" in ui.exportedLabel.property("text")
    assert not enabled(ui.reportButton) and "being written" in ui.reportButton.property("toolTip")
    an_open_panel.correct.ui.moveFrontButton.click()  # not in the report, which was settled before
    wait(bench, an_open_panel)
    assert "Femur, as found" in (tmp_path / "out" / NAMES[0]).read_text(encoding="utf-8")
    assert enabled(ui.reportButton)


def test_the_report_is_opened(bench: Any, a_reported_panel: Any, tmp_path: Path) -> None:
    a_reported_panel.exporting.ui.openReportButton.click()
    assert bench.dialogs.opened_urls == [(tmp_path / "out" / NAMES[0]).as_uri()]


def test_a_report_that_is_there_is_replaced_only_when_the_user_agrees(
    bench: Any, a_reported_panel: Any, tmp_path: Path
) -> None:
    ui, page = a_reported_panel.exporting.ui, tmp_path / "out" / NAMES[0]
    before = page.read_text(encoding="utf-8")
    a_reported_panel.correct.ui.moveFrontButton.click()
    bench.process_events(100)
    bench.dialogs.answer(False)
    ui.reportButton.click()
    bench.process_events(100)
    assert page.read_text(encoding="utf-8") == before
    bench.dialogs.answer(True)
    ui.exportedLabel.setText("")
    ui.reportButton.click()
    wait(bench, a_reported_panel)
    assert "moved by 1.0 mm" in page.read_text(encoding="utf-8")


def test_bones_outlined_in_the_mr_are_compared_in_the_report(
    bench: Any, an_open_panel: Any, a_pair: Any, tmp_path: Path
) -> None:
    import SimpleITK as sitk

    from CTSMALib.volumes.rigid import inverse, itk_transform

    back = itk_transform(inverse(a_pair.matrices["tibia"]))
    tibia = sitk.Resample(a_pair.labels == 2, a_pair.mr, back, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8) * 2
    an_open_panel.session.give_mr_labels(tibia)
    an_open_panel.exporting.ui.exportFolderEdit.setCurrentPath(str(tmp_path / "out"))
    an_open_panel.exporting.ui.reportButton.click()
    wait(bench, an_open_panel)
    assert "Dice femur not measured, tibia 0.9" in (tmp_path / "out" / NAMES[0]).read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_told(bench: Any, an_open_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ui = an_open_panel.exporting.ui
    ui.exportFolderEdit.setCurrentPath(str(tmp_path / "file" / "out"))
    ui.reportButton.click()
    for _ in range(100):
        bench.process_events(50)
        if bench.dialogs.texts("error"):
            break
    assert "cannot be written" in bench.dialogs.texts("error")[-1]
    assert enabled(ui.reportButton)
