"""The module CTSMA as the application loads it, with real worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

SCRIPT = Path(__file__).parents[2] / "CTSMA" / "CTSMA.py"
LONGEST_S = 120.0


@pytest.fixture()
def a_module(bench: Any, scene: Any) -> Any:
    """The module, set up, on an empty scene."""
    return bench.load_module(SCRIPT)


@pytest.fixture()
def a_ct(scene: Any) -> Any:
    """The bundled CT in the scene."""
    from CTSMALib.resources import resource
    from CTSMALib.scene.geometry import fill_volume

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Knee CT")
    fill_volume(node, sitk.ReadImage(str(resource("SampleData/knee_ct_sts047.nii.gz"))))
    return node


def wait_for(bench: Any, done: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not done():
        assert time.monotonic() < end, "it takes too long"
        bench.process_events(20)


def test_the_module_says_what_it_is(a_module: Any) -> None:
    parent = a_module.module.parent
    assert parent.title == "CTSMA"
    assert list(parent.categories) == ["Quantification"]
    assert "not a medical device" in parent.helpText
    assert "2307.04390" in parent.acknowledgementText


def test_the_sample_scan_comes_with_the_extension(bench: Any, a_module: Any) -> None:
    (sample,) = bench.calls.of("registerCustomSampleDataSource")
    assert sample["sampleName"] == "CTSMAKneeCT"
    assert Path(sample["thumbnailFileName"]).is_file()
    (address,) = sample["uris"]
    assert address.startswith("file:")
    assert Path(address.removeprefix("file://")).is_file()


def test_its_own_tests_pass(a_module: Any) -> None:
    a_module.run_tests()


def test_it_can_be_loaded_again(bench: Any, a_module: Any, a_ct: Any) -> None:
    a_module.close()
    again = bench.load_module(SCRIPT)
    again.widget.enter()
    assert again.widget.panel.scan.ui.ctSelector.currentNode() is a_ct


def test_a_ct_becomes_a_report(bench: Any, a_module: Any, a_ct: Any, tmp_path: Path) -> None:
    widget = a_module.widget
    widget.enter()
    panel = widget.panel
    stages: list[str] = []
    shown = panel.run_bar.ui.stageLabel
    panel.scan.ui.applyButton.click()
    wait_for(bench, lambda: stages.append(str(shown.property("text"))) or not panel.jobs.runner.is_busy())
    assert any("Segmenting the bones" in stage for stage in stages)
    assert panel.result is not None, panel.run_bar.ui.messageLabel.property("text")
    assert panel.result.get("ct") is a_ct
    assert panel.result.facts["identity"]["name"] == "Knee CT"
    panel.report.ui.folderEdit.setCurrentPath(str(tmp_path / "report"))
    panel.report.ui.exportButton.click()
    wait_for(bench, lambda: not panel.jobs.runner.is_busy())
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["report.csv", "report.html", "report.pdf"]
    panel.report.ui.openReportButton.click()
    assert bench.dialogs.opened_urls == [(tmp_path / "report" / "report.html").as_uri()]


def test_an_image_that_is_no_ct_is_told_in_the_panel(bench: Any, a_module: Any, a_ct: Any) -> None:
    from CTSMALib.scene.geometry import fill_volume

    fill_volume(a_ct, sitk.GaussianSource(sitk.sitkInt16, [90, 90, 90], sigma=[20] * 3, mean=[45] * 3, scale=900))
    a_module.widget.enter()
    panel = a_module.widget.panel
    choice = panel.scan.ui.scanComboBox
    choice.setCurrentIndex(choice.findData("ct"))
    panel.scan.ui.applyButton.click()
    wait_for(bench, lambda: not panel.jobs.runner.is_busy())
    told = panel.run_bar.ui.messageLabel.property("text")
    assert "The image 'Knee CT' does not look like a CT in HU" in told
    assert "Give the CT itself" in told
    assert panel.result is None


def test_a_script_gets_the_result_without_the_panel(a_module: Any, a_ct: Any) -> None:
    import threading

    from CTSMALib.scene.model_nodes import PAINTED_ATTRIBUTE

    logic, told = a_module.source.CTSMALogic(), []

    def note(monitor: Any) -> None:
        """Where the scene may be touched."""
        told.append((threading.current_thread(), monitor.state.value))

    (result,) = logic.analyze(a_ct, side="right", on_change=note)
    assert {thread for thread, _state in told} == {threading.main_thread()}
    assert [state for _thread, state in told if state != "running"] in (["starting", "finished"], ["finished"])
    assert len(told) > 3
    logic.show(result, "ct_hu_mean", overlay="map", layer=2)
    assert result.title == "CTSMA right knee"
    assert result.get("surface_tibia").GetAttribute(PAINTED_ATTRIBUTE) == "ct_hu_mean"


def test_what_a_script_raises_while_it_waits_cancels_the_analysis(a_module: Any, a_ct: Any) -> None:
    workers: list[int] = []

    def enough(monitor: Any) -> None:
        if monitor.worker_pid:
            workers.append(monitor.worker_pid)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        a_module.source.CTSMALogic().analyze(a_ct, on_change=enough)
    assert len(workers) == 1 and not Path(f"/proc/{workers[0]}").exists()


@pytest.mark.parametrize("with_panel", [True, False])
def test_what_a_script_shows_is_shown_alone_and_by_the_panel_too(
    bench: Any, scene: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]], with_panel: bool
) -> None:
    from CTSMALib.scene.add_result import add_result
    from CTSMALib.scene.overlay import composites_of_results

    module = bench.load_module(SCRIPT)
    if not with_panel:
        module.close()
    first, second = (add_result(scene, analyzed(name)[0]) for name in ("plain", "mirrored"))
    logic = module.source.CTSMALogic()

    def seen() -> list[bool]:
        return [bool(each.get("surface_tibia").GetDisplayNode().GetVisibility()) for each in (first, second)]

    logic.show(first, "ct_bvf")
    assert seen() == [True, False]
    logic.show(second, "ct_hu_mean", overlay="patches", opacity=0.25, layer=2)
    assert seen() == [False, True]
    assert {c.GetLabelVolumeID() for c in composites_of_results(scene)} == {second.get("patch_labels").GetID()}
    panel = (module if with_panel else bench.load_module(SCRIPT)).widget.panel
    assert panel.result.node is second.node
    state = panel.state
    assert (state.quantity, state.overlay, state.opacity, state.layer) == ("ct_hu_mean", "patches", 0.25, 2)
    with pytest.raises(KeyError):
        logic.show(second, "no_such_quantity")


def test_a_scene_is_closed_and_opened_again(
    bench: Any, a_module: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]], tmp_path: Path
) -> None:
    """By the events of the scene alone, as the application does it."""
    import slicer

    from CTSMALib.scene.overlay import composites_of_results

    panel, scene = a_module.widget.panel, slicer.mrmlScene
    a_module.widget.enter()
    bench.dialogs.choose_path(analyzed("plain")[0])
    panel.results.ui.openButton.click()
    panel.change(quantity="ct_hu_mean", bones="tibia", patch=60, opacity=0.25)
    state, color = panel.state, [0.0] * 4
    panel.result.get("patch_colors").GetColor(60, color)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(False)
    assert panel.result is None
    assert panel.patches.ui.patchTable.property("rowCount") == 0
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    result, restored = panel.result, [0.0] * 4
    assert result is not None
    assert (panel.state.quantity, panel.state.bones, panel.state.patch) == (state.quantity, state.bones, state.patch)
    assert panel.patches.selected_label() == 60
    assert {c.GetLabelVolumeID() for c in composites_of_results(scene)} == {result.get("patch_labels").GetID()}
    assert {round(c.GetLabelOpacity(), 6) for c in composites_of_results(scene)} == {0.25}
    assert result.get("surface_tibia").GetDisplayNode().GetVisibility()
    assert not result.get("surface_femur").GetDisplayNode().GetVisibility()
    assert result.get("selection").GetPolyData().GetNumberOfPoints() == 8
    result.get("patch_colors").GetColor(60, restored)
    assert np.allclose(color, restored, atol=1 / 255)


def test_files_of_a_result_that_is_deleted_go_by_the_events_of_the_scene(
    bench: Any, a_module: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]], tmp_path: Path
) -> None:
    import shutil

    panel = a_module.widget.panel
    a_module.widget.enter()
    work = tmp_path / "work"
    shutil.copytree(analyzed("plain")[0], work / "result")
    panel.jobs._show_results(work / "result")
    assert panel.result is not None and work.is_dir()
    panel.scene.RemoveNode(panel.result.node)
    assert panel.result is None and not work.exists()


def test_cancelling_at_any_moment_leaves_scene_and_disk_as_they_were(bench: Any, a_module: Any, a_ct: Any) -> None:
    import slicer

    panel, scene = a_module.widget.panel, slicer.mrmlScene
    a_module.widget.enter()
    temporary = Path(slicer.app.temporaryPath)

    def nodes() -> set[str]:
        return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}

    before, files = nodes(), {path.name for path in temporary.glob("CTSMA-*")}
    for moment in 0.05 + 0.6 * (np.arange(6) + np.random.default_rng(3).uniform(0.0, 1.0, 6)):  # one in each 0.6 s
        panel.scan.ui.applyButton.click()
        begun = time.monotonic()
        wait_for(bench, lambda begun=begun, moment=moment: time.monotonic() - begun > moment)  # type: ignore[misc]
        worker = panel.jobs.runner.monitor.worker_pid
        panel.run_bar.ui.cancelButton.click()
        begun = time.monotonic()
        wait_for(bench, lambda: not panel.jobs.runner.is_busy())
        assert time.monotonic() - begun < 3.0, moment
        assert not worker or not Path(f"/proc/{worker}").exists(), moment
        assert "Cancelled" in panel.run_bar.ui.stageLabel.property("text")
        assert nodes() == before, moment
        assert {path.name for path in temporary.glob("CTSMA-*")} == files, moment


def test_closing_the_application_ends_the_worker(bench: Any, a_module: Any, a_ct: Any) -> None:
    a_module.widget.enter()
    panel = a_module.widget.panel
    panel.scan.ui.applyButton.click()
    wait_for(bench, lambda: panel.jobs.runner.monitor.worker_pid > 0)
    worker = panel.jobs.runner.monitor.worker_pid
    a_module.close()
    assert not Path(f"/proc/{worker}").exists()
