"""The curves of a training as MRML nodes: a table and a series for every network, and a chart of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vtk

from CTSMALib.scene.training_state import CURVES

HISTORY_FILE = "history.csv"
STEP = "step"
ATTRIBUTE = "CTSMA.training"  # of nodes: which network they show, or the chart
CHART = "chart"
LAYOUT = 4775  # far from the identifiers of Slicer and other extensions
TITLES = {
    "error": "Error of the values, on subjects of the split 'stop'",
    "icc": "ICC(2,1) with the MR, on subjects of the split 'stop'",
    "training_loss": "Loss in training",
}
# Told apart by color, also by those who see colors differently (Okabe and Ito 2008), and by marker.
_RGB = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
_SERIES, _TABLE = "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode"
_DESCRIPTION = (
    '<layout type="horizontal"><item><view class="vtkMRMLPlotViewNode" singletontag="PlotView1">'
    '<property name="viewlabel" action="default">P</property></view></item></layout>'
)


@dataclass(frozen=True)
class Curve:
    """The checks of a network.

    Attributes:
        name: of its folder, as ``"teacher"`` or ``"student-s0"``.
        rows: what was found at each check, by column of :data:`CURVES`, and after how many steps.
    """

    name: str
    rows: tuple[dict[str, float], ...]

    @property
    def best(self) -> dict[str, float]:
        """The check with the smallest error."""
        return min(self.rows, key=lambda row: row["error"])


def read_curves(training: Path) -> tuple[Curve, ...]:
    """The curves of all networks in the folder of a training; a table that cannot be read has none."""
    found = []
    for path in sorted(training.glob(f"*/{HISTORY_FILE}"), key=lambda path: _order(path.parent.name)):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = tuple({name: float(row[name]) for name in (STEP, *CURVES)} for row in csv.DictReader(file))
        except (OSError, KeyError, ValueError, TypeError, csv.Error):
            continue
        if rows:
            found.append(Curve(path.parent.name, rows))
    return tuple(found)


def networks(training: Path) -> frozenset[str] | None:
    """The networks in the folder of a training that have a table, whether it can be read now or not.

    Returns:
        Their names; ``None`` where there is no such folder, as on a share that is away: nothing is known then.
    """
    try:
        return frozenset(path.parent.name for path in training.glob(f"*/{HISTORY_FILE}")) if training.is_dir() else None
    except OSError:
        return None


def show_curves(scene: Any, curves: tuple[Curve, ...], what: str, known: frozenset[str] | None = frozenset()) -> Any:
    """Let nodes of the scene hold curves; those of networks that are no more are removed.

    Args:
        scene: ``vtkMRMLScene``.
        curves: what to show.
        what: of :data:`CURVES`.
        known: networks whose nodes stay although they have no curve now, as :func:`networks` tells; ``None`` keeps
            all: a scene may be the only place where its curves still are.

    Returns:
        ``vtkMRMLPlotChartNode``; ``None`` where there is nothing to show.
    """
    read = {curve.name: curve for curve in curves}
    there = set(_own(scene)) - {CHART}
    kept = there if known is None else there & known
    for name in there - kept - set(read):
        for node in _own(scene)[name]:
            scene.RemoveNode(node)
    names = sorted({*read, *kept}, key=_order)
    if not names:
        for node in _own(scene).get(CHART, ()):
            scene.RemoveNode(node)
        return None
    chart = _node(scene, "vtkMRMLPlotChartNode", CHART, "Curves of the training")
    drawn = [_series(scene, name, read.get(name), number, what) for number, name in enumerate(names)]
    _fill_chart(chart, [node for node in drawn if node is not None], what)
    return chart


def _fill_chart(chart: Any, series: list[Any], what: str) -> None:
    was_modifying = chart.StartModify()
    try:
        wanted = [node.GetID() for node in series]
        if [chart.GetNthPlotSeriesNodeID(k) for k in range(chart.GetNumberOfPlotSeriesNodes())] != wanted:
            chart.RemoveAllPlotSeriesNodeIDs()
            for node_id in wanted:
                chart.AddAndObservePlotSeriesNodeID(node_id)
        chart.SetTitle(TITLES[what])
        chart.SetXAxisTitle("Steps")
        chart.SetYAxisTitle({"error": "Error", "icc": "ICC(2,1)", "training_loss": "Loss"}[what])
        chart.SetLegendVisibility(True)
    finally:
        chart.EndModify(was_modifying)


def show_in_views(scene: Any, layout_node: Any) -> bool:
    """Arrange the views so that the chart is seen.

    Args:
        scene: ``vtkMRMLScene``.
        layout_node: ``vtkMRMLLayoutNode``; ``None`` without a main window.

    Returns:
        Whether there is a chart, and a view that shows it.
    """
    chart = next(iter(_own(scene).get(CHART, ())), None)
    if chart is None or layout_node is None:
        return False
    register_layout(layout_node)
    layout_node.SetViewArrangement(LAYOUT)
    count = scene.GetNumberOfNodesByClass("vtkMRMLPlotViewNode")
    for index in range(count):
        scene.GetNthNodeByClass(index, "vtkMRMLPlotViewNode").SetPlotChartNodeID(chart.GetID())
    return bool(count)


def register_layout(layout_node: Any) -> None:
    """Make the arrangement known; doing it again changes nothing."""
    if not layout_node.IsLayoutDescription(LAYOUT):
        layout_node.AddLayoutDescription(LAYOUT, _DESCRIPTION)


def _order(name: str) -> tuple[bool, str]:
    """The teacher comes first."""
    return name != "teacher", name


def _own(scene: Any) -> dict[str, list[Any]]:
    """The nodes of curves by what they show."""
    found: dict[str, list[Any]] = {}
    for kind in ("vtkMRMLPlotChartNode", _SERIES, _TABLE):
        for index in range(scene.GetNumberOfNodesByClass(kind)):
            node = scene.GetNthNodeByClass(index, kind)
            name = node.GetAttribute(ATTRIBUTE)
            if name:
                found.setdefault(name, []).append(node)
    return found


def _node(scene: Any, kind: str, name: str, title: str) -> Any:
    """The node of a kind that shows something, made where there is none."""
    for node in _own(scene).get(name, ()):
        if node.IsA(kind):
            return node
    node = scene.AddNewNodeByClass(kind, title)
    node.SetAttribute(ATTRIBUTE, name)
    return node


def _series(scene: Any, name: str, curve: Curve | None, number: int, what: str) -> Any:
    """The series of a network; without a curve, what there is of it: its table keeps what was read before, or saved."""
    if curve is None and {node.GetClassName() for node in _own(scene)[name]} != {_SERIES, _TABLE}:
        return None
    table = _node(scene, _TABLE, name, f"Checks of {name}")
    if curve is not None and (table.GetNumberOfRows() != len(curve.rows) or _last(table) != curve.rows[-1][CURVES[0]]):
        _fill(table, curve)
    node = _node(scene, _SERIES, name, name)
    was_modifying = node.StartModify()
    try:
        node.SetAndObserveTableNodeID(table.GetID())
        node.SetXColumnName(STEP)
        node.SetYColumnName(what)
        node.SetPlotType(node.PlotTypeScatter)
        node.SetLineStyle(node.LineStyleSolid)
        markers = (
            node.MarkerStyleCircle, node.MarkerStyleSquare, node.MarkerStyleDiamond, node.MarkerStyleCross,
            node.MarkerStylePlus,
        )  # fmt: skip
        node.SetMarkerStyle(markers[number % len(markers)])
        node.SetColor(*(channel / 255 for channel in _RGB[number % len(_RGB)]))
    finally:
        node.EndModify(was_modifying)
    return node


def _last(table: Any) -> float:
    column = table.GetTable().GetColumnByName(CURVES[0])
    return float(column.GetValue(column.GetNumberOfValues() - 1)) if column is not None else float("nan")


def _fill(table: Any, curve: Curve) -> None:
    data = vtk.vtkTable()
    for name in (STEP, *CURVES):
        column = vtk.vtkDoubleArray()
        column.SetName(name)
        for row in curve.rows:
            column.InsertNextValue(row[name])
        data.AddColumn(column)
    table.SetAndObserveTable(data)
