"""The CT of the scene becomes the input of a worker."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from CTSMALib.errors import OutputError
from CTSMALib.scene import ct_node, translation
from CTSMALib.scene.ct_node import first_instance, likely_ct, why_not, write_ct
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.overlay import slice_composites
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.volumes import read_scan
from Testing.core.anatomy.knee_variants import obliquely_stored, sample_ct


@pytest.fixture()
def a_ct(a_scene: Any) -> Any:
    node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    fill_volume(node, sample_ct())
    return node


def test_a_ct_can_be_analyzed(a_ct: Any) -> None:
    assert why_not(a_ct) == ""


def test_what_the_worker_reads_is_what_the_scene_holds(a_ct: Any, tmp_path: Path) -> None:
    image = obliquely_stored(sample_ct())
    fill_volume(a_ct, image)
    write_ct(a_ct, tmp_path / "ct.nrrd")
    scan = read_scan(tmp_path / "ct.nrrd")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(scan.image), sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(scan.image.GetOrigin(), image.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(scan.image.GetDirection(), image.GetDirection(), atol=1e-9)
    assert scan.notices == ()


def test_what_is_no_ct_is_told_why(a_scene: Any, a_ct: Any) -> None:
    empty = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    labels = a_scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    fill_volume(labels, sitk.Image([4, 4, 4], sitk.sitkUInt8))
    flat = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    fill_volume(flat, sitk.Image([40, 40, 1], sitk.sitkInt16))
    model = a_scene.AddNewNodeByClass("vtkMRMLModelNode")
    colored = a_scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
    data = vtk.vtkImageData()
    data.SetDimensions(4, 4, 4)
    data.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    colored.SetAndObserveImageData(data)
    sentences = [why_not(node) for node in (None, empty, labels, flat, model, colored)]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) >= 5


def test_what_is_told_is_translated_where_the_application_can(a_ct: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert translation.tr("Bone") == "Bone"
    slicer_part = types.ModuleType("slicer.i18n")
    slicer_part.tr = lambda text: f"<{text}>"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer.i18n", slicer_part)
    monkeypatch.setattr(ct_node, "_", importlib.reload(translation).tr)
    assert why_not(None) == "<Choose the CT of a knee, or a high-resolution MR.>" and why_not(a_ct) == ""
    monkeypatch.undo()
    importlib.reload(translation)


def test_a_warped_ct_is_refused_and_a_turned_one_is_not(a_scene: Any, a_ct: Any) -> None:
    a_ct.SetAndObserveTransformNodeID(a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode").GetID())
    assert why_not(a_ct) == ""
    a_ct.SetAndObserveTransformNodeID(a_scene.AddNewNodeByClass("vtkMRMLGridTransformNode").GetID())
    assert "transform" in why_not(a_ct)


def test_the_likely_ct_is_the_shown_or_the_only_one(a_scene: Any, a_ct: Any) -> None:
    assert likely_ct(a_scene) is a_ct
    other = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR")
    fill_volume(other, sample_ct())
    assert likely_ct(a_scene) is None
    next(slice_composites(a_scene)).SetBackgroundVolumeID(other.GetID())
    assert likely_ct(a_scene) is other


def test_maps_of_a_result_are_no_ct(a_result: ResultNodes) -> None:
    assert "made by CTSMA" in why_not(a_result.get("map_ct_bvf"))
    assert why_not(a_result.get("ct")) == ""
    assert likely_ct(a_result.scene) is a_result.get("ct")


def test_a_place_that_cannot_be_written_is_told(a_ct: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_ct(a_ct, tmp_path / "missing" / "ct.nrrd")


def test_dicom_images_are_known(a_ct: Any) -> None:
    assert first_instance(a_ct) == ""
    a_ct.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    assert first_instance(a_ct) == "1.2.3"
