"""From a misaligned registration to an accepted one, decisions, and what is exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.registration.record_folder import load_record
from CTSMALib.registration.review.decisions import status
from CTSMALib.scene.registration.review_entry import images_of

MOST_ACTIONS = 12
Judged = Callable[[Any], Path]


def texts(table: Any, column: int) -> list[str]:
    return [table.item(row, column).text() for row in range(table.property("rowCount"))]


def test_from_a_misaligned_registration_to_an_accepted_one_in_twelve_actions(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], a_folder: Path, judged: Judged
) -> None:
    p, actions = a_panel, 0

    def act(do: Callable[..., Any], *arguments: Any) -> None:
        nonlocal actions
        do(*arguments)
        actions += 1
        bench.process_events(250)

    act(p.scans.ui.ctSelector.setCurrentNode, scans[0])
    act(p.scans.ui.mrSelector.setCurrentNode, scans[1])
    act(p.scans.ui.folderEdit.setCurrentPath, str(a_folder))
    act(p.scans.ui.openButton.click)
    act(p.correct.ui.moveFrontButton.click)
    act(p.correct.ui.moveFrontButton.click)
    act(p.correct.ui.judgeButton.click)
    judged(p)
    bench.process_events(250)
    act(p.judging.ui.reviewerEdit.setText, "Reader A")
    act(p.judging.ui.acceptGoodButton.click)
    assert actions <= MOST_ACTIONS
    record = load_record(a_folder)
    assert status(record) == "accepted"
    assert {review.reviewer for review in record.reviews} == {"Reader A"}
    assert record.bone("femur").user_moving_to_fixed_ras[1][3] == pytest.approx(1.0)
    assert "Accepted" in p.scans.ui.summaryLabel.property("text")


def test_the_table_says_before_after_and_where_to_judge_again(bench: Any, an_open_panel: Any, judged: Judged) -> None:
    table = an_open_panel.judging.ui.comparisonTable
    assert texts(table, 0).count("Femur") == texts(table, 0).count("Tibia") >= 6
    an_open_panel.correct.ui.moveFrontButton.click()
    bench.process_events(250)
    after = [t for bone, t in zip(texts(table, 0), texts(table, 3), strict=True) if bone == "Femur"]
    assert set(after) == {"judge again"}
    an_open_panel.correct.ui.moveFrontButton.click()
    an_open_panel.correct.ui.judgeButton.click()
    runner = an_open_panel.jobs.runner
    assert "--from-stage=judge" in runner.arguments
    judged(an_open_panel)
    assert not runner.out.parent.exists()
    bench.process_events(250)
    row = next(n for n, name in enumerate(texts(table, 1)) if name.startswith("Contour"))
    assert texts(table, 3)[row] == "0.20"
    assert (an_open_panel.session.folder / "mr_on_ct.nii.gz").is_file()


def test_a_reason_stays_in_its_field_when_the_decision_is_refused(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.judging.ui
    ui.reviewerEdit.setText("Reader A")
    ui.reasonEdit.setText("a long reason")
    an_open_panel.session.reviewer = ""  # as if a script had taken it away
    ui.rejectButton.click()
    assert len(bench.dialogs.texts("error")) == 1
    assert ui.reasonEdit.property("text") == "a long reason"
    an_open_panel.session.reviewer = "Reader A"
    ui.rejectButton.click()
    assert ui.reasonEdit.property("text") == ""
    assert an_open_panel.session.decision("femur").reason == "a long reason"


def test_a_decision_needs_a_name_and_a_reason(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.judging.ui
    assert "name or initials" in ui.acceptButton.property("toolTip")
    ui.reviewerEdit.setText("Reader A")
    assert ui.acceptButton.property("enabled")
    assert not ui.rejectButton.property("enabled")
    assert "reason" in ui.rejectButton.property("toolTip")
    ui.reasonEdit.setText("cartilage in the way")
    ui.rejectButton.click()
    assert an_open_panel.session.decision("femur").decision == "rejected"
    assert ui.reasonEdit.property("text") == ""
    ui.reasonEdit.setText("once more")
    ui.needsWorkButton.click()
    ui.acceptButton.click()
    bench.process_events(250)
    assert texts(ui.decisionTable, 2)[0] == "Accepted"
    assert ui.historyText.isHidden()
    ui.historyCheckBox.click()
    history = ui.historyText.property("plainText").splitlines()
    assert [("accepted" in line, "once more" in line, "cartilage" in line) for line in history] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_an_accepted_bone_that_is_moved_is_void(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.judging.ui
    ui.reviewerEdit.setText("Reader A")
    ui.acceptButton.click()
    an_open_panel.correct.ui.moveUpButton.click()
    bench.process_events(250)
    assert texts(ui.decisionTable, 2)[0].startswith("void")
    an_open_panel.correct.ui.undoButton.click()
    bench.process_events(250)
    assert texts(ui.decisionTable, 2)[0] == "Accepted"


def test_all_bones_are_decided_about_at_once_as_the_knee(an_open_panel: Any) -> None:
    an_open_panel.change(subject="knee")
    an_open_panel.judging.ui.reviewerEdit.setText("Reader A")
    an_open_panel.judging.ui.acceptButton.click()
    assert an_open_panel.session.status == "accepted"


def test_a_row_of_the_decisions_chooses_the_bone(an_open_panel: Any) -> None:
    an_open_panel.judging.ui.decisionTable.selectRow(2)
    assert an_open_panel.state.subject == "patella"
    assert an_open_panel.session.active == "patella"


def test_the_reviewer_is_remembered_by_the_application(bench: Any, an_open_panel: Any, scene: Any) -> None:
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel
    from Testing.panels.reading.fake_runner import FakeRunner

    an_open_panel.judging.ui.reviewerEdit.setText("Reader B")
    assert an_open_panel.session.reviewer == "Reader B"
    an_open_panel.close()
    again = ReviewPanel(scene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list))
    assert again.judging.reviewer == "Reader B"
    again.close()


def test_transforms_images_and_table_are_exported(
    bench: Any, an_open_panel: Any, judged: Judged, tmp_path: Path
) -> None:
    ui = an_open_panel.exporting.ui
    assert "judge again" in ui.imagesCheckBox.property("toolTip")
    assert "Choose a folder" in ui.exportButton.property("toolTip")
    an_open_panel.correct.ui.judgeButton.click()
    judged(an_open_panel)
    bench.process_events(250)
    assert len(images_of(an_open_panel.session)) == 2
    an_open_panel.correct.ui.moveFrontButton.click()
    assert images_of(an_open_panel.session) == ()  # they show the motion before
    an_open_panel.correct.ui.undoButton.click()
    bench.process_events(250)
    ui.imagesCheckBox.click()
    ui.exportFolderEdit.setCurrentPath(str(tmp_path / "out"))
    ui.exportButton.click()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        *("femur.tfm", "tibia.tfm", "patella.tfm", "fibula.tfm", "moving_to_fixed_ras.json"),
        *("mr_on_ct.nii.gz", "patches.npz", "comparison.csv"),
    }
    table = (tmp_path / "out" / "comparison.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "bone,measure,unit,before,after,note"
    assert "8 files" in ui.exportedLabel.property("text")
    for check in (ui.transformsCheckBox, ui.imagesCheckBox):
        check.click()
    bench.dialogs.answer(True)
    ui.exportButton.click()
    assert "1 files" in ui.exportedLabel.property("text")
    ui.tableCheckBox.click()
    assert "Choose what" in ui.exportButton.property("toolTip")


def test_nothing_is_decided_while_an_earlier_motion_is_shown(an_open_panel: Any) -> None:
    ui = an_open_panel.judging.ui
    ui.reviewerEdit.setText("Reader A")
    ui.reasonEdit.setText("blurred")
    buttons = (ui.acceptButton, ui.needsWorkButton, ui.rejectButton, ui.acceptGoodButton)
    for shown in ("auto", "knee"):
        an_open_panel.change(shown=shown)
        for button in buttons:
            assert not button.property("enabled")
            assert "earlier motion" in button.property("toolTip")
    an_open_panel.change(shown="after")
    assert all(button.property("enabled") for button in buttons)
