"""Taking a result out of the scene."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.hierarchy import remove_from_hierarchy
from CTSMALib.scene.result_nodes import ResultNodes


def remove_result(result: ResultNodes) -> None:
    """Remove a result with all nodes that were made for it, and its folder in the subject hierarchy."""
    remove_from_hierarchy(result)
    for node in result.own_nodes():
        _remove(result.scene, node)


def _remove(scene: Any, node: Any) -> None:
    """Remove a node with its display and storage nodes."""
    if scene.GetNodeByID(node.GetID() or "") is not node:
        return
    attached = []
    if node.IsA("vtkMRMLDisplayableNode"):
        attached += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    if node.IsA("vtkMRMLStorableNode"):
        attached += [node.GetNthStorageNode(index) for index in range(node.GetNumberOfStorageNodes())]
    for part in (*attached, node):
        if part is not None:
            scene.RemoveNode(part)
