"""Bones that were outlined in the MR, as a label map or a segmentation of the scene."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import InputError
from CTSMALib.scene.geometry import fill_volume, flipped, image_of
from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.volumes.grid import Grid

LABEL_MAP, SEGMENTATION = "vtkMRMLLabelMapVolumeNode", "vtkMRMLSegmentationNode"
_NUMBERS = ", ".join(f"{bone.label} {bone.name}" for bone in BONES)
_NO_PART = ("left", "right", "l", "r", "bone")  # words that tell no part of the knee
_REMEDY = "Choose labels that were drawn on this MR, where it was scanned."


def mr_labels(given: Any, mr: Any) -> sitk.Image:
    """Bone labels on the voxels of the MR.

    Args:
        given: SimpleITK image (LPS), ``vtkMRMLLabelMapVolumeNode`` or ``vtkMRMLSegmentationNode``. Values are those
            of :mod:`CTSMALib.anatomy.labels`; segments are known by their names, whose words for the side do not count.
        mr: ``vtkMRMLScalarVolumeNode``; the transform that it is under is not applied.

    Returns:
        ``uint8``.

    Raises:
        InputError: they hold no bone, are under a transform, or lie on other voxels than the MR's.
    """
    scan = image_of(mr)
    if not isinstance(given, sitk.Image):
        if given.GetParentTransformNode() is not None:
            raise InputError(
                f"'{given.GetName()}' is under a transform; labels of the MR are needed in its own frame.",
                "Take it out of the transform.",
            )
        given = labels_of_segments(given, scan) if given.IsA(SEGMENTATION) else _of_voxels(given)
    values = sitk.GetArrayViewFromImage(given)
    if not np.isin(values, [bone.label for bone in BONES]).any():
        raise InputError("The labels of the MR hold no bone.", f"Give a label map with {_NUMBERS}.")
    if not Grid.of(given).is_same(Grid.of(scan)):
        raise _elsewhere(given, scan)
    return sitk.Cast(given, sitk.sitkUInt8)


def add_label_map(scene: Any, path: Path, mr: Any) -> Any:
    """Read a label map of the MR into a scene.

    Args:
        scene: ``vtkMRMLScene``.
        path: NIfTI, NRRD or MetaImage.
        mr: as of :func:`mr_labels`.

    Returns:
        ``vtkMRMLLabelMapVolumeNode``.

    Raises:
        InputError: it cannot be read, or as of :func:`mr_labels`; the scene stays as it is.
    """
    from CTSMALib.volumes.bone_labels import read_bone_labels

    labels = mr_labels(read_bone_labels(path), mr)
    node = scene.AddNewNodeByClass(LABEL_MAP, path.name)
    fill_volume(node, labels)
    return node


def edit_events(node: Any) -> tuple[int, ...]:
    """Events by which a node tells that labels of it may have been edited.

    Args:
        node: ``vtkMRMLLabelMapVolumeNode`` or ``vtkMRMLSegmentationNode``.
    """
    told = node.GetContentModifiedEvents()
    events = {int(told.GetValue(index)) for index in range(told.GetNumberOfValues())}
    # Segmentations tell edits by events of their own; label maps edited as arrays tell nothing but this one.
    own = {vtk.vtkCommand.ModifiedEvent}
    return tuple(events - own if node.IsA(SEGMENTATION) else events | own)


def voxels_time(node: Any) -> int:
    """When the voxels of a label map were edited last, in VTK's count; 0 for a segmentation, which tells edits."""
    data = None if node.IsA(SEGMENTATION) else node.GetImageData()
    return 0 if data is None else int(data.GetMTime())


def _elsewhere(given: sitk.Image, scan: sitk.Image) -> InputError:
    """Why labels do not fit the MR."""
    from CTSMALib.volumes.bone_labels import check_overlap  # needs a package that is installed later

    if given.GetSize() != scan.GetSize():
        sizes = (" x ".join(map(str, image.GetSize())) for image in (given, scan))
        return InputError("The labels have {} voxels, the MR has {}.".format(*sizes), _REMEDY)
    try:
        check_overlap(sitk.Cast(given, sitk.sitkUInt8), scan)
    except InputError as error:
        return error
    return InputError("The labels have other voxels than the MR: place, spacing or direction differ.", _REMEDY)


def _of_voxels(node: Any) -> sitk.Image:
    if node.GetImageData() is None or not node.GetImageData().GetNumberOfPoints():
        raise InputError(f"'{node.GetName()}' holds no voxels.", "Choose another label map.")
    return image_of(node)


def labels_of_segments(node: Any, scan: sitk.Image, modality: str = "MR") -> sitk.Image:
    """Segments with the name of a bone, put onto the voxels of a scan; later bones win where they overlap.

    Args:
        node: ``vtkMRMLSegmentationNode``.
        scan: the scan, whose modality is named in errors.
        modality: of the scan.

    Raises:
        InputError: no segment has the name of a bone and voxels in the scan.
    """
    segmentation = node.GetSegmentation()
    result = np.zeros(scan.GetSize()[::-1], dtype=np.uint8)
    drawn = 0
    for index in range(segmentation.GetNumberOfSegments()):
        name = _without_side(segmentation.GetNthSegment(index).GetName())
        bone = next((bone for bone in BONES if bone.name == name), None)
        data = slicer.vtkOrientedImageData()
        segment = segmentation.GetNthSegmentID(index)
        if bone is None or not node.GetBinaryLabelmapRepresentation(segment, data) or not data.GetNumberOfPoints():
            continue
        there = sitk.Resample(_image(data), scan, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        drawn += 1
        result[sitk.GetArrayViewFromImage(there) > 0] = bone.label
    if not drawn:
        names = ", ".join(bone.name for bone in BONES)
        raise InputError(
            f"'{node.GetName()}' has no segment of a bone with voxels.",
            f"Name segments after bones ({names}), and create their binary label maps.",
        )
    if not result.any():
        remedy = _REMEDY.replace("MR", modality)
        raise InputError(f"The segments lie outside the {modality}.", remedy)
    return Grid.of(scan).image(result)


def _without_side(name: str) -> str:
    """The words of a name but its side and "bone": ``femur`` of ``Left Femur``, ``femur_R`` and ``Femur bone``."""
    words = re.split(r"[\W_]+", name.casefold())
    return " ".join(word for word in words if word and word not in _NO_PART)


def _image(data: Any) -> sitk.Image:
    """A ``vtkOrientedImageData`` (RAS) as an image (LPS)."""
    to_world = vtk.vtkMatrix4x4()
    data.GetImageToWorldMatrix(to_world)
    matrix: NDArray[np.float64] = to_numpy(to_world)
    extent = np.array(data.GetExtent())
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    first = (matrix @ np.append(extent[::2], 1.0))[:3]
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    image = sitk.GetImageFromArray((voxels > 0).astype(np.uint8))
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(flipped(first).tolist())
    image.SetDirection((flipped((matrix[:3, :3] / spacing).T).T).ravel().tolist())
    return image
