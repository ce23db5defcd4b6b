"""Bones outlined in the MR: label maps, segmentations, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.registration.mr_labels import LABEL_MAP, SEGMENTATION, mr_labels
from CTSMALib.scene.registration.review_nodes import ReviewNodes
from CTSMALib.volumes.rigid import itk_transform
from Testing.core.made_up_pair import MadeUpPair


@pytest.fixture(scope="module")
def labels(a_pair: MadeUpPair) -> sitk.Image:
    """Femur and tibia, as outlined in the MR."""
    found = sitk.Image(a_pair.mr.GetSize(), sitk.sitkUInt8)
    found.CopyInformation(a_pair.mr)
    for value, bone in ((1, "femur"), (2, "tibia")):
        into_ct = itk_transform(np.linalg.inv(a_pair.matrices[bone]))
        own = sitk.Resample(a_pair.labels == value, a_pair.mr, into_ct, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        found = sitk.Maximum(found, own * value)
    return found


def a_label_map(scene: Any, image: sitk.Image) -> Any:
    node = scene.AddNewNodeByClass(LABEL_MAP, "outlined")
    fill_volume(node, image)
    return node


def a_segmentation(scene: Any, image: sitk.Image, names: dict[int, str]) -> Any:
    """Each segment in a box of its own, as Slicer keeps them."""
    import slicer
    import vtk

    scene.RegisterNodeClass(slicer.vtkMRMLSegmentationNode())
    node = scene.AddNewNodeByClass(SEGMENTATION, "outlined")
    whole = a_label_map(scene, image)
    for value, name in names.items():
        box = np.argwhere(sitk.GetArrayViewFromImage(image) == value)[:, ::-1]
        low, high = box.min(axis=0), box.max(axis=0)
        data = slicer.vtkOrientedImageData()
        threshold, clip = vtk.vtkImageThreshold(), vtk.vtkExtractVOI()
        threshold.SetInputData(whole.GetImageData())
        threshold.ThresholdBetween(value, value)
        threshold.SetInValue(1)
        threshold.SetOutValue(0)
        threshold.SetOutputScalarTypeToUnsignedChar()
        clip.SetInputConnection(threshold.GetOutputPort())
        clip.SetVOI(*np.stack([low, high], axis=1).ravel().tolist())
        clip.Update()
        data.DeepCopy(clip.GetOutput())
        matrix = vtk.vtkMatrix4x4()
        whole.GetIJKToRASMatrix(matrix)
        data.SetGeometryFromImageToWorldMatrix(matrix)
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Binary labelmap", data)
        node.GetSegmentation().AddSegment(segment, f"s{value}")
    return node


def test_a_label_map_is_taken_as_it_is(a_review: ReviewNodes, labels: sitk.Image) -> None:
    found = mr_labels(a_label_map(a_review.scene, labels), a_review.mr)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(labels))


def test_segments_are_known_by_their_names_wherever_their_boxes_are(a_review: ReviewNodes, labels: sitk.Image) -> None:
    node = a_segmentation(a_review.scene, labels, {1: "Right Femur", 2: "tibia"})
    found = mr_labels(node, a_review.mr)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(labels))
    assert found.GetOrigin() == pytest.approx(labels.GetOrigin())


@pytest.mark.parametrize("name", ["Left Femur", "femur_R", "FEMUR", "l. femur", "Femur-right", "Femur bone"])
def test_a_side_or_case_does_not_hide_a_bone(a_review: ReviewNodes, labels: sitk.Image, name: str) -> None:
    found = mr_labels(a_segmentation(a_review.scene, labels, {1: name}), a_review.mr)
    assert set(np.unique(sitk.GetArrayViewFromImage(found))) == {0, 1}


@pytest.mark.parametrize("name", ["Femur cartilage", "Distal femur implant", "patella tendon", "Subfemural fat", "r"])
def test_what_is_only_named_after_a_bone_is_none(a_review: ReviewNodes, labels: sitk.Image, name: str) -> None:
    found = mr_labels(a_segmentation(a_review.scene, labels, {1: name, 2: "tibia"}), a_review.mr)
    assert set(np.unique(sitk.GetArrayViewFromImage(found))) == {0, 2}


def test_what_holds_no_bone_is_refused(a_review: ReviewNodes, labels: sitk.Image) -> None:
    with pytest.raises(InputError, match=r"hold no bone.*1 femur, 2 tibia"):
        mr_labels(labels * 40, a_review.mr)
    with pytest.raises(InputError, match="no segment of a bone"):
        mr_labels(a_segmentation(a_review.scene, labels, {1: "cartilage"}), a_review.mr)
    with pytest.raises(InputError, match="no voxels"):
        mr_labels(a_review.scene.AddNewNodeByClass(LABEL_MAP, "empty"), a_review.mr)


def test_another_size_is_refused_with_both_sizes(a_review: ReviewNodes, labels: sitk.Image) -> None:
    with pytest.raises(InputError, match="128 x 120 x 63 voxels, the MR has 128 x 120 x 64"):
        mr_labels(labels[:, :, 1:], a_review.mr)


def test_another_frame_is_refused(a_review: ReviewNodes, labels: sitk.Image, a_pair: MadeUpPair) -> None:
    with pytest.raises(InputError, match="voxels, the MR has"):
        mr_labels(a_pair.labels, a_review.mr)  # those of the CT
    moved = sitk.Image(labels)
    moved.SetOrigin((np.array(labels.GetOrigin()) + 4.0).tolist())
    with pytest.raises(InputError, match="place, spacing or direction"):
        mr_labels(moved, a_review.mr)
    moved.SetOrigin((np.array(labels.GetOrigin()) + 900.0).tolist())
    with pytest.raises(InputError, match="outside the MR"):
        mr_labels(moved, a_review.mr)
    node = a_label_map(a_review.scene, labels)
    node.SetAndObserveTransformNodeID(a_review.auto("femur").GetID())
    with pytest.raises(InputError, match="under a transform"):
        mr_labels(node, a_review.mr)
