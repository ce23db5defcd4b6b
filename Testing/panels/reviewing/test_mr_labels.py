"""Bones outlined in the MR: chosen in the scene or as a file, and what the table says then."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from CTSMALib.scene.geometry import fill_volume
from CTSMALib.volumes.rigid import itk_transform
from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.conftest import WRONG_MM
from Testing.scene.registration.test_mr_labels import a_segmentation


@pytest.fixture()
def a_femur(a_pair: MadeUpPair) -> sitk.Image:
    """As outlined in the MR."""
    into_ct = itk_transform(np.linalg.inv(a_pair.matrices["femur"]))
    return sitk.Resample(a_pair.labels == 1, a_pair.mr, into_ct, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def measured(bench: Any, panel: Any) -> dict[str, list[str]]:
    """What the table says of the femur once other threads are done: name of a measure to before and after."""
    until = time.monotonic() + 60
    while panel.session.measuring and time.monotonic() < until:
        bench.process_events(50)
    bench.process_events(200)
    table = panel.judging.ui.comparisonTable
    rows = [[table.item(row, column).text() for column in range(4)] for row in range(table.property("rowCount"))]
    return {name: values for bone, name, *values in rows if bone == "Femur"}


def test_labels_from_a_file_give_dice_and_surface_distance(
    bench: Any, an_open_panel: Any, a_femur: sitk.Image, tmp_path: Path
) -> None:
    assert "Dice" not in measured(bench, an_open_panel)
    sitk.WriteImage(a_femur, str(tmp_path / "outlined.nii.gz"))
    an_open_panel.scans.ui.labelsEdit.setCurrentPath(str(tmp_path / "outlined.nii.gz"))
    an_open_panel.scans.ui.labelsButton.click()
    assert an_open_panel.scans.ui.labelsSelector.currentNode().GetName() == "outlined.nii.gz"
    begun = time.perf_counter()
    an_open_panel.session.move("femur", WRONG_MM)
    bench.process_events(100)
    an_open_panel.refresh()
    assert time.perf_counter() - begun < 0.6  # although a comparison of one bone takes longer than that
    found = measured(bench, an_open_panel)
    before, after = (float(value) for value in found["Dice"])
    assert before < after - 0.005 and after > 0.97
    before, after = (float(value) for value in found["ASSD (mm)"])
    assert after < 0.4 < before
    an_open_panel.scans.ui.labelsSelector.setCurrentNode(None)
    assert "Dice" not in measured(bench, an_open_panel)


def test_a_node_of_the_scene_can_be_chosen_and_is_given_again(
    bench: Any, an_open_panel: Any, a_femur: sitk.Image
) -> None:
    node = an_open_panel.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "outlined")
    fill_volume(node, a_femur)
    an_open_panel.scans.ui.labelsSelector.setCurrentNode(node)
    an_open_panel.scans.ui.closeButton.click()
    an_open_panel.scans.ui.openButton.click()
    assert an_open_panel.scans.ui.labelsSelector.currentNode() is node
    assert "Dice" in measured(bench, an_open_panel)
    an_open_panel.scene.RemoveNode(node)
    an_open_panel.node_removed(node)
    assert an_open_panel.state.mr_labels == ""


def dice(bench: Any, panel: Any) -> float:
    return float(measured(bench, panel)["Dice"][0])


def test_edits_of_the_chosen_label_map_are_seen(bench: Any, an_open_panel: Any, a_femur: sitk.Image) -> None:
    node = an_open_panel.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "outlined")
    fill_volume(node, a_femur)
    an_open_panel.scans.ui.labelsSelector.setCurrentNode(node)
    before, given = dice(bench, an_open_panel), an_open_panel.session.outlined
    node.SetName("renamed")
    bench.process_events(700)
    assert an_open_panel.session.outlined is given
    voxels = vtk_to_numpy(node.GetImageData().GetPointData().GetScalars())
    voxels[: len(voxels) // 2] = 0  # as slicer.util.arrayFromVolume gives them, and tells that they were changed:
    node.GetImageData().GetPointData().GetScalars().Modified()
    node.Modified()
    bench.process_events(700)
    assert dice(bench, an_open_panel) < before - 0.1
    voxels[:] = 0
    node.GetImageData().Modified()
    bench.process_events(700)
    assert "hold no bone" in bench.dialogs.texts("error")[-1]
    assert an_open_panel.state.mr_labels == "" and an_open_panel.session.outlined is None


def test_edits_of_a_segmentation_are_seen_and_of_one_that_is_not_chosen_any_more_are_not(
    bench: Any, an_open_panel: Any, a_femur: sitk.Image
) -> None:
    an_open_panel.scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    node = a_segmentation(an_open_panel.scene, a_femur, {1: "femur"})
    an_open_panel.labels.choose(node)
    before = dice(bench, an_open_panel)
    segment = node.GetSegmentation().GetNthSegment(0)
    scalars = segment.GetRepresentation("Binary labelmap").GetPointData().GetScalars()
    voxels = vtk_to_numpy(scalars)
    voxels[: len(voxels) // 2] = 0
    node.GetSegmentation().InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified)  # as the editor does
    bench.process_events(700)
    assert dice(bench, an_open_panel) < before - 0.1
    segment.SetName("cartilage")
    bench.process_events(700)
    assert "no segment of a bone" in bench.dialogs.texts("error")[-1]
    other = an_open_panel.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "other")
    fill_volume(other, a_femur)
    segment.SetName("femur")
    an_open_panel.labels.choose(node)
    an_open_panel.labels.choose(other)
    given = an_open_panel.session.outlined
    segment.SetName("tendon")
    bench.process_events(700)
    assert an_open_panel.session.outlined is given


def test_labels_that_do_not_fit_are_told_and_not_chosen(
    bench: Any, an_open_panel: Any, a_pair: MadeUpPair, tmp_path: Path
) -> None:
    sitk.WriteImage(a_pair.labels, str(tmp_path / "of the CT.nii.gz"))
    (tmp_path / "text.nrrd").write_text("none")
    for name in ("of the CT.nii.gz", "text.nrrd"):
        an_open_panel.scans.ui.labelsEdit.setCurrentPath(str(tmp_path / name))
        an_open_panel.scans.ui.labelsButton.click()
    first, second = bench.dialogs.texts("error")
    assert "voxels, the MR has" in first and "cannot be used" in second
    node = an_open_panel.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "of the CT")
    fill_volume(node, a_pair.labels)
    an_open_panel.scans.ui.labelsSelector.setCurrentNode(node)
    assert len(bench.dialogs.texts("error")) == 3
    assert an_open_panel.scans.ui.labelsSelector.currentNode() is None
    assert an_open_panel.state.mr_labels == ""
