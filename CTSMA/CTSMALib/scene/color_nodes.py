"""Color tables of a result. Each is a node of its own that is saved with the scene, so that it opens anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.catalogue import Quantity
from CTSMALib.palette import BONE_RGB as BONE_RGB
from CTSMALib.palette import color_map, map_name

COMPARTMENT_RGB = {"FM": (230, 159, 0), "FL": (86, 180, 233), "TM": (213, 94, 0), "TL": (0, 114, 178)}  # Okabe and Ito
OTHER_RGB = (220, 220, 220)
EXCLUDED_RGB = (96, 96, 96)  # of patches that a reader has excluded
CONTINUOUS_COLORS = 256


def new_table(scene: Any, name: str, rows: Sequence[tuple[str, Sequence[int]]]) -> Any:
    """A color table for a label map.

    Args:
        scene: where it goes.
        name: of the node.
        rows: name and RGB of the labels 1, 2, ...; label 0 is made transparent.

    Returns:
        ``vtkMRMLColorTableNode``.
    """
    table = _empty(scene, name, len(rows) + 1)
    table.SetColor(0, "background", 0.0, 0.0, 0.0, 0.0)
    for index, (label, color) in enumerate(rows, start=1):
        table.SetColor(index, label, *(channel / 255 for channel in color), 1.0)
    return scene.AddNode(table)


def recolor(table: Any, colors: NDArray[np.uint8]) -> None:
    """Give the labels 1, 2, ... of a table new colors (n, 3); observers are told once."""
    was_modifying = table.StartModify()
    try:
        for index, color in enumerate(colors / 255.0, start=1):
            table.SetColor(index, *color.tolist(), 1.0)
    finally:
        table.EndModify(was_modifying)


def continuous_table(scene: Any, name: str) -> Any:
    """A color table for continuous values, to be filled by :func:`fill_continuous`."""
    return scene.AddNode(_empty(scene, name, CONTINUOUS_COLORS))


def fill_continuous(table: Any, quantity: Quantity) -> None:
    """Give a continuous table the colors of a quantity, lowest value first."""
    recolored = color_map(map_name(quantity), CONTINUOUS_COLORS) / 255.0
    was_modifying = table.StartModify()
    try:
        for index, color in enumerate(recolored):
            table.SetColor(index, str(index), *color.tolist(), 1.0)
    finally:
        table.EndModify(was_modifying)


def _empty(scene: Any, name: str, count: int) -> Any:
    table = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    table.UnRegister(None)
    table.SetTypeToUser()
    table.SetName(name)
    table.SetAttribute("Category", "CTSMA")
    table.SetNumberOfColors(count)
    return table
