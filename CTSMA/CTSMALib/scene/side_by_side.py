"""A second result, of the other modality, in slice views of its own beside those of the shown one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from CTSMALib.scene.aspects import VALUE
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.ct_node import follow_ct
from CTSMALib.scene.overlay import hide, set_visible, show_overlay
from CTSMALib.scene.registration.review_layout import show_only_in
from CTSMALib.scene.result_nodes import SELECTION, ResultNodes
from CTSMALib.scene.selection import NO_PATCH, center_of, jump_to, select
from CTSMALib.scene.views import aim_slices, slice_views


def same_patch(result: ResultNodes, other: ResultNodes, label: int) -> int:
    """The label in another result of the patch with the same name; :data:`NO_PATCH` where it has none."""
    if not 1 <= label <= len(result.patches):
        return NO_PATCH
    name = result.patches.ids[label - 1]
    return other.patches.ids.index(name) + 1 if name in other.patches.ids else NO_PATCH


def show_beside(
    result: ResultNodes, other: ResultNodes, key: str, overlay: str, opacity: float, layer: int, aspect: str = VALUE
) -> None:
    """Show another result in the views that are kept for it, colored as the shown one.

    Args:
        result: the shown result.
        other: the one beside it; its bones are not shown.
        key, overlay, opacity, layer, aspect: as of :func:`~CTSMALib.scene.coloring.color_by` and
            :func:`~CTSMALib.scene.overlay.show_overlay`.
    """
    follow_ct(other)
    color_by(other, key, layer, aspect)
    show_overlay(other, overlay, key, opacity, aspect, beside=True)
    keep_apart(result, other)


def keep_apart(result: ResultNodes, other: ResultNodes) -> None:
    """Let models of each result be shown in its own views only; call it again when there are new views."""
    beside = list(slice_views(result.scene, beside=True))
    _limit(result, [*slice_views(result.scene), *_bone_views(result.scene)])
    _limit(other, beside)
    set_visible(other.get(SELECTION), bool(beside))


def show_everywhere(result: ResultNodes) -> None:
    """Let models of a result be shown in all views, for example of one that was saved while it was beside another."""
    _limit(result, [])


def select_beside(result: ResultNodes, other: ResultNodes, label: int) -> None:
    """Select the same patch in the result beside, and move its slices there."""
    there = same_patch(result, other, label)
    select(other, there)
    if there != NO_PATCH:
        jump_to(other.scene, center_of(other, there), beside=True)


def aim_beside(other: ResultNodes) -> None:
    """Let the slices of the result beside show its joint."""
    aim_slices(other, beside=True)


def end_beside(result: ResultNodes, other: ResultNodes) -> None:
    """Show one result alone again; the other one may have been removed."""
    show_everywhere(result)
    if other.node.GetScene() is result.scene:
        show_everywhere(other)
        hide(other)


def _bone_views(scene: Any) -> Iterator[Any]:
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLViewNode")):
        yield scene.GetNthNodeByClass(index, "vtkMRMLViewNode")


def _limit(result: ResultNodes, views: Sequence[Any]) -> None:
    """Let models be shown in some views only; in all without any."""
    for role in result.roles():
        node = result.get(role)
        if node.IsA("vtkMRMLModelNode") and node.GetDisplayNode() is not None:
            show_only_in(node.GetDisplayNode(), views)
