"""Plot views: the chart of a plot view node, drawn offscreen by the classes of VTK that Slicer's own view stands on."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from Testing.panels.bench.classes import gives, imitates
from Testing.panels.bench.views import DEFAULT_SIZE


@imitates("ctkVTKChartView")
class ChartView:
    """A chart; its title is that of the chart."""


@imitates("qMRMLPlotView")
class PlotView:
    """Draws the series of the chart that its node names, and tells of points that are selected."""

    def _created(self: Any) -> None:
        self._size = DEFAULT_SIZE

    def _resize(self: Any, width: int, height: int) -> None:
        self._size = (width, height)

    def _select(self: Any, series_id: str, rows: list[int]) -> None:
        """What happens when a user clicks points of a series."""
        names, selections, indices = vtk.vtkStringArray(), vtk.vtkCollection(), vtk.vtkIdTypeArray()
        names.InsertNextValue(series_id)
        for row in rows:
            indices.InsertNextValue(row)
        selections.AddItem(indices)
        self.dataSelected.emit(names, selections)

    def _picture(self: Any) -> np.ndarray:
        view = vtk.vtkContextView()
        window = view.GetRenderWindow()
        window.SetOffScreenRendering(1)
        window.SetMultiSamples(0)
        window.SetSize(*self._size)
        view.GetRenderer().SetBackground(1.0, 1.0, 1.0)
        chart = _chart(self._node.GetPlotChartNode())
        view.GetScene().AddItem(chart)
        window.Render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(window)
        grabber.ReadFrontBufferOff()
        grabber.Update()
        image = grabber.GetOutput()
        width, height, _ = image.GetDimensions()
        rows = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
        picture = np.flipud(rows[..., :3]).copy()
        window.Finalize()
        return picture


@imitates("qMRMLPlotWidget")
class PlotWidget:
    """A plot view and its bar."""

    plotView = viewWidget = gives("_view")
    plotController = controllerWidget = gives("_bar")

    def mrmlPlotViewNode(self: Any) -> Any:
        return self._view._node

    mrmlAbstractViewNode = mrmlPlotViewNode


def _chart(node: Any) -> Any:
    chart = vtk.vtkChartXY()
    if node is None:
        return chart
    chart.SetTitle(node.GetTitle() or "")
    chart.SetShowLegend(bool(node.GetLegendVisibility()))
    for axis, title, automatic, limits in (
        (vtk.vtkAxis.BOTTOM, node.GetXAxisTitle(), node.GetXAxisRangeAuto(), node.GetXAxisRange()),
        (vtk.vtkAxis.LEFT, node.GetYAxisTitle(), node.GetYAxisRangeAuto(), node.GetYAxisRange()),
    ):
        chart.GetAxis(axis).SetTitle(title or "")
        if not automatic:
            chart.GetAxis(axis).SetBehavior(vtk.vtkAxis.FIXED)
            chart.GetAxis(axis).SetRange(*limits)
    for index in range(node.GetNumberOfPlotSeriesNodes()):
        _add_series(chart, node.GetNthPlotSeriesNode(index))
    return chart


def _add_series(chart: Any, series: Any) -> None:
    table = series.GetTableNode().GetTable()
    if table.GetNumberOfRows() == 0:
        return
    line = chart.AddPlot(vtk.vtkChart.LINE)
    line.SetInputData(table, series.GetXColumnName(), series.GetYColumnName())
    line.SetLabel(series.GetName())
    line.SetColorF(*series.GetColor())
    line.GetPen().SetLineType(series.GetLineStyle())
    line.SetWidth(series.GetLineWidth())
    line.SetMarkerStyle(series.GetMarkerStyle())
    line.SetMarkerSize(series.GetMarkerSize())
