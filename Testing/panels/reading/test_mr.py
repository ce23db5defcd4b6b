"""A high-resolution MR in the place of the CT: analyzed, shown and corrected in the same panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.morphometry.apparent.recipe import KEYS

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture(scope="module")
def an_analyzed_mr(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, sitk.Image]:
    """The result folder of a made-up MR, and the MR."""
    from CTSMALib.analysis.folder import write_folder
    from CTSMALib.analysis.mr_pipeline import analyze_mr
    from Testing.core.made_up_mr import made_up_mr

    scan, labels = made_up_mr()
    folder = tmp_path_factory.mktemp("mr")
    write_folder(analyze_mr(scan, labels)[0], folder)
    return folder, scan.image


@pytest.fixture()
def an_mr(scene: Any, an_analyzed_mr: tuple[Path, sitk.Image]) -> Any:
    from CTSMALib.scene.geometry import fill_volume

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Knee MR")
    fill_volume(node, an_analyzed_mr[1])
    node.CreateDefaultDisplayNodes()
    return node


@pytest.fixture()
def a_read_mr(a_panel: Any, an_mr: Any, an_analyzed_mr: tuple[Path, sitk.Image]) -> Any:
    """The panel after an MR was analyzed."""
    a_panel.scan.ui.ctSelector.setCurrentNode(an_mr)
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.finish_with(an_analyzed_mr[0])
    return a_panel


def say(panel: Any, kind: str) -> None:
    box = panel.scan.ui.scanComboBox
    box.setCurrentIndex(box.findData(kind))


def started(panel: Any) -> str:
    """The job that the button starts, which is then cancelled."""
    panel.scan.ui.applyButton.click()
    job: str = panel.jobs.runner.arguments[0]
    panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")
    return job


def test_an_mr_is_told_by_its_values(a_panel: Any, a_ct: Any, an_mr: Any) -> None:
    ui = a_panel.scan.ui
    ui.ctSelector.setCurrentNode(an_mr)
    assert started(a_panel) == "analyze-mr"
    assert not ui.modelComboBox.property("enabled") and "On an MR" in ui.modelComboBox.property("toolTip")
    assert not ui.voltageComboBox.property("enabled")
    assert "minutes" in ui.applyButton.property("toolTip")
    ui.ctSelector.setCurrentNode(a_ct)
    assert started(a_panel) == "analyze"
    assert ui.modelComboBox.property("enabled") and "seconds" in ui.applyButton.property("toolTip")


def test_what_the_user_says_counts(a_panel: Any, an_mr: Any) -> None:
    a_panel.scan.ui.ctSelector.setCurrentNode(an_mr)
    say(a_panel, "ct")
    assert a_panel.state.scan == "ct" and started(a_panel) == "analyze"


def test_what_dicom_says_counts_more_than_values(scene: Any, an_mr: Any, a_ct: Any) -> None:
    import slicer

    from CTSMALib.scene.scan_kind import CT, MR, scan_kind

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for node, modality, expected in ((an_mr, "CT", CT), (an_mr, "MR", MR), (a_ct, "MR", MR), (a_ct, "OT", CT)):
        tree.SetItemAttribute(tree.GetItemByDataNode(node), "DICOM.Modality", modality)
        assert scan_kind(node) == expected


def test_the_worker_is_given_the_mr_and_the_side(a_panel: Any, an_mr: Any) -> None:
    a_panel.scan.ui.ctSelector.setCurrentNode(an_mr)
    a_panel.change(side="right", model="none")
    a_panel.scan.ui.applyButton.click()
    arguments = a_panel.jobs.runner.arguments
    assert arguments[arguments.index("--side") + 1] == "right" and "--name=Knee MR" in arguments
    assert not any(word.startswith("--model") for word in arguments)
    assert sitk.ReadImage(arguments[1]).GetSize() == an_mr.GetImageData().GetDimensions()
    from CTSMALib.jobs.__main__ import _parser

    assert _parser().parse_args(arguments).job == "analyze-mr"


def test_its_parameters_are_shown_as_those_of_a_ct(a_read_mr: Any, an_mr: Any) -> None:
    result = a_read_mr.result
    assert "(MR)" in result.title and result.get("ct") is an_mr
    assert a_read_mr.state.quantity in KEYS
    box = a_read_mr.view.ui.quantityComboBox
    assert [key for key in KEYS if box.findData(key) < 0] == [] and box.findData("ct_bvf") < 0
    a_read_mr.change(quantity="app_tb_n_per_mm", overlay="map")
    shown = [c.GetForegroundVolumeID() for c in _composites(a_read_mr.scene)]
    assert result.get("map_app_tb_n_per_mm").GetID() in shown
    assert {c.GetBackgroundVolumeID() for c in _composites(a_read_mr.scene)} == {an_mr.GetID()}


def _composites(scene: Any) -> list[Any]:
    from CTSMALib.scene.overlay import composites_of_results

    return list(composites_of_results(scene))


def test_its_bones_are_corrected_and_it_is_analyzed_again(a_read_mr: Any, an_mr: Any) -> None:
    ui = a_read_mr.scan.ui
    assert ui.correctButton.property("enabled")
    ui.correctButton.click()
    ui.againButton.click()
    arguments = a_read_mr.jobs.runner.arguments
    assert arguments[0] == "analyze-mr"
    labels = sitk.ReadImage(arguments[arguments.index("--labels") + 1])
    assert labels.GetSize() == an_mr.GetImageData().GetDimensions()
    assert {1, 2} <= set(sitk.GetArrayFromImage(labels).ravel().tolist())


def test_files_are_mrs_where_the_user_says_so(a_panel: Any, tmp_path: Path) -> None:
    from CTSMAPanels.reading.jobs import Method

    a_panel.jobs.analyze_file(tmp_path / "a.nii.gz", Method(scan="mr"))
    assert a_panel.jobs.runner.arguments[0] == "analyze-mr"
    a_panel.jobs.runner.fail_with("Cancelled.", "", kind="cancelled")
    a_panel.jobs.analyze_file(tmp_path / "a.nii.gz", Method())
    assert a_panel.jobs.runner.arguments[0] == "analyze"
