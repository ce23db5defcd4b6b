"""Handles in the views by which a user turns and moves the correction of a bone."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.registration.review_nodes import ReviewNodes

_VISIBLE = ("EditorVisibility", "EditorVisibility3D", "EditorSliceIntersectionVisibility")
# Dragging anywhere in a slice would take clicks that belong to the view.
_PARTS = {
    "EditorTranslationEnabled": True,
    "EditorTranslationSliceEnabled": True,
    "EditorTranslationSliceAnywhereEnabled": False,
    "EditorRotationEnabled": True,
    "EditorRotationSliceEnabled": True,
    "EditorScalingEnabled": False,
    "EditorScalingSliceEnabled": False,
}


def show_handles(review: ReviewNodes, shown: bool, anywhere: bool = False) -> tuple[str, ...]:
    """Show or hide handles at the center of the active bone, in slice and 3D views; other bones have none.

    Args:
        review: the nodes.
        shown: whether they are shown.
        anywhere: whether a drag anywhere in a slice moves the bone.

    Returns:
        What the installed version of MRML cannot do, by the names of its properties.
    """
    missing: list[str] = []
    for bone in review.bones:
        node = review.user(bone)
        if node is None:  # deleted, and not made again yet
            continue
        wanted = shown and bone == review.active
        if wanted:
            node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        if display is None:
            continue
        settings = {**_PARTS, "EditorTranslationSliceAnywhereEnabled": anywhere, **dict.fromkeys(_VISIBLE, wanted)}
        missing += _apply(display, settings)
    return tuple(sorted(set(missing)))


def _apply(display: Any, settings: dict[str, bool]) -> list[str]:
    """Set properties, observers are told once; the names of those that this version lacks."""
    lacking = []
    was_modifying = display.StartModify()
    try:
        for name, value in settings.items():
            setter = getattr(display, f"Set{name}", None)
            if setter is None:
                lacking.append(name)
            else:
                setter(value)
    finally:
        display.EndModify(was_modifying)
    return lacking
