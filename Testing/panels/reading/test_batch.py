"""Several scans one after another, other models, and analyzing again with corrected bones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMAPanels.reading.batch import CANCELLED, DONE, FAILED, RUNNING, WAITING
from Testing.panels.reading.test_analysis import choose_ct, enabled, text, tip

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture()
def three_scans(a_panel: Any, a_ct: Any, tmp_path: Path) -> Any:
    """The panel with a CT of the scene and two files that wait."""
    choose_ct(a_panel, a_ct)
    a_panel.batch.ui.addCtButton.click()
    for name in ("one.nii.gz", "two.nii.gz"):
        (tmp_path / "scans").mkdir(exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(b"")
    (tmp_path / "scans" / "notes.txt").write_text("no scan")
    return a_panel


def states(panel: Any) -> list[str]:
    return [item.state for item in panel.work.batch.items]


def add_folder(bench: Any, panel: Any, folder: Path) -> None:
    bench.dialogs.choose_path(folder)
    panel.batch.ui.addFolderButton.click()


def test_scans_are_analyzed_one_after_another(bench: Any, three_scans: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    add_folder(bench, three_scans, tmp_path / "scans")
    assert [item.title for item in three_scans.work.batch.items] == ["Knee CT", "one.nii.gz", "two.nii.gz"]
    three_scans.batch.ui.startButton.click()
    assert states(three_scans) == [RUNNING, WAITING, WAITING]
    assert not enabled(three_scans.scan.ui.applyButton)
    three_scans.jobs.runner.say(event="progress", stage="Finding the bones", fraction=0.4, message="")
    assert three_scans.batch.ui.batchTable.item(0, 2).text() == "40% Finding the bones"
    three_scans.jobs.runner.finish_with(analyzed("plain")[0])
    bench.process_events(20)
    first = three_scans.result
    assert states(three_scans) == [DONE, RUNNING, WAITING] and first is not None
    assert three_scans.jobs.runner.arguments[1].endswith("one.nii.gz")
    three_scans.jobs.runner.fail_with("No knee joint was found in this CT.", "Check the scan.")
    bench.process_events(20)
    assert states(three_scans) == [DONE, FAILED, RUNNING]
    assert "No knee joint" in three_scans.batch.ui.batchTable.item(1, 2).text()
    three_scans.jobs.runner.finish_with(analyzed("mirrored")[0])
    bench.process_events(20)
    assert states(three_scans) == [DONE, FAILED, DONE] and not three_scans.work.batch.going
    assert three_scans.result is first  # what is being read stays
    assert three_scans.results.ui.resultSelector.nodeCount() == 2
    three_scans.batch.ui.batchTable.selectRow(2)
    three_scans.batch.ui.batchTable.itemDoubleClicked.emit(three_scans.batch.ui.batchTable.item(2, 0))
    assert three_scans.result.node.GetID() == three_scans.work.batch.items[2].results[0]
    three_scans.batch.ui.clearButton.click()
    assert states(three_scans) == [] and enabled(three_scans.scan.ui.applyButton)


def test_every_scan_is_analyzed_as_was_chosen_when_it_was_added(bench: Any, three_scans: Any, tmp_path: Path) -> None:
    three_scans.change(kvp=140, side="left", model="none", scan="ct")
    add_folder(bench, three_scans, tmp_path / "scans")
    three_scans.change(kvp=0, side="right", model="", scan="mr")
    told = [three_scans.batch.ui.batchTable.item(row, 0).toolTip() for row in range(2)]
    assert "Knee: Found in the image" in told[0] and "As the scan states" in told[0]
    assert "one.nii.gz" in told[1] and "Knee: Left" in told[1] and "Tube voltage: 140 kV" in told[1]
    assert "Model: None" in told[1] and "It is: CT" in told[1]
    three_scans.batch.ui.startButton.click()
    given = []
    for _ in range(3):
        arguments = three_scans.jobs.runner.arguments
        values = [arguments[arguments.index(name) + 1] if name in arguments else "" for name in ("--kvp", "--side")]
        given.append((arguments[0], *values, "--model=none" in arguments))
        three_scans.jobs.runner.fail_with("No knee joint was found in this CT.", "Check the scan.")
        bench.process_events(20)
    assert given == [("analyze", "", "auto", False), *[("analyze", "140", "left", True)] * 2]


def test_one_is_cancelled_and_the_others_go_on(bench: Any, three_scans: Any, tmp_path: Path) -> None:
    add_folder(bench, three_scans, tmp_path / "scans")
    three_scans.batch.ui.startButton.click()
    three_scans.batch.ui.batchTable.selectRow(2)
    three_scans.batch.ui.stopButton.click()  # it waits: it goes
    assert len(states(three_scans)) == 2
    three_scans.batch.ui.batchTable.selectRow(0)
    three_scans.batch.ui.stopButton.click()
    three_scans.jobs.runner.fail_with("The analysis was cancelled.", "Start it again.", kind="cancelled")
    bench.process_events(20)
    assert states(three_scans) == [CANCELLED, RUNNING]
    three_scans.scene_closing()
    assert states(three_scans) == [] and not three_scans.jobs.runner.is_busy()


def test_the_bar_cancels_and_no_further_scan_begins(bench: Any, three_scans: Any, tmp_path: Path) -> None:
    add_folder(bench, three_scans, tmp_path / "scans")
    three_scans.batch.ui.startButton.click()
    three_scans.run_bar.ui.cancelButton.click()
    three_scans.jobs.runner.fail_with("The analysis was cancelled.", "Start it again.", kind="cancelled")
    bench.process_events(20)
    assert states(three_scans) == [CANCELLED, WAITING, WAITING] and not three_scans.is_busy()
    three_scans.batch.ui.startButton.click()
    assert states(three_scans) == [CANCELLED, RUNNING, WAITING]
    three_scans.jobs.runner.close()


def test_nothing_begins_after_the_panel_was_closed(bench: Any, three_scans: Any, tmp_path: Path) -> None:
    add_folder(bench, three_scans, tmp_path / "scans")
    three_scans.batch.ui.startButton.click()
    three_scans.close()
    bench.process_events(20)
    assert not three_scans.is_busy()


def test_a_result_that_cannot_be_shown_is_told_in_the_list(bench: Any, three_scans: Any, tmp_path: Path) -> None:
    """A dialog would keep the others waiting."""
    add_folder(bench, three_scans, tmp_path / "scans")
    three_scans.batch.ui.startButton.click()
    three_scans.jobs.runner.out.mkdir(parents=True)
    three_scans.jobs.runner.say(event="result", path=str(three_scans.jobs.runner.out))
    three_scans.jobs.runner.end()
    bench.process_events(20)
    assert states(three_scans) == [FAILED, RUNNING, WAITING]
    assert "result" in three_scans.batch.ui.batchTable.item(0, 2).text()
    assert bench.dialogs.texts("error") == []
    three_scans.jobs.runner.close()


def test_what_is_gone_has_failed_and_the_next_is_tried(bench: Any, three_scans: Any, a_ct: Any, tmp_path: Path) -> None:
    add_folder(bench, three_scans, tmp_path / "scans")
    (tmp_path / "scans" / "one.nii.gz").unlink()
    three_scans.scene.RemoveNode(a_ct)
    three_scans.batch.ui.startButton.click()
    bench.process_events(20)
    assert states(three_scans) == [FAILED, FAILED, RUNNING]
    assert "no longer" in three_scans.batch.ui.batchTable.item(0, 2).text()
    three_scans.jobs.runner.close()


def test_buttons_say_why(a_panel: Any) -> None:
    ui = a_panel.batch.ui
    assert "Choose the CT" in tip(ui.addCtButton) and "No scan waits" in tip(ui.startButton)
    assert "file first" in tip(ui.addFileButton)
    ui.fileEdit.setCurrentPath("/scans/knee.nii.gz")
    ui.addFileButton.click()
    assert [item.title for item in a_panel.work.batch.items] == ["knee.nii.gz"] and enabled(ui.startButton)
    assert "Select" in tip(ui.stopButton) and "done" in tip(ui.clearButton)


def test_a_model_can_be_chosen(a_panel: Any, a_ct: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from CTSMALib.resources import resource

    monkeypatch.setenv("CTSMA_MODELS", str(tmp_path / "models"))
    shutil.copytree(resource("Models/student"), tmp_path / "models" / "mine")
    shutil.copytree(resource("Models/synthesis/configs"), tmp_path / "models" / "other" / "configs")
    choose_ct(a_panel, a_ct)
    a_panel.enter()
    box = a_panel.scan.ui.modelComboBox
    assert [box.itemData(k) for k in range(box.property("count"))] == ["", "mine", "none"]
    box.setCurrentIndex(1)
    a_panel.scan.ui.applyButton.click()
    arguments = a_panel.jobs.runner.arguments
    assert arguments[arguments.index("--model") + 1] == str(tmp_path / "models" / "mine")
    a_panel.jobs.runner.close()
    box.setCurrentIndex(2)
    a_panel.scan.ui.applyButton.click()
    assert "--model=none" in a_panel.jobs.runner.arguments
    a_panel.jobs.runner.close()
    box.setCurrentIndex(1)
    shutil.rmtree(tmp_path / "models" / "mine")
    a_panel.enter()
    assert a_panel.state.model == "" and box.property("currentData") == ""


def test_bones_are_corrected_and_the_ct_is_analyzed_with_them(bench: Any, a_reading_panel: Any) -> None:
    scan = a_reading_panel.scan
    assert "first" in tip(scan.ui.againButton)
    a_reading_panel.result.facts["header"]["kvp"] = 100.0  # it is analyzed at the same voltage again
    scan.ui.correctButton.click()
    assert a_reading_panel.state.kvp == 100
    (call,) = bench.calls.of("selectModule")
    assert "SegmentEditor" in call.values()
    node = scan.ui.correctedSelector.currentNode()
    assert node.GetSegmentation().GetNumberOfSegments() >= 2
    assert enabled(scan.ui.againButton)
    scan.ui.againButton.click()
    arguments = a_reading_panel.jobs.runner.arguments
    labels = sitk.ReadImage(arguments[arguments.index("--labels") + 1])
    assert labels.GetSize() == a_reading_panel.result.get("ct").GetImageData().GetDimensions()
    assert set(sitk.GetArrayViewFromImage(labels)[::5, ::5, ::5].ravel().tolist()) >= {0, 1, 2}
    a_reading_panel.jobs.runner.close()
    a_reading_panel.scene.RemoveNode(node)
    a_reading_panel.refresh()
    assert not enabled(scan.ui.againButton) and text(scan.ui.applyButton) == "Analyze"
