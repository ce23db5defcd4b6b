"""The result's folder in the subject hierarchy, under the study of its CT."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from CTSMALib.scene.result_nodes import ResultNodes


def place_in_hierarchy(result: ResultNodes) -> None:
    """Put the nodes of a result into a folder of its own, beside the CT it came from."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(result.scene)
    if tree is None:
        return
    ct = result.get("ct")
    ct_item = tree.GetItemByDataNode(ct) if ct is not None else 0
    parent = tree.GetItemParent(ct_item) if ct_item else tree.GetSceneItemID()
    folder = tree.CreateFolderItem(parent or tree.GetSceneItemID(), result.title)
    for node in result.own_nodes():
        if node.GetHideFromEditors():
            continue
        item = tree.GetItemByDataNode(node)
        if item:
            tree.SetItemParent(item, folder)
        else:
            tree.CreateItem(folder, node)
    tree.SetItemExpanded(folder, False)


def place_late(result: ResultNodes, node: Any) -> None:
    """Put a node that was made later into the folder of its result."""
    tree, folder = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(result.scene), folder_of(result)
    if tree is None or not folder:
        return
    item = tree.GetItemByDataNode(node)
    if item:
        tree.SetItemParent(item, folder)
    else:
        tree.CreateItem(folder, node)


def folder_of(result: ResultNodes) -> int:
    """The item of the result's folder; 0 where there is none."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(result.scene)
    labels = result.get("patch_labels")
    item: int = tree.GetItemByDataNode(labels) if tree is not None and labels is not None else 0
    parent: int = tree.GetItemParent(item) if item else 0
    return parent if parent and parent != tree.GetSceneItemID() and _is_folder(tree, parent) else 0


def remove_from_hierarchy(result: ResultNodes) -> None:
    """Remove the items of a result and its folder; what else a user has put into the folder moves up."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(result.scene)
    if tree is None:
        return
    folder = folder_of(result)
    for node in result.own_nodes():
        item = tree.GetItemByDataNode(node)
        if item:
            tree.RemoveItem(item, False, False)
    if folder:
        others = vtk.vtkIdList()
        tree.GetItemChildren(folder, others)
        for index in range(others.GetNumberOfIds()):
            tree.SetItemParent(others.GetId(index), tree.GetItemParent(folder))
        tree.RemoveItem(folder, False, False)


def _is_folder(tree: Any, item: int) -> bool:
    level: str = tree.GetItemLevel(item)
    return level == slicer.vtkMRMLSubjectHierarchyConstants.GetSubjectHierarchyLevelFolder()
