"""The bones of a result as a segmentation that a user corrects, and back to labels of its CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import InputError, OutputError
from CTSMALib.scene.color_nodes import BONE_RGB, OTHER_RGB
from CTSMALib.scene.geometry import image_of
from CTSMALib.scene.registration.mr_labels import labels_of_segments
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.translation import tr as _

SEGMENTATION = "vtkMRMLSegmentationNode"
EDITOR = "SegmentEditor"  # module of Slicer, and the tag of its parameter node
OF_RESULT = "CTSMA.BonesOf"  # role in a segmentation: the node of the result whose bones it was made from


def bones_of(result: ResultNodes) -> Any:
    """The bones of a result as a segmentation of its own, made where there is none yet.

    Returns:
        ``vtkMRMLSegmentationNode``, a segment for every bone, under the transform of the CT. It does not belong to the
        result: what a user has drawn stays when the result goes.

    Raises:
        InputError: the label map of the bones was deleted.
    """
    # A reference, not the ID as a text: MRML drops it with the result, and follows IDs that change in another scene.
    made = (node for node in _segmentations(result.scene) if node.GetNodeReference(OF_RESULT) is result.node)
    known = next(made, None)
    if known is not None:
        return known
    labels = result.get("labels")
    if labels is None or labels.GetImageData() is None:
        raise InputError(f"The bones of '{result.title}' are no longer in the scene.", "Analyze the scan again.")
    node = result.scene.AddNewNodeByClass(SEGMENTATION, f"{result.title}, bones to correct")
    node.SetNodeReferenceID(OF_RESULT, result.node.GetID())
    ct = result.get("ct")
    if ct is not None:
        # First the transform: the geometry is noted in the frame that the segmentation is in by then.
        node.SetAndObserveTransformNodeID(ct.GetTransformNodeID())
        node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    present = set(vtk_to_numpy(labels.GetImageData().GetPointData().GetScalars()).tolist())
    for bone in BONES:
        if bone.label in present:
            color = [channel / 255 for channel in BONE_RGB.get(bone.name, OTHER_RGB)]
            node.AddSegmentFromBinaryLabelmapRepresentation(_mask(labels, bone.label), bone.name, color)
    node.CreateDefaultDisplayNodes()
    return node


def prepare_editor(scene: Any, segmentation: Any, ct: Any | None) -> None:
    """Let Slicer's Segment Editor begin with a segmentation over a CT when it is opened."""
    editor = scene.GetSingletonNode(EDITOR, "vtkMRMLSegmentEditorNode")
    if editor is None:
        editor = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        editor.UnRegister(None)
        editor.SetSingletonTag(EDITOR)
        editor = scene.AddNode(editor)
    editor.SetAndObserveSegmentationNode(segmentation)
    if ct is not None:
        editor.SetAndObserveSourceVolumeNode(ct)


def why_no_bones(segmentation: Any | None, ct: Any | None) -> str:
    """Why a CT cannot be analyzed with the bones of a segmentation, as far as it can be told at once; or empty.

    The sentence is translated.
    """
    if segmentation is None:
        return _("Choose corrected bones first.")
    if segmentation.GetSegmentation().GetNumberOfSegments() == 0:
        return _("The chosen segmentation is empty.")
    if ct is not None and segmentation.GetTransformNodeID() != ct.GetTransformNodeID():
        return _("The CT and the chosen segmentation are under different transforms.")
    return ""


def write_bones(segmentation: Any, ct: Any, path: Path) -> None:
    """Write the bones of a segmentation as labels on the voxels of a CT.

    Args:
        segmentation: with segments named after bones.
        ct: volume node.
        path: an ``.nrrd`` file to make.

    Raises:
        InputError: the segmentation has no bones, or not where the CT is.
        OutputError: the file cannot be written.
    """
    import SimpleITK as sitk

    labels = labels_of_segments(segmentation, image_of(ct), "CT")
    try:
        sitk.WriteImage(labels, str(path), True)
    except RuntimeError as error:
        raise OutputError(f"The bones could not be written to {path.parent}.", "Free some space there.") from error


def _segmentations(scene: Any) -> list[Any]:
    count = scene.GetNumberOfNodesByClass(SEGMENTATION)
    return [scene.GetNthNodeByClass(index, SEGMENTATION) for index in range(count)]


def _mask(labels: Any, value: int) -> Any:
    threshold = vtk.vtkImageThreshold()
    threshold.SetInputData(labels.GetImageData())
    threshold.ThresholdBetween(value, value)
    threshold.SetInValue(1)
    threshold.SetOutValue(0)
    threshold.SetOutputScalarTypeToUnsignedChar()
    threshold.Update()
    mask = slicer.vtkOrientedImageData()
    mask.DeepCopy(threshold.GetOutput())
    matrix = vtk.vtkMatrix4x4()
    labels.GetIJKToRASMatrix(matrix)
    mask.SetGeometryFromImageToWorldMatrix(matrix)
    return mask
