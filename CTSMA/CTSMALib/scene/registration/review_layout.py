"""The arrangements of views for judging a registration, and which slice views are whose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import slicer

from CTSMALib.scene.layouts import MOVING_VIEWS
from CTSMALib.scene.overlay import slice_composites

REVIEW, SIDE_BY_SIDE = 4781, 4782  # far from the identifiers of Slicer and other extensions
FIXED = ("Red", "Yellow", "Green")
MOVING = tuple(f"{MOVING_VIEWS}{name}" for name in FIXED)
_PLANES = ("Axial", "Sagittal", "Coronal")
_COLORS = ("#F34A33", "#EDD54C", "#6EB04B")
_LABELS = {**dict(zip(FIXED, "RYG", strict=True)), **dict(zip(MOVING, ("MR-R", "MR-Y", "MR-G"), strict=True))}
# How the foreground of a slice view lies over its background.
ALPHA, ADD = slicer.vtkMRMLSliceCompositeNode.Alpha, slicer.vtkMRMLSliceCompositeNode.Add
MOVING_GROUP = 1  # views of one group follow each other when linked; those of the CT are in group 0


def _slice(name: str, plane: str, color: str, group: int) -> str:
    properties = {"orientation": plane, "viewlabel": _LABELS[name], "viewcolor": color, "viewgroup": str(group)}
    inner = "".join(f'<property name="{key}" action="default">{value}</property>' for key, value in properties.items())
    return f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">{inner}</view></item>'


def _row(names: tuple[str, ...], group: int) -> str:
    views = "".join(_slice(*view, group) for view in zip(names, _PLANES, _COLORS, strict=True))
    return f'<item><layout type="horizontal" split="true">{views}</layout></item>'


def _four_up() -> str:
    red, yellow, green = (_slice(*view, 0) for view in zip(FIXED, _PLANES, _COLORS, strict=True))
    bones = (
        '<item><view class="vtkMRMLViewNode" singletontag="1">'
        '<property name="viewlabel" action="default">1</property></view></item>'
    )
    rows = (
        f'<item><layout type="horizontal" split="true">{pair}</layout></item>' for pair in (red + bones, green + yellow)
    )
    return f'<layout type="vertical" split="true">{"".join(rows)}</layout>'


_DESCRIPTIONS = {
    REVIEW: _four_up(),
    SIDE_BY_SIDE: f'<layout type="vertical" split="true">{_row(FIXED, 0)}{_row(MOVING, MOVING_GROUP)}</layout>',
}


def register_layouts(layout_node: Any) -> None:
    """Make both arrangements known; doing it again changes nothing.

    Args:
        layout_node: ``vtkMRMLLayoutNode``.
    """
    for number, description in _DESCRIPTIONS.items():
        if layout_node.IsLayoutDescription(number):
            layout_node.SetLayoutDescription(number, description)
        else:
            layout_node.AddLayoutDescription(number, description)


def show_layout(layout_node: Any, number: int) -> None:
    """Arrange the views; :func:`register_layouts` must have been called.

    Args:
        layout_node: ``vtkMRMLLayoutNode``.
        number: :data:`REVIEW` or :data:`SIDE_BY_SIDE`.
    """
    if layout_node.GetViewArrangement() != number:
        layout_node.SetViewArrangement(number)


def fixed_views(scene: Any) -> Iterator[tuple[Any, Any]]:
    """Slice and composite nodes of the views in the frame of the CT."""
    return _views(scene, FIXED)


def moving_views(scene: Any) -> Iterator[tuple[Any, Any]]:
    """Slice and composite nodes of the views in the frame of the MR; none before their arrangement was shown."""
    return _views(scene, MOVING)


def link_views(scene: Any, linked: bool = True) -> None:
    """Let changes of layers, zoom and slice in one view reach the others of its group."""
    for views, group in ((fixed_views(scene), 0), (moving_views(scene), MOVING_GROUP)):
        for view, composite in views:
            view.SetViewGroup(group)
            composite.SetLinkedControl(linked)


def frame_of_ct(scene: Any) -> list[Any]:
    """The nodes of slice and 3D views in the frame of the CT."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLViewNode")
    solid = [scene.GetNthNodeByClass(index, "vtkMRMLViewNode") for index in range(count)]
    return [*(view for view, _ in fixed_views(scene)), *solid]


def show_only_in(display: Any, views: Iterable[Any]) -> None:
    """Let a display node show in some views only; in all of them without any."""
    wanted = [view.GetID() for view in views]
    if list(display.GetViewNodeIDs() or ()) == wanted:
        return
    was_modifying = display.StartModify()
    try:
        display.RemoveAllViewNodeIDs()
        for name in wanted:
            display.AddViewNodeID(name)
    finally:
        display.EndModify(was_modifying)


def set_layers(composite: Any, background: Any, foreground: Any, opacity: float, compositing: int) -> None:
    """Let a slice view show two volumes, or one, or none; observers are told once.

    Args:
        composite: ``vtkMRMLSliceCompositeNode``.
        background, foreground: volume nodes, or ``None``.
        opacity: of the foreground, 0 to 1.
        compositing: :data:`ALPHA` or :data:`ADD`.
    """
    was_modifying = composite.StartModify()
    try:
        composite.SetBackgroundVolumeID(background.GetID() if background is not None else None)
        composite.SetForegroundVolumeID(foreground.GetID() if foreground is not None else None)
        composite.SetForegroundOpacity(opacity)
        composite.SetCompositing(compositing)
    finally:
        composite.EndModify(was_modifying)


def _views(scene: Any, names: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    composites = {composite.GetLayoutName(): composite for composite in slice_composites(scene)}
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        view = scene.GetNthNodeByClass(index, "vtkMRMLSliceNode")
        if view.GetLayoutName() in names and view.GetLayoutName() in composites:
            yield view, composites[view.GetLayoutName()]
