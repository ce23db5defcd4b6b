"""Tables of a result: the patches with their positions, and the means of the compartments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import vtk

from CTSMALib.analysis.result import CompartmentFinding, Exclusion, Summary
from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.scene.aspects import flag_text
from CTSMALib.scene.patch_table import LABEL_COLUMN, PatchTable
from CTSMALib.scene.result_nodes import LAYER_DEPTHS_MM

POSITION_COLUMNS = ("R (mm)", "A (mm)", "S (mm)")


def add_patch_table(scene: Any, name: str, patches: PatchTable) -> Any:
    """A table with one row a patch, its label and its center in RAS.

    Returns:
        ``vtkMRMLTableNode``.
    """
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    fill_patch_table(node, patches, {})
    return node


def fill_patch_table(node: Any, patches: PatchTable, excluded: Mapping[str, Exclusion]) -> None:
    """Fill the table of patches.

    Args:
        node: ``vtkMRMLTableNode``; what it held goes.
        patches: as they count.
        excluded: patch id to its exclusion; the last column says why.
    """
    depths = ", ".join(f"{layer}: {depth:g} mm under the plate" for layer, depth in LAYER_DEPTHS_MM.items())
    columns: list[tuple[str, Sequence[Any], str]] = [
        (LABEL_COLUMN, range(1, len(patches) + 1), "value in the label map"),
        ("patch", patches.ids, "compartment, row, column and depth layer"),
        ("compartment", patches.compartments.tolist(), "FM, FL, TM, TL: femur or tibia, medial or lateral"),
        (
            "layer",
            patches.layers.tolist(),
            depths,
        ),
        *((axis, patches.centers_ras_mm[:, k].tolist(), "center") for k, axis in enumerate(POSITION_COLUMNS)),
        ("valid", patches.valid_fractions.tolist(), "share of the box that was measured"),
        *(
            (head(quantity(key)), values.tolist(), quantity(key).definition)
            for key, values in patches.values.items()
            if np.isfinite(values).any()
        ),
        *(
            (f"{head(quantity(key))} width", patches.widths_of(key).tolist(), "width of the 95 % interval")
            for key in patches.uncertainties
        ),
    ]
    if patches.flagged.any():
        columns.append(("flags", [flag_text(names) for names in patches.flags], "what speaks against the patch"))
    if excluded:
        reasons = [excluded[name].reason if name in excluded else "" for name in patches.ids]
        columns.append(("excluded", reasons, "why a reader has excluded the patch"))
    _fill(node, columns)


def add_summary_table(scene: Any, name: str, compartments: Sequence[CompartmentFinding]) -> Any:
    """A table with one row a compartment and quantity.

    Returns:
        ``vtkMRMLTableNode``.
    """
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    fill_summary_table(node, compartments)
    return node


def fill_summary_table(node: Any, compartments: Sequence[CompartmentFinding]) -> None:
    """Fill the table of compartments; what it held goes.

    Args:
        node: ``vtkMRMLTableNode``.
        compartments: as they count.
    """
    rows: list[tuple[Any, ...]] = [
        (found.title, quantity(key).title, quantity(key).unit, summary.mean, _sd(summary), summary.n)
        for found in compartments
        for key, summary in found.values.items()
    ]
    rows += [(found.title, found.reason, "", np.nan, np.nan, 0) for found in compartments if not found.values]
    names = ("compartment", "quantity", "unit", "mean", "SD", "n")
    about = {"SD": "of a single value there is none", "n": "patches; for the thickness of the plate, places"}
    _fill(node, [(name, [row[k] for row in rows], about.get(name, "")) for k, name in enumerate(names)])


def _sd(summary: Summary) -> float:
    """The standard deviation; not a number for a single value, of which 0 is stored."""
    return summary.sd if summary.n > 1 else float("nan")


def head(entry: Quantity) -> str:
    """The column head of a quantity, with its unit."""
    return entry.symbol if entry.unit == "1" else f"{entry.symbol} ({entry.unit})"


def _fill(node: Any, columns: Sequence[tuple[str, Sequence[Any], str]]) -> None:
    was_modifying = node.StartModify()
    try:
        node.RemoveAllColumns()
        for name, values, about in columns:
            array = _array(values)
            array.SetName(name)
            node.AddColumn(array)
            if about:
                node.SetColumnDescription(name, about)
    finally:
        node.EndModify(was_modifying)
    node.SetLocked(True)


def _array(values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values}
    array: Any = vtk.vtkIntArray() if kinds == {int} else vtk.vtkDoubleArray() if str not in kinds else None
    if array is None:
        array = vtk.vtkStringArray()
    for value in values:
        array.InsertNextValue(value)
    return array
