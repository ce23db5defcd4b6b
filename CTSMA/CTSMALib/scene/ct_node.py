"""The CT of the scene, given to a worker process as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import vtk

from CTSMALib.errors import OutputError
from CTSMALib.scene.geometry import image_of
from CTSMALib.scene.overlay import composites_of_results
from CTSMALib.scene.result_nodes import CT_GEOMETRY_ATTRIBUTE, PART_ATTRIBUTE, ResultNodes
from CTSMALib.scene.translation import tr as _

DICOM_INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"  # Slicer's own: the images that a volume was loaded from


def why_not(node: Any | None) -> str:
    """Why a node cannot be analyzed, as one translated sentence; empty where it can.

    Only what can be told at once; the analysis itself looks closer.
    """
    if node is None:
        return _("Choose the CT of a knee, or a high-resolution MR.")
    data = node.GetImageData() if node.IsA("vtkMRMLVolumeNode") else None
    if data is None or data.GetNumberOfPoints() == 0:
        return _("The chosen volume holds no voxels.")
    if data.GetNumberOfScalarComponents() != 1:
        return _("The chosen volume is not a scan: it has several values per voxel.")
    if node.GetAttribute(PART_ATTRIBUTE):
        return _("The chosen volume was made by CTSMA; choose the scan itself.")
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        return _("The chosen volume is a label map, not a scan.")
    if min(data.GetDimensions()) < 2:
        return _("The chosen volume is a single slice.")
    transform = node.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        return _("The chosen volume is warped by a transform; harden or remove that first.")
    return ""


def ct_geometry(node: Any) -> str:
    """Where the voxels of a volume are, as a text to compare later."""
    return " ".join(f"{value:.6f}" for value in _geometry(node))


def ct_changed(result: ResultNodes) -> bool:
    """Whether the voxels of the CT were moved, cropped or resampled since the analysis, or the CT is gone.

    A transform that the CT is under does not count: the result follows it.
    """
    ct = result.get("ct")
    noted = (result.node.GetAttribute(CT_GEOMETRY_ATTRIBUTE) or "").split()
    if ct is None or ct.GetImageData() is None:
        return True
    now = _geometry(ct)
    return len(noted) != len(now) or not np.allclose(np.array(noted, dtype=float), now, atol=1e-3)


def follow_ct(result: ResultNodes) -> None:
    """Put the nodes of a result under the transform of its CT."""
    ct = result.get("ct")
    if ct is None:
        return
    wanted = ct.GetTransformNodeID()
    for node in result.own_nodes():
        if node.IsA("vtkMRMLTransformableNode") and node.GetTransformNodeID() != wanted:
            node.SetAndObserveTransformNodeID(wanted)


def _geometry(node: Any) -> list[float]:
    """Size in voxels, and the matrix from voxels to RAS."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    size = node.GetImageData().GetDimensions() if node.GetImageData() is not None else (0, 0, 0)
    return [*map(float, size), *(matrix.GetElement(row, column) for row in range(3) for column in range(4))]


def likely_ct(scene: Any) -> Any:
    """The volume that a user most likely means: the one that slice views show, or the only one; else ``None``."""
    shown = [scene.GetNodeByID(composite.GetBackgroundVolumeID() or "") for composite in composites_of_results(scene)]
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    volumes = [scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode") for index in range(count)]
    usable = [node for node in volumes if not why_not(node)]
    return next((node for node in shown if node in usable), usable[0] if len(usable) == 1 else None)


def write_ct(node: Any, path: Path) -> None:
    """Write the voxels of a volume node, without the transform that it is under.

    Args:
        node: a volume for which :func:`why_not` has no objection.
        path: an ``.nrrd`` file to make.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        sitk.WriteImage(image_of(node), str(path), False)
    except RuntimeError as error:
        raise OutputError(f"The CT could not be written to {path.parent}.", "Free some space there.") from error


def first_instance(node: Any) -> str:
    """The SOP instance UID of one DICOM image that a volume was loaded from; empty where it was not."""
    text = node.GetAttribute(DICOM_INSTANCES_ATTRIBUTE) or ""
    return text.split()[0] if text.strip() else ""
