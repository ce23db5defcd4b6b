"""From the chosen CT to the shown result, and everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


def enabled(button: Any) -> bool:
    return bool(button.property("enabled"))


def tip(widget: Any) -> str:
    return str(widget.property("toolTip"))


def text(widget: Any) -> str:
    return str(widget.property("text"))


def nodes(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def choose_ct(panel: Any, node: Any) -> None:
    panel.scan.ui.ctSelector.setCurrentNode(node)


def test_nothing_can_be_started_without_a_ct(a_panel: Any) -> None:
    assert not enabled(a_panel.scan.ui.applyButton)
    assert "Choose the CT" in tip(a_panel.scan.ui.applyButton)
    assert not enabled(a_panel.report.ui.exportButton)
    assert "No result" in tip(a_panel.report.ui.exportButton)
    assert not enabled(a_panel.results.ui.removeButton)
    assert not enabled(a_panel.view.ui.quantityComboBox)
    assert "No result" in tip(a_panel.view.ui.layoutButton)


def test_a_chosen_ct_can_be_analyzed(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    assert a_panel.state.ct == a_ct.GetID()
    assert enabled(a_panel.scan.ui.applyButton)


def test_the_only_ct_is_chosen(a_panel: Any, a_ct: Any) -> None:
    a_panel.read_scene()
    assert a_panel.scan.ui.ctSelector.currentNode() is a_ct


def test_the_worker_is_told_what_the_user_chose(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    box = a_panel.scan.ui.sideComboBox
    box.setCurrentIndex(box.findData("right"))
    a_panel.scan.ui.applyButton.click()
    arguments = a_panel.jobs.runner.arguments
    assert arguments[0] == "analyze"
    assert arguments[arguments.index("--side") + 1] == "right"
    assert "--name=Knee CT" in arguments
    written = sitk.ReadImage(arguments[1])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(written), sitk.GetArrayFromImage(sitk.ReadImage(arguments[1])))
    assert written.GetSize() == a_ct.GetImageData().GetDimensions()


def test_the_header_comes_from_the_dicom_file_of_the_volume(
    bench: Any, a_panel: Any, a_ct: Any, tmp_path: Path
) -> None:
    bench.add_dicom_series("1.2", {"1.2.3": tmp_path / "image.dcm", "1.2.4": tmp_path / "other.dcm"})
    a_ct.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    arguments = a_panel.jobs.runner.arguments
    assert arguments[arguments.index("--header-from") + 1] == str(tmp_path / "image.dcm")


def say_voltage(panel: Any, kvp: int) -> None:
    box = panel.scan.ui.voltageComboBox
    box.setCurrentIndex(box.findData(kvp))


def test_a_tube_voltage_is_given_to_the_worker(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    assert "--kvp" not in a_panel.jobs.runner.arguments  # that of the scan, or the usual one
    a_panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")
    say_voltage(a_panel, 100)
    for model in ("", "none"):
        a_panel.change(model=model)
        a_panel.scan.ui.applyButton.click()
        arguments = a_panel.jobs.runner.arguments
        assert arguments[arguments.index("--kvp") + 1] == "100"
        a_panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")


def test_the_structure_itself_is_asked_for(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    box = a_panel.scan.ui.structureCheckBox
    for model, asked in (("", True), ("none", False)):
        a_panel.change(model=model)
        if asked:
            box.click()
        assert enabled(box) == asked and a_panel.state.structure
        a_panel.scan.ui.applyButton.click()
        assert ("--vcal" in a_panel.jobs.runner.arguments) == asked
        a_panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")


def test_every_voltage_that_is_offered_can_be_analyzed_with() -> None:
    from CTSMALib.scene.panel_state import AS_STATED, VOLTAGES, PanelState
    from CTSMALib.volumes.tube_voltage import voltage_of

    assert [voltage_of(str(kvp)) for kvp in VOLTAGES if kvp != AS_STATED] == list(VOLTAGES[1:])
    assert PanelState(kvp=101).valid().kvp == AS_STATED and PanelState(kvp=100).valid().kvp == 100


def test_a_tube_voltage_is_that_of_one_ct(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    say_voltage(a_panel, 140)
    a_panel.change(side="left")
    assert a_panel.state.kvp == 140
    choose_ct(a_panel, None)
    assert a_panel.state.kvp == 0 and a_panel.scan.ui.voltageComboBox.property("currentIndex") == 0
    choose_ct(a_panel, a_ct)
    say_voltage(a_panel, 140)
    a_panel.scene.RemoveNode(a_ct)
    assert a_panel.state.kvp == 0


def test_a_running_job_shows_where_it_is(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    bar = a_panel.run_bar
    assert enabled(bar.ui.cancelButton)
    assert not enabled(a_panel.scan.ui.applyButton)
    assert "running" in tip(a_panel.scan.ui.applyButton)
    a_panel.jobs.runner.say(event="progress", stage="Finding the bones", fraction=0.42, message="")
    assert bar.ui.progressBar.property("value") == 420
    assert "Finding the bones" in text(bar.ui.stageLabel)
    assert "CPU, 2 cores" in text(bar.ui.stageLabel)
    assert " s" in text(bar.ui.stageLabel)


def test_the_result_comes_into_the_scene_when_the_job_has_ended(a_panel: Any, a_ct: Any, analyzed: Analyzed) -> None:
    choose_ct(a_panel, a_ct)
    before = nodes(a_panel.scene)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.say(event="progress", stage="Writing", fraction=0.9, message="")
    assert nodes(a_panel.scene) == before
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    assert a_panel.result.title == "CTSMA right knee"
    assert a_panel.result.get("ct") is a_ct
    assert a_panel.results.ui.resultSelector.currentNode() is a_panel.result.node
    assert "Right knee" in text(a_panel.results.ui.summaryLabel)
    assert "bone volume fraction may be off" in a_panel.results.ui.noticesText.property("plainText")
    assert enabled(a_panel.scan.ui.applyButton)
    assert not enabled(a_panel.run_bar.ui.cancelButton)
    assert "Nothing is running" in tip(a_panel.run_bar.ui.cancelButton)


def test_a_failure_is_shown_with_its_remedy_and_changes_nothing(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    before = nodes(a_panel.scene)
    a_panel.scan.ui.applyButton.click()
    work = a_panel.jobs.runner.out.parent
    a_panel.jobs.runner.fail_with("No knee joint was found in this CT.", "Check the scan.")
    shown = text(a_panel.run_bar.ui.messageLabel)
    assert "No knee joint" in shown
    assert "Check the scan" in shown
    assert nodes(a_panel.scene) == before
    assert not work.exists()
    assert enabled(a_panel.scan.ui.applyButton)


def test_a_crash_shows_the_last_lines(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.monitor.feed_stderr(b"Segmentation fault in module 7\n")
    a_panel.jobs.runner.end(-11)
    assert "Segmentation fault in module 7" in text(a_panel.run_bar.ui.messageLabel)


def test_cancelling_leaves_the_scene_and_no_files(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    before = nodes(a_panel.scene)
    a_panel.scan.ui.applyButton.click()
    work = a_panel.jobs.runner.out.parent
    a_panel.run_bar.ui.cancelButton.click()
    assert not enabled(a_panel.run_bar.ui.cancelButton)
    a_panel.jobs.runner.fail_with("The analysis was cancelled.", "Start it again when ready.", kind="cancelled")
    assert "Cancelled" in text(a_panel.run_bar.ui.stageLabel)
    assert nodes(a_panel.scene) == before
    assert not work.exists()


def test_the_log_can_be_read_and_copied(bench: Any, a_panel: Any, a_ct: Any) -> None:
    import qt

    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.monitor.feed_stderr(b"a line for people\n")
    a_panel.jobs.runner.say(event="progress", stage="Finding the bones", fraction=0.1, message="")
    a_panel.run_bar.ui.logButton.setChecked(True)
    assert "a line for people" in a_panel.run_bar.ui.logText.property("plainText")
    a_panel.run_bar.ui.copyLogButton.click()
    assert "Finding the bones" in qt.QApplication.clipboard().text()


def test_a_ct_that_was_deleted_meanwhile_is_no_problem(a_panel: Any, a_ct: Any, analyzed: Analyzed) -> None:
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.scene.RemoveNode(a_ct)
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    assert a_panel.result.get("ct") is not None
    assert a_panel.result.owns_ct


def test_a_damaged_result_is_told_and_leaves_nothing(
    bench: Any, a_panel: Any, a_ct: Any, analyzed: Analyzed, tmp_path: Path
) -> None:
    import shutil

    broken = shutil.copytree(analyzed("plain")[0], tmp_path / "broken")
    (broken / "labels.nii.gz").write_bytes(b"nothing")
    choose_ct(a_panel, a_ct)
    before = nodes(a_panel.scene)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.finish_with(broken)
    assert any("damaged" in shown for shown in bench.dialogs.texts("error"))
    assert nodes(a_panel.scene) <= before
    assert a_panel.result is None


def test_two_knees_become_two_results(a_panel: Any, a_ct: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    import shutil

    both = tmp_path / "both"
    shutil.copytree(analyzed("plain")[0], both / "right")
    shutil.copytree(analyzed("mirrored")[0], both / "left")
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.finish_with(both)
    assert a_panel.results.ui.resultSelector.nodeCount() == 2
    shown = a_panel.result
    listed = [a_panel.results.ui.resultSelector.nodeFromIndex(index) for index in range(2)]
    other = next(node for node in listed if node is not shown.node)
    a_panel.results.ui.resultSelector.setCurrentNode(other)
    assert a_panel.result.node is other
    assert not shown.get("surface_femur").GetDisplayNode().GetVisibility()
    assert a_panel.result.get("surface_femur").GetDisplayNode().GetVisibility()


def test_closing_the_scene_stops_the_job(a_panel: Any, a_ct: Any) -> None:
    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    work = a_panel.jobs.runner.out.parent
    a_panel.scene_closing()
    a_panel.scene.Clear()
    a_panel.read_scene()
    assert not a_panel.jobs.runner.is_busy()
    assert not work.exists()
    assert a_panel.result is None
    assert not enabled(a_panel.scan.ui.applyButton)


def test_missing_packages_are_named_and_installed_when_the_user_agrees(bench: Any, scene: Any) -> None:
    from CTSMAPanels.dependencies import DependencyBar

    missing = ["scikit-image>=0.22", "msgspec>=0.19"]
    changes: list[int] = []
    bar = DependencyBar(lambda: changes.append(1), missing=lambda: list(missing))
    assert "scikit-image>=0.22" in text(bar.ui.missingLabel)
    assert bar.reason
    bench.dialogs.answer(False)
    assert not bar.install()
    assert bench.calls.of("pip_install") == []
    bench.dialogs.answer(True)
    bar._find_missing = list  # what pip would change
    assert bar.install()
    (call,) = bench.calls.of("pip_install")
    assert call["requirements"] == missing
    assert {"numpy", "SimpleITK", "vtk", "torch"} <= set(call["skip_packages"])
    assert changes == [1]
    assert bar.reason == ""


def test_packages_come_from_a_folder_without_a_network(
    bench: Any, scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from slicer import packaging

    from CTSMAPanels.dependencies import DependencyBar

    seen: list[tuple[str | None, str | None]] = []
    monkeypatch.setattr(
        packaging,
        "pip_install",
        lambda *args, **kwargs: seen.append((os.environ.get("PIP_NO_INDEX"), os.environ.get("PIP_FIND_LINKS"))),
    )
    bar = DependencyBar(lambda: None, missing=lambda: ["msgspec>=0.19"])
    bench.dialogs.answer(True)
    bar.install(str(tmp_path))
    assert seen == [("1", tmp_path.as_uri())]
    assert "PIP_NO_INDEX" not in os.environ
