"""Plots of a result as MRML nodes: a chart, and a table for every series of points."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk

from CTSMALib.scene.exclusions import counted
from CTSMALib.scene.model_nodes import SELECTED_RGB
from CTSMALib.scene.plots import NO_PATCH, OF_PAIRS, Plot, PlotSeries, plot_of
from CTSMALib.scene.result_nodes import PART_ATTRIBUTE, ResultNodes

CHART = "plot_chart"
SELECTED = "Selected"  # name of the series that shows the selected patch
SELECTED_SIZE = 16.0
_X, _Y, _PATCH, _LABEL, _ALSO = "x", "y", "patch", "label", "second label"
_SELECTED_ROLE = "plot_series_selected"


def series_role(number: int) -> str:
    """The role of a series of points, counted from 0."""
    return f"plot_series_{number}"


def current_plot(result: ResultNodes, key: str, kind: str, other: ResultNodes | None = None) -> Plot:
    """The plot of a result that a panel has chosen; one of pairs without the other result is a distribution."""
    theirs = counted(other) if other is not None and kind in OF_PAIRS else None
    names = tuple("MR" if "mr" in each.facts["files"] else "CT" for each in (result, other or result))
    return plot_of(counted(result), key, kind, result.patches, theirs, (names[0], names[1]))


def show_plot(result: ResultNodes, plot: Plot, selected: int = NO_PATCH) -> None:
    """Let the nodes of a result hold a plot.

    Args:
        result: the nodes.
        plot: what to show.
        selected: label of the selected patch.
    """
    chart = result.get(CHART) or _new(result, "vtkMRMLPlotChartNode", CHART, "plot")
    was_modifying = chart.StartModify()
    try:
        chart.RemoveAllPlotSeriesNodeIDs()
        shown = [one for one in plot.series if len(one.x)]
        for number, one in enumerate(shown):
            node = _series_node(result, series_role(number))
            _fill(node, one, result.patches.ids)
            chart.AddAndObservePlotSeriesNodeID(node.GetID())
        chart.SetTitle(plot.title)
        chart.SetXAxisTitle(plot.x_title)
        chart.SetYAxisTitle(plot.y_title)
        chart.SetXAxisRangeAuto(plot.x_range is None)
        if plot.x_range is not None:
            chart.SetXAxisRange(*plot.x_range)
        chart.SetLegendVisibility(True)
        select_in_plot(result, plot, selected)
    finally:
        chart.EndModify(was_modifying)


def select_in_plot(result: ResultNodes, plot: Plot, label: int) -> None:
    """Mark the selected patch in the plot that :func:`show_plot` has shown; a patch that it lacks is not marked."""
    chart = result.get(CHART)
    if chart is None:
        return
    node = _series_node(result, _SELECTED_ROLE)
    place = plot.place_of(label)
    if place is None:
        if chart.HasPlotSeriesNodeID(node.GetID()):
            chart.RemovePlotSeriesNodeID(node.GetID())
        return
    x, y = (np.array([coordinate]) for coordinate in place)
    point = PlotSeries(SELECTED, x, y, SELECTED_RGB, np.array([label]), marker="circle", size=SELECTED_SIZE)
    _fill(node, point, result.patches.ids)
    if not chart.HasPlotSeriesNodeID(node.GetID()):
        chart.AddAndObservePlotSeriesNodeID(node.GetID())


def label_of_point(result: ResultNodes, series_id: str, row: int, layer: int) -> int:
    """The patch of a point that was clicked in a plot.

    Args:
        result: the nodes.
        series_id: ID of the series node.
        row: of its table.
        layer: the shown depth layer; a point that stands for two patches means the one in it.

    Returns:
        Its label; :data:`NO_PATCH` where the point is of another plot, or no patch.
    """
    node = result.scene.GetNodeByID(series_id)
    own = [result.get(role) for role in result.roles() if role.startswith("plot_series_")]
    table = node.GetTableNode().GetTable() if node is not None and node in own else None
    if table is None or not 0 <= row < table.GetNumberOfRows():
        return NO_PATCH
    labels = [int(table.GetColumnByName(name).GetValue(row)) for name in (_LABEL, _ALSO)]
    possible = [label for label in labels if 1 <= label <= len(result.patches)]
    in_layer = [label for label in possible if int(result.patches.layers[label - 1]) == layer]
    return (in_layer or possible or [NO_PATCH])[0]


def show_in_views(result: ResultNodes, instead_of_another_only: bool = False) -> None:
    """Let the plot views show the plot of a result; see :func:`CTSMALib.scene.layouts.show_table`."""
    chart = result.get(CHART)
    if chart is None:
        return
    for index in range(result.scene.GetNumberOfNodesByClass("vtkMRMLPlotViewNode")):
        view = result.scene.GetNthNodeByClass(index, "vtkMRMLPlotViewNode")
        shown = view.GetPlotChartNode()
        of_a_result = shown is not None and shown.GetAttribute(PART_ATTRIBUTE) == CHART
        if of_a_result or not instead_of_another_only:
            view.SetPlotChartNodeID(chart.GetID())
            view.SetInteractionMode(view.InteractionModeSelectPoints)


def _new(result: ResultNodes, kind: str, role: str, title: str) -> Any:
    node = result.scene.AddNewNodeByClass(kind, f"{result.title}, {title}")
    node.SetAttribute(PART_ATTRIBUTE, role)
    result.set(role, node)
    return node


def _series_node(result: ResultNodes, role: str) -> Any:
    node = result.get(role)
    if node is None:
        node = _new(result, "vtkMRMLPlotSeriesNode", role, "points")
        node.SetHideFromEditors(True)
        table = _new(result, "vtkMRMLTableNode", f"{role}_table", "points")
        table.SetHideFromEditors(True)
        node.SetAndObserveTableNodeID(table.GetID())
        node.SetPlotType(node.PlotTypeScatter)
        node.SetXColumnName(_X)
        node.SetYColumnName(_Y)
        node.SetLabelColumnName(_PATCH)
    elif node.GetTableNode() is None:  # deleted by a user
        table = _new(result, "vtkMRMLTableNode", f"{role}_table", "points")
        node.SetAndObserveTableNodeID(table.GetID())
    return node


def _fill(node: Any, series: PlotSeries, ids: tuple[str, ...]) -> None:
    labels = series.labels if len(series.labels) else np.zeros(len(series.x), np.int64)
    also = series.also if len(series.also) else np.zeros(len(series.x), np.int64)
    names = [ids[label - 1] if label != NO_PATCH else series.name for label in labels]
    table, data = node.GetTableNode(), vtk.vtkTable()
    times = 2 if len(names) == 1 else 1  # VTK complains of a line through a single point, even if it is not drawn
    columns: dict[str, Any] = {_X: series.x, _Y: series.y, _PATCH: names, _LABEL: labels, _ALSO: also}
    for name, values in columns.items():
        data.AddColumn(_column(name, [*values] * times))
    table.SetAndObserveTable(data)
    was_modifying = node.StartModify()
    try:
        node.SetName(series.name)
        node.SetColor(*(channel / 255 for channel in series.rgb))
        markers = {
            "circle": node.MarkerStyleCircle, "square": node.MarkerStyleSquare, "diamond": node.MarkerStyleDiamond,
            "cross": node.MarkerStyleCross, "plus": node.MarkerStylePlus,
        }  # fmt: skip
        node.SetMarkerStyle(markers.get(series.marker, node.MarkerStyleNone))
        node.SetMarkerSize(series.size)
        node.SetLineStyle(node.LineStyleNone if series.marker else node.LineStyleDash)
    finally:
        node.EndModify(was_modifying)


def _column(name: str, values: Any) -> Any:
    kinds = {"patch": vtk.vtkStringArray, "label": vtk.vtkIntArray, "second label": vtk.vtkIntArray}
    array = kinds.get(name, vtk.vtkDoubleArray)()
    array.SetName(name)
    for value in values:
        array.InsertNextValue(value if isinstance(value, str) else value.item() if hasattr(value, "item") else value)
    return array
