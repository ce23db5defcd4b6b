"""The arrangements of views for reading a result."""

from __future__ import annotations

from typing import Any

READING, BONES = 4771, 4772  # far from the identifiers of Slicer and other extensions
TITLES = {READING: "CTSMA: slices, bones and table", BONES: "CTSMA: bones with one slice"}

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


def _row(*items: str) -> str:
    return f'<item><layout type="horizontal">{"".join(items)}</layout></item>'


_DESCRIPTIONS = {
    READING: (
        f'<layout type="vertical" split="true">{_row(_GREEN, _YELLOW, _RED)}'
        f'<item><layout type="horizontal" split="true">{_THREE_D}{_TABLE}</layout></item></layout>'
    ),
    BONES: f'<layout type="horizontal" split="true">{_THREE_D}{_GREEN}</layout>',
}


def register_layouts(layout_node: Any) -> None:
    """Make the arrangements known; doing it again changes nothing.

    Args:
        layout_node: ``vtkMRMLLayoutNode``.
    """
    for number, description in _DESCRIPTIONS.items():
        if layout_node.IsLayoutDescription(number):
            layout_node.SetLayoutDescription(number, description)
        else:
            layout_node.AddLayoutDescription(number, description)


def show_layout(layout_node: Any, number: int) -> None:
    """Arrange the views; :func:`register_layouts` must have been called."""
    if layout_node.GetViewArrangement() != number:
        layout_node.SetViewArrangement(number)
