"""The arrangement of views for reading a result."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.result_nodes import PART_ATTRIBUTE, PATCH_TABLE, ResultNodes

READING = 4771  # far from the identifiers of Slicer and other extensions

_SLICE = (
    '<item><view class="vtkMRMLSliceNode" singletontag="{tag}"><property name="orientation" action="default">{plane}'
    '</property><property name="viewlabel" action="default">{tag[0]}</property>'
    '<property name="viewcolor" action="default">{color}</property></view></item>'
)
_RED = _SLICE.format(tag="Red", plane="Axial", color="#F34A33")
_YELLOW = _SLICE.format(tag="Yellow", plane="Sagittal", color="#EDD54C")
_GREEN = _SLICE.format(tag="Green", plane="Coronal", color="#6EB04B")
_THREE_D = (
    '<item><view class="vtkMRMLViewNode" singletontag="1">'
    '<property name="viewlabel" action="default">1</property></view></item>'
)
_TABLE = (
    '<item><view class="vtkMRMLTableViewNode" singletontag="TableView1">'
    '<property name="viewlabel" action="default">T</property></view></item>'
)
_PLOT = (
    '<item><view class="vtkMRMLPlotViewNode" singletontag="PlotView1">'
    '<property name="viewlabel" action="default">P</property></view></item>'
)


def _row(*items: str) -> str:
    return f'<item><layout type="horizontal">{"".join(items)}</layout></item>'


_BESIDE = f'<item><layout type="vertical" split="true">{_PLOT}{_TABLE}</layout></item>'
_DESCRIPTION = (
    f'<layout type="vertical" split="true">{_row(_GREEN, _YELLOW, _RED)}'
    f'<item><layout type="horizontal" split="true">{_THREE_D}{_BESIDE}</layout></item></layout>'
)


def register_layout(layout_node: Any) -> None:
    """Make the arrangement known; doing it again changes nothing.

    Args:
        layout_node: ``vtkMRMLLayoutNode``.
    """
    if layout_node.IsLayoutDescription(READING):
        layout_node.SetLayoutDescription(READING, _DESCRIPTION)
    else:
        layout_node.AddLayoutDescription(READING, _DESCRIPTION)


def show_layout(layout_node: Any) -> None:
    """Arrange the views; :func:`register_layout` must have been called."""
    if layout_node.GetViewArrangement() != READING:
        layout_node.SetViewArrangement(READING)


def show_table(result: ResultNodes, instead_of_another_only: bool = False) -> None:
    """Let the table views show the patches of a result.

    Args:
        result: the nodes.
        instead_of_another_only: leave views alone that do not show the patches of another result.
    """
    table = result.get(PATCH_TABLE)
    if table is None:
        return
    for index in range(result.scene.GetNumberOfNodesByClass("vtkMRMLTableViewNode")):
        view = result.scene.GetNthNodeByClass(index, "vtkMRMLTableViewNode")
        shown = view.GetTableNode()
        of_a_result = shown is not None and shown.GetAttribute(PART_ATTRIBUTE) == PATCH_TABLE
        if of_a_result or not instead_of_another_only:
            view.SetTableNodeID(table.GetID())
