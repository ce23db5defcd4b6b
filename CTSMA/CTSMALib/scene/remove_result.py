"""Taking a result out of the scene."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.hierarchy import remove_from_hierarchy
from CTSMALib.scene.result_nodes import OWNS_CT_ATTRIBUTE, ResultNodes, results_in


def remove_result(result: ResultNodes) -> None:
    """Remove a result with all nodes that were made for it, and its folder in the subject hierarchy.

    A CT that was loaded with it stays where another result stands on it, and belongs to that one then.
    """
    heir = _other_on_ct(result)
    if result.owns_ct and heir is not None:
        result.node.SetAttribute(OWNS_CT_ATTRIBUTE, None)
        heir.node.SetAttribute(OWNS_CT_ATTRIBUTE, "1")
    remove_from_hierarchy(result)
    for node in result.own_nodes():
        _remove(result.scene, node)


def ct_goes_along(result: ResultNodes) -> bool:
    """Whether :func:`remove_result` removes the CT too: it was loaded with the result, and no other stands on it."""
    return result.owns_ct and result.get("ct") is not None and _other_on_ct(result) is None


def _other_on_ct(result: ResultNodes) -> ResultNodes | None:
    ct = result.get("ct")
    if ct is None:
        return None
    others = (each for each in results_in(result.scene) if each.node is not result.node)
    return next((each for each in others if each.get("ct") is ct), None)


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
