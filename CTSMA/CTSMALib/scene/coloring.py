"""Coloring a result by one quantity: patches on slices, maps, bones, outlines, and the color key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.palette import FLAGGED, colors_of
from CTSMALib.scene.aspects import FLAGS, VALUE, shown_aspect, shown_quantity, shown_values
from CTSMALib.scene.color_nodes import BONE_RGB, EXCLUDED_RGB, continuous_table, fill_continuous, recolor
from CTSMALib.scene.ct_node import follow_ct
from CTSMALib.scene.enface import smooth_values, stepped_values
from CTSMALib.scene.exclusions import counted, excluded
from CTSMALib.scene.hierarchy import place_late
from CTSMALib.scene.model_nodes import add_model, boxes, map_values, no_boxes, paint, points_of, style_outlines
from CTSMALib.scene.patch_table import PatchTable
from CTSMALib.scene.result_nodes import (
    COLOR_KEY,
    EXCLUDED_BOXES,
    LAYERS,
    PATCH_COLORS,
    VALUE_COLORS,
    ResultNodes,
    grid_role,
    map_role,
)
from CTSMALib.scene.table_nodes import head

Array = NDArray[np.float64]

_BELOW_ANY_VALUE, _ABOVE_ANY_VALUE = -1e30, 1e30  # what is not measured is NaN, which lies in no range
_KEY_SIZE, _KEY_POSITION = (0.12, 0.42), (0.97, 0.84)  # its title needs room above it, in low views too
_KEY_FONT_SIZE = 14
EXCLUDED_WIDTH = 3.0


def keys_with_values(result: ResultNodes) -> list[str]:
    """The catalogue keys that a result can be colored by, in the order of its table."""
    values = result.patches.values
    return [key for key in values if np.isfinite(values[key]).any()]


@dataclass(frozen=True, eq=False)
class _Shown:
    """What is shown, and of which patches.

    Attributes:
        key: the catalogue key.
        aspect: of :data:`~CTSMALib.scene.aspects.ASPECTS`.
        entry: what colors stand for.
        patches: the learning grid, excluded patches without values.
        excluded: (n,) which patches are excluded.
    """

    key: str
    aspect: str
    entry: Quantity
    patches: PatchTable
    excluded: NDArray[np.bool_]

    def values(self, table: PatchTable) -> Array:
        """(n,) what colors stand for."""
        return shown_values(table, self.key, self.aspect)


def color_by(result: ResultNodes, key: str, layer: int = 1, aspect: str = VALUE) -> None:
    """Color everything that a result shows by one quantity, over the catalogue's fixed range.

    Args:
        result: the nodes.
        key: a catalogue key; where a patch has no value it is shown as not measured, where a reader has excluded it, as
            excluded.
        layer: the depth layer that bones show, 1 or 2.
        aspect: of :data:`~CTSMALib.scene.aspects.ASPECTS`; the value where the result has no other. Maps are always of
            values.
    """
    aspect = shown_aspect(result.patches, key, aspect)
    names = list(excluded(result))
    shown = _Shown(key, aspect, shown_quantity(key, aspect), counted(result), np.isin(result.patches.ids, names))
    colors = result.get(VALUE_COLORS) or _new_value_colors(result)
    fill_continuous(colors, shown.entry)
    _color_patches(result, shown)
    _color_outlines(result, shown, colors)
    if aspect == VALUE:
        _color_maps(result, colors)
    for bone, axes in result.bone_axes.items():
        _color_bone(result, bone, axes, shown, layer)
    _draw_excluded(result, shown)
    _color_key(result, shown.entry, colors)


def label_text(entry: Quantity) -> str:
    """What a color key says: the name of a quantity and its unit."""
    return entry.title if entry.unit == "1" else f"{entry.title} ({entry.unit})"


def _new_value_colors(result: ResultNodes) -> Any:
    """In the place of a color table that a user has deleted."""
    colors = continuous_table(result.scene, f"{result.title}, colors of the values")
    result.set(VALUE_COLORS, colors)
    return colors


def _color_patches(result: ResultNodes, shown: _Shown) -> None:
    colors = colors_of(shown.entry, shown.values(shown.patches))
    colors[shown.excluded] = EXCLUDED_RGB
    table = result.get(PATCH_COLORS)
    if table is not None:
        recolor(table, colors)


def _color_outlines(result: ResultNodes, shown: _Shown, colors: Any) -> None:
    """The boxes of the patches that have a value; the others have no voxels on slices either.

    They go through the color table: colors that are stored as such make slice views complain of the range.
    """
    patches, values, entry = shown.patches, shown.values(shown.patches), shown.entry
    for bone, axes in result.bone_axes.items():
        for layer in LAYERS:
            node = result.get(grid_role(bone, layer))
            if node is None:
                continue
            drawn = (patches.layers == layer) & (patches.bones == bone) & np.isfinite(values)
            count = int(drawn.sum())
            outlines = boxes(patches.centers_ras_mm[drawn], np.broadcast_to(axes, (count, 3, 3)))
            node.SetAndObservePolyData(outlines)
            map_values(node, entry.key, np.repeat(values[drawn], 8), colors, entry.display_range)


def _color_maps(result: ResultNodes, colors: Any) -> None:
    """Every map over the fixed range of its own quantity, transparent where nothing was measured."""
    for role in result.roles():
        if not role.startswith(map_role("")):
            continue
        entry = quantity(role.removeprefix(map_role("")))
        node = result.get(role)
        display = node.GetDisplayNode() if node is not None else None
        if display is None:
            continue
        was_modifying = display.StartModify()
        try:
            display.SetAndObserveColorNodeID(colors.GetID())
            display.SetAutoWindowLevel(False)
            display.SetWindowLevelMinMax(*entry.display_range)
            display.SetThreshold(_BELOW_ANY_VALUE, _ABOVE_ANY_VALUE)
            display.SetApplyThreshold(True)
            display.SetInterpolate(False)  # interpolation would spread "not measured"
        finally:
            display.EndModify(was_modifying)


def _color_bone(result: ResultNodes, bone: str, axes: Array, shown: _Shown, layer: int) -> None:
    node = result.get(f"surface_{bone}")
    if node is None:
        return
    vertices = points_of(node)
    values = _bone_values(result, vertices, bone, axes, shown, layer)
    colors = colors_of(shown.entry, values)
    colors[~np.isfinite(values)] = BONE_RGB[bone]
    if shown.excluded.any():
        own = (result.patches.bones == bone) & (result.patches.layers == layer)
        gone = np.where(shown.excluded[own], 1.0, np.nan)
        over = stepped_values(vertices, result.places_ras_mm[0][own], axes, gone)
        colors[np.isfinite(over)] = EXCLUDED_RGB
    paint(node, shown.entry.key, values, colors)


def _bone_values(result: ResultNodes, vertices: Array, bone: str, axes: Array, shown: _Shown, layer: int) -> Array:
    """Smooth where the display grid was measured, box by box where only the learning grid was; flags always so."""
    smooth = shown.aspect != FLAGS and np.isfinite(shown.values(result.display_patches)).any()
    table = result.display_patches if smooth else shown.patches
    own = (table.bones == bone) & (table.layers == layer)
    places, values = result.places_ras_mm[1 if smooth else 0][own], shown.values(table)[own]
    if smooth:
        return smooth_values(vertices, places, values)
    return stepped_values(vertices, places, axes, values)


def _draw_excluded(result: ResultNodes, shown: _Shown) -> None:
    """The boxes of excluded patches, in gray."""
    node = result.get(EXCLUDED_BOXES)
    if node is None:
        if not shown.excluded.any():
            return
        node = add_model(result.scene, f"{result.title}, outlines of excluded patches", no_boxes(), EXCLUDED_RGB)
        style_outlines(node, EXCLUDED_WIDTH)
        result.set(EXCLUDED_BOXES, node)
        follow_ct(result)
        place_late(result, node)
    patches = result.patches
    rows = [row for row in np.flatnonzero(shown.excluded) if str(patches.bones[row]) in result.bone_axes]
    axes = np.array([result.bone_axes[str(patches.bones[row])] for row in rows]).reshape(-1, 3, 3)
    node.SetAndObservePolyData(boxes(patches.centers_ras_mm[rows], axes))


def _color_key(result: ResultNodes, entry: Quantity, colors: Any) -> None:
    """The carrier of the color key shows nothing itself: colors that are stored as such have no key of their own."""
    node = result.get(COLOR_KEY)
    if node is None:
        return
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(colors.GetID())
    display.SetScalarRangeFlag(display.UseManualScalarRange)
    display.SetScalarVisibility(True)
    display.SetScalarRange(*entry.display_range)
    legend = _legend(display)
    if legend is None:
        return
    legend.SetTitleText(head(entry))
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    legend.SetLabelFormat(f"%.3g{unit}")
    legend.SetNumberOfLabels(2 if entry.key == FLAGGED else 5)
    for words in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        words.SetFontSize(_KEY_FONT_SIZE)
        words.SetFontFamilyToArial()
    legend.SetSize(*_KEY_SIZE)
    legend.SetPosition(*_KEY_POSITION)


def _legend(display: Any) -> Any | None:
    if not hasattr(slicer, "vtkSlicerColorLogic"):
        return None
    logic = slicer.vtkSlicerColorLogic
    return logic.GetColorLegendDisplayNode(display) or logic.AddDefaultColorLegendDisplayNode(display)
