"""What slice views show over the CT, and whether models are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from CTSMALib.scene.aspects import VALUE, shown_aspect
from CTSMALib.scene.layouts import MOVING_VIEWS, OTHER_VIEWS
from CTSMALib.scene.result_nodes import COLOR_KEY, EXCLUDED_BOXES, LAYERS, SELECTION, ResultNodes, grid_role, map_role

OVERLAYS = ("map", "patches", "none")
BONES_SHOWN = {  # choice: the surfaces it shows
    "all": ("femur", "tibia", "patella", "fibula"),
    "tibia": ("tibia", "fibula"),
    "femur": ("femur",),
    "none": (),
}


def show_overlay(
    result: ResultNodes,
    overlay: str,
    key: str,
    opacity: float,
    aspect: str = VALUE,
    beside: bool = False,
    views: Iterable[Any] | None = None,
) -> None:
    """Lay the result over its CT in every slice view but those of an MR in its own frame.

    Args:
        result: the nodes.
        overlay: of :data:`OVERLAYS`; a quantity without a map shows its patches instead.
        key: catalogue key that is shown.
        opacity: 0 to 1.
        aspect: of :data:`~CTSMALib.scene.aspects.ASPECTS`; what is not a value is shown by patches.
        beside: in the slice views that are kept for the result beside the shown one, instead of the others.
        views: composite nodes of the views, if only some of these.
    """
    of_values = shown_aspect(result.patches, key, aspect) == VALUE
    parameter_map = result.get(map_role(key)) if overlay == "map" and of_values else None
    patches = result.get("patch_labels") if overlay == "patches" or (overlay == "map" and not parameter_map) else None
    for composite in composites_of_results(result.scene, beside) if views is None else views:
        _set_layer(composite, "Background", result.get("ct"), result, keep_other=False)
        _set_layer(composite, "Foreground", parameter_map, result, keep_other=True)
        _set_layer(composite, "Label", patches, result, keep_other=True)
        if parameter_map is not None:
            composite.SetForegroundOpacity(opacity)
        if patches is not None:
            composite.SetLabelOpacity(opacity)


def show_models(result: ResultNodes, bones: str, grid: bool, layer: int) -> None:
    """Show bones, and the outlines of their patches in one depth layer.

    Args:
        result: the nodes.
        bones: of :data:`BONES_SHOWN`; without bones, the outlines of all patches are shown.
        grid: whether outlines are shown.
        layer: the depth layer, 1 or 2.
    """
    for bone in BONES_SHOWN["all"]:
        set_visible(result.get(f"surface_{bone}"), bone in BONES_SHOWN[bones])
        outlined = grid and (bone in BONES_SHOWN[bones] or bones == "none")
        for each in LAYERS:
            set_visible(result.get(grid_role(bone, each)), outlined and each == layer)
    set_visible(result.get(EXCLUDED_BOXES), True)
    set_visible(result.get(SELECTION), True)
    set_visible(result.get(COLOR_KEY), True)


def hide(result: ResultNodes) -> None:
    """Show nothing of a result; its CT stays."""
    for role in result.roles():
        node = result.get(role)
        if node.IsA("vtkMRMLModelNode"):
            set_visible(node, False)
    for composite in (*slice_composites(result.scene), *slice_composites(result.scene, True)):
        for layer in ("Foreground", "Label"):
            _set_layer(composite, layer, None, result, keep_other=True)


def slice_composites(scene: Any, beside: bool = False) -> Iterator[Any]:
    """The composite nodes of all slice views; of those kept for the result beside the shown one, or of the others."""
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLSliceCompositeNode")
        if str(node.GetLayoutName() or "").startswith(OTHER_VIEWS) == beside:
            yield node


def composites_of_results(scene: Any, beside: bool = False) -> Iterator[Any]:
    """Those of :func:`slice_composites` that show results: not the views of an MR in its own frame, where none lies."""
    for node in slice_composites(scene, beside):
        if not str(node.GetLayoutName() or "").startswith(MOVING_VIEWS):
            yield node


def _set_layer(composite: Any, layer: str, node: Any | None, result: ResultNodes, keep_other: bool) -> None:
    """Put a volume into a layer; without one, take away a volume of this result but no other."""
    shown = getattr(composite, f"Get{layer}VolumeID")()
    wanted = node.GetID() if node is not None else None
    if wanted is None:
        own = {each.GetID() for each in result.own_nodes()}
        if not keep_other or shown not in own:
            return
    if shown != wanted:
        getattr(composite, f"Set{layer}VolumeID")(wanted)


def set_visible(node: Any | None, visible: bool) -> None:
    """Show or hide a node; a missing one is left alone."""
    display = node.GetDisplayNode() if node is not None else None
    if display is not None and bool(display.GetVisibility()) != visible:
        display.SetVisibility(visible)
