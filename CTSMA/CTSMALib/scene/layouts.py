"""The arrangement of views for reading a result."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.result_nodes import PART_ATTRIBUTE, PATCH_TABLE, ResultNodes

READING, COMPARING = 4771, 4772  # far from the identifiers of Slicer and other extensions
OTHER_VIEWS = "CTSMAOther"  # beginning of the names of slice views that show the result beside the chosen one
MOVING_VIEWS = "Moving"  # likewise, of a review of a registration in the MR's own frame, where results do not lie

_SLICE = (
    '<item><view class="vtkMRMLSliceNode" singletontag="{tag}"><property name="orientation" action="default">{plane}'
    '</property><property name="viewlabel" action="default">{label}</property>'
    '<property name="viewcolor" action="default">{color}</property></view></item>'
)
_PLANES = {"Green": ("Coronal", "#6EB04B"), "Yellow": ("Sagittal", "#EDD54C"), "Red": ("Axial", "#F34A33")}
_GREEN, _YELLOW, _RED = (
    _SLICE.format(tag=tag, label=tag[0], plane=plane, color=color) for tag, (plane, color) in _PLANES.items()
)
_OTHERS = [
    _SLICE.format(tag=f"{OTHER_VIEWS}{tag}", label=f"{tag[0]}2", plane=plane, color=color)
    for tag, (plane, color) in _PLANES.items()
]
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
_READING_VIEWS = (
    f'<layout type="vertical" split="true">{_row(_GREEN, _YELLOW, _RED)}'
    f'<item><layout type="horizontal" split="true">{_THREE_D}{_BESIDE}</layout></item></layout>'
)

_COMPARING_VIEWS = (
    f'<layout type="vertical" split="true">{_row(_GREEN, _YELLOW, _RED)}{_row(*_OTHERS)}'
    f'<item><layout type="horizontal" split="true">{_THREE_D}{_PLOT}</layout></item></layout>'
)


def register_layout(layout_node: Any) -> None:
    """Make the arrangements known; doing it again changes nothing.

    Args:
        layout_node: ``vtkMRMLLayoutNode``.
    """
    for number, description in ((READING, _READING_VIEWS), (COMPARING, _COMPARING_VIEWS)):
        if layout_node.IsLayoutDescription(number):
            layout_node.SetLayoutDescription(number, description)
        else:
            layout_node.AddLayoutDescription(number, description)


def show_layout(layout_node: Any, number: int = READING) -> None:
    """Arrange the views; :func:`register_layout` must have been called."""
    if layout_node.GetViewArrangement() != number:
        layout_node.SetViewArrangement(number)


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
