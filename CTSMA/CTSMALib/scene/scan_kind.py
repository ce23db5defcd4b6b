"""Whether a volume of the scene is a CT or an MR, where the user does not say it."""

from __future__ import annotations

from typing import Any

import slicer

AUTO, CT, MR = SCANS = ("auto", "ct", "mr")
MODALITY_ATTRIBUTE = "DICOM.Modality"  # Slicer's own, of the item in the subject hierarchy
MODALITIES = {"CT": CT, "MR": MR}
LOWEST_SIGNAL = -50.0  # of an MR that was resampled; air and fat of a CT are darker


def scan_kind(node: Any, said: str = AUTO) -> str:
    """Tell it from what DICOM says, else from the values: a CT has negative ones.

    Args:
        node: volume node with voxels.
        said: of :data:`SCANS`; what the user says counts.

    Returns:
        :data:`CT` or :data:`MR`.
    """
    if said != AUTO:
        return said
    modality = MODALITIES.get(_modality(node))
    if modality is not None:
        return modality
    lowest, highest = node.GetImageData().GetScalarRange()
    return MR if lowest >= LOWEST_SIGNAL and highest > 0.0 else CT


def _modality(node: Any) -> str:
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    return str(tree.GetItemAttribute(item, MODALITY_ATTRIBUTE) or "") if item else ""
