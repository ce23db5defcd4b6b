"""Registering, opening, closing; what fails is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.conftest import write_registration


def controls(panel: Any) -> list[Any]:
    """Every button, list and field of the panel that a user works with."""
    from PySide6 import QtWidgets

    kinds = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QLineEdit, QtWidgets.QAbstractSpinBox)
    parts = [
        panel.scans,
        panel.cases,
        panel.agreeing,
        panel.see,
        panel.correct,
        panel.landmarks,
        panel.judging,
        panel.exporting,
    ]
    named = [(name, widget) for part in parts for name, widget in vars(part.ui).items()]
    return [widget for name, widget in named if isinstance(widget, kinds) and not name.startswith(("_", "qt_"))]


def test_the_panel_says_that_it_is_for_research(a_panel: Any) -> None:
    assert a_panel.ui.researchUseLabel.property("text") == "Research use only – not a medical device."


def test_everything_explains_itself_and_what_is_disabled_says_why(a_panel: Any) -> None:
    found = controls(a_panel)
    assert len(found) > 45
    for widget in found:
        assert widget.property("toolTip"), widget.property("objectName")
    for button in (
        a_panel.correct.ui.moveUpButton, a_panel.correct.ui.undoButton, a_panel.see.ui.worstButton,
        a_panel.judging.ui.acceptButton, a_panel.landmarks.ui.ctPointButton, a_panel.exporting.ui.exportButton,
    ):  # fmt: skip
        assert not button.property("enabled")
        assert button.property("toolTip") == "No registration is open."
    assert a_panel.scans.ui.openButton.property("toolTip") == "Choose the CT of a knee."


def test_two_scans_and_a_folder_are_needed(a_panel: Any, scans: tuple[Any, Any], a_folder: Path) -> None:
    ui = a_panel.scans.ui
    ui.ctSelector.setCurrentNode(scans[0])
    assert ui.openButton.property("toolTip") == "Choose the MR of a knee."
    ui.mrSelector.setCurrentNode(scans[0])
    assert "same volume" in ui.openButton.property("toolTip")
    ui.mrSelector.setCurrentNode(scans[1])
    assert "folder" in ui.openButton.property("toolTip")
    ui.folderEdit.setCurrentPath(str(a_folder))
    assert ui.openButton.property("enabled")


def test_a_folder_without_a_registration_is_told(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], tmp_path: Path
) -> None:
    ui = a_panel.scans.ui
    ui.ctSelector.setCurrentNode(scans[0])
    ui.mrSelector.setCurrentNode(scans[1])
    ui.folderEdit.setCurrentPath(str(tmp_path))
    ui.openButton.click()
    (told,) = bench.dialogs.texts("error")
    assert "could not be opened" in told
    assert a_panel.session is None


def test_registering_writes_the_scans_and_opens_the_result(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], tmp_path: Path, a_pair: MadeUpPair
) -> None:
    ui = a_panel.scans.ui
    ui.ctSelector.setCurrentNode(scans[0])
    ui.mrSelector.setCurrentNode(scans[1])
    ui.folderEdit.setCurrentPath(str(tmp_path / "new"))
    ui.registerButton.click()
    runner = a_panel.jobs.runner
    job, ct, mr, *_rest = runner.arguments
    assert job == "register"
    assert Path(ct).is_file()
    assert Path(mr).is_file()
    assert runner.out == tmp_path / "new"
    runner.say(event="progress", stage="Registering the femur", fraction=0.5, message="")
    assert not a_panel.run_bar.widget.isHidden()
    assert "femur" in a_panel.run_bar.ui.stageLabel.property("text")
    write_registration(a_pair, runner.out)
    runner.say(event="result", path=str(runner.out))
    runner.end()
    assert a_panel.session.folder == tmp_path / "new"
    assert not Path(ct).parent.exists()


def test_what_leads_a_registration_is_chosen(a_panel: Any, scans: tuple[Any, Any], tmp_path: Path) -> None:
    ui = a_panel.scans.ui
    ui.ctSelector.setCurrentNode(scans[0])
    ui.mrSelector.setCurrentNode(scans[1])
    ui.folderEdit.setCurrentPath(str(tmp_path / "new"))
    assert [ui.guideComboBox.itemData(index) for index in range(3)] == ["mr", "synthetic", "both"]
    for chosen in ("both", "mr"):
        ui.guideComboBox.setCurrentIndex(ui.guideComboBox.findData(chosen))
        assert a_panel.state.guide == chosen
        ui.registerButton.click()
        assert f"--with={chosen}" in a_panel.jobs.runner.arguments
        a_panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")


def test_a_job_that_fails_or_is_cancelled_is_told_and_changes_nothing(bench: Any, an_open_panel: Any) -> None:
    record = an_open_panel.session.record
    an_open_panel.correct.ui.judgeButton.click()
    runner = an_open_panel.jobs.runner
    runner.fail_with("The MR does not show the knee.", "Choose another MR.")
    assert "The MR does not show the knee. Choose another MR." in an_open_panel.run_bar.ui.messageLabel.property("text")
    assert an_open_panel.session.record == record
    an_open_panel.correct.ui.refineButton.click()
    an_open_panel.run_bar.ui.cancelButton.click()
    runner.end(130)
    assert "Cancelled" in an_open_panel.run_bar.ui.stageLabel.property("text")
    assert an_open_panel.session.record == record
    assert an_open_panel.correct.ui.refineButton.property("enabled")


def test_a_folder_that_holds_something_is_not_registered_into(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.scans.ui.registerButton.click()
    (told,) = bench.dialogs.texts("error")
    assert "not empty" in told
    assert not an_open_panel.jobs.runner.is_busy()


def test_closing_takes_the_review_out_and_leaves_the_scans(an_open_panel: Any, scans: tuple[Any, Any]) -> None:
    made = an_open_panel.session.nodes.owned()
    an_open_panel.correct.ui.moveUpButton.click()
    an_open_panel.scans.ui.closeButton.click()
    assert an_open_panel.session is None
    assert scans[1].GetParentTransformNode() is None
    assert {node.GetScene() for node in made} == {None}
    an_open_panel.scans.ui.openButton.click()
    assert an_open_panel.session.corrections.user["femur"][2, 3] == pytest.approx(0.5)


def test_a_deleted_scan_closes_the_review(bench: Any, an_open_panel: Any, scans: tuple[Any, Any]) -> None:
    made = [an_open_panel.session.nodes.auto(bone) for bone in an_open_panel.session.bones]
    removed = scans[1].GetID()
    an_open_panel.scene.RemoveNode(scans[1])
    an_open_panel.node_removed(scans[1])
    an_open_panel.nodes_settled()
    bench.process_events(100)
    assert an_open_panel.session is None
    assert an_open_panel.state.mr != removed
    assert {node.GetScene() for node in made} == {None}


def test_a_review_that_cannot_be_saved_says_so(bench: Any, an_open_panel: Any) -> None:
    (an_open_panel.session.folder / "registration.json").write_text("{}")
    an_open_panel.correct.ui.moveUpButton.click()
    bench.process_events(600)
    assert "Not saved" in an_open_panel.scans.ui.summaryLabel.property("text")
    bench.dialogs.answer(False)
    an_open_panel.scans.ui.closeButton.click()
    assert an_open_panel.session is not None
    bench.dialogs.answer(True)
    an_open_panel.scans.ui.closeButton.click()
    assert an_open_panel.session is None


def test_missing_packages_close_the_way(bench: Any, scene: Any) -> None:
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel
    from Testing.panels.reading.fake_runner import FakeRunner

    panel = ReviewPanel(scene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=lambda: ["msgspec"]))
    assert "Install" in panel.scans.ui.openButton.property("toolTip")
    assert "Install" in panel.cases.ui.cohortButton.property("toolTip")
    panel.close()


def test_a_nudge_costs_little_time(bench: Any, an_open_panel: Any) -> None:
    import time

    button, times = an_open_panel.correct.ui.moveUpButton, []
    for _ in range(15):
        begun = time.perf_counter()
        button.click()
        times.append(1000 * (time.perf_counter() - begun))
    print(f"a nudge takes {np.median(times):.1f} ms before the picture is drawn")
    assert np.median(times) < 60
