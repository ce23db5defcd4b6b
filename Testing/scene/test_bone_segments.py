"""Bones of a result as a segmentation, corrected, and back to labels of the CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from vtk import vtkMatrix4x4

from CTSMALib.errors import InputError
from CTSMALib.scene.bone_segments import bones_of, prepare_editor, why_no_bones, write_bones
from CTSMALib.scene.geometry import image_of
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.result_nodes import ResultNodes, results_in


@pytest.fixture()
def a_segmentation(a_result: ResultNodes) -> Any:
    """The bones of a result to correct."""
    a_result.scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    a_result.scene.RegisterNodeClass(slicer.vtkMRMLSegmentEditorNode())
    return bones_of(a_result)


def test_bones_come_back_as_they_were(a_result: ResultNodes, a_segmentation: Any, tmp_path: Path) -> None:
    write_bones(a_segmentation, a_result.get("ct"), tmp_path / "bones.nrrd")
    back, labels = sitk.ReadImage(str(tmp_path / "bones.nrrd")), image_of(a_result.get("labels"))
    ct = image_of(a_result.get("ct"))
    assert back.GetSize() == ct.GetSize()
    there = sitk.Resample(back, labels, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(there), sitk.GetArrayViewFromImage(labels))


def test_they_are_made_once_and_stay_with_the_user(a_result: ResultNodes, a_segmentation: Any) -> None:
    assert bones_of(a_result) is a_segmentation
    names = [a_segmentation.GetSegmentation().GetNthSegment(k).GetName() for k in range(2)]
    assert names == ["femur", "tibia"]


def test_what_is_drawn_lies_on_the_voxels_of_a_ct_under_a_transform(a_result: ResultNodes) -> None:
    """Drawn on a grid 100 mm away, bones would be cut off at its edge."""
    scene, ct = a_result.scene, a_result.get("ct")
    scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    transform, moved, to_ras = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode"), vtkMatrix4x4(), vtkMatrix4x4()
    moved.SetElement(0, 3, 100.0)
    transform.SetMatrixTransformToParent(moved)
    ct.SetAndObserveTransformNodeID(transform.GetID())
    bones = bones_of(a_result)
    assert bones.GetTransformNodeID() == transform.GetID()
    ct.GetIJKToRASMatrix(to_ras)
    noted = bones.GetSegmentation().GetConversionParameter("Reference image geometry").split(";")[:16]
    wanted = [to_ras.GetElement(row, column) for row in range(4) for column in range(4)]
    np.testing.assert_allclose([float(number) for number in noted], wanted, atol=1e-4)


def test_the_editor_begins_with_them(a_result: ResultNodes, a_segmentation: Any) -> None:
    for _ in range(2):
        prepare_editor(a_result.scene, a_segmentation, a_result.get("ct"))
    assert a_result.scene.GetNumberOfNodesByClass("vtkMRMLSegmentEditorNode") == 1
    editor = a_result.scene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
    assert editor.GetSegmentationNode() is a_segmentation and editor.GetSourceVolumeNode() is a_result.get("ct")


def test_what_cannot_be_used_is_told(a_result: ResultNodes, a_segmentation: Any, tmp_path: Path) -> None:
    assert why_no_bones(a_segmentation, a_result.get("ct")) == ""
    assert "first" in why_no_bones(None, None)
    transform = a_result.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    a_result.get("ct").SetAndObserveTransformNodeID(transform.GetID())
    assert "transforms" in why_no_bones(a_segmentation, a_result.get("ct"))
    segmentation = a_segmentation.GetSegmentation()
    for index in range(segmentation.GetNumberOfSegments()):
        segmentation.GetNthSegment(index).SetName(f"thing {index}")
    with pytest.raises(InputError, match="no segment of a bone"):
        write_bones(a_segmentation, a_result.get("ct"), tmp_path / "bones.nrrd")
    segmentation.RemoveAllSegments()
    assert "empty" in why_no_bones(a_segmentation, None)
    a_result.scene.RemoveNode(a_result.get("labels"))
    a_result.scene.RemoveNode(a_segmentation)
    with pytest.raises(InputError, match="no longer"):
        bones_of(a_result)


def test_they_belong_to_their_result_in_another_scene_too(
    a_result: ResultNodes, a_segmentation: Any, tmp_path: Path
) -> None:
    """Where IDs change, since others are there already."""
    path = str(tmp_path / "scene.mrml")
    a_result.scene.SetURL(path)
    assert a_result.scene.Commit()
    scene = new_scene()
    scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    other = ResultNodes(scene.AddNewNodeByClass("vtkMRMLTextNode", "of another knee"))
    assert other.node.GetID() == a_result.node.GetID()
    scene.SetURL(path)
    scene.Import()
    (imported,) = results_in(scene)
    assert imported.node.GetID() != other.node.GetID()
    assert bones_of(imported) is scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    with pytest.raises(InputError, match="no longer"):  # it has no bones of its own
        bones_of(other)


def test_those_of_a_removed_result_are_not_taken_for_another(
    a_result: ResultNodes, a_segmentation: Any, tmp_path: Path
) -> None:
    """The next result of a scene that was opened again has its ID."""
    path, before = str(tmp_path / "scene.mrml"), a_result.node.GetID()
    remove_result(a_result)
    a_result.scene.SetURL(path)
    assert a_result.scene.Commit()
    scene = new_scene()
    scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    scene.SetURL(path)
    scene.Connect()
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    later = ResultNodes(scene.AddNewNodeByClass("vtkMRMLTextNode", "of another knee"))
    assert later.node.GetID() == before
    with pytest.raises(InputError, match="no longer"):
        bones_of(later)
