"""Plot views: drawn from MRML, and telling of selected points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer


@pytest.fixture()
def a_plot(scene: Any) -> Any:
    """A plot view whose chart has one series of three points."""
    table = scene.AddNewNodeByClass("vtkMRMLTableNode")
    slicer.util.updateTableFromArray(table, np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0]]), ["x", "y"])
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("x")
    series.SetYColumnName("y")
    series.SetColor(1.0, 0.0, 0.0)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    manager = slicer.app.layoutManager()
    view = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    view.SetPlotChartNodeID(chart.GetID())
    widgets = [manager.plotWidget(index) for index in range(manager.property("plotViewCount"))]
    # views of layouts that were shown earlier stay, and a view of the same layout is taken again
    return next(widget for widget in widgets if widget.mrmlPlotViewNode().GetPlotChartNodeID() == chart.GetID())


def test_the_chart_is_drawn_in_its_colors(bench: Any, a_plot: Any) -> None:
    picture = bench.view_picture(a_plot, (300, 240)).astype(int)
    assert picture.shape == (240, 300, 3)
    red = (picture[..., 0] - picture[..., 1:].max(axis=2)) > 100
    assert 20 < red.sum() < 20000
    a_plot.mrmlPlotViewNode().SetPlotChartNodeID(None)
    empty = bench.view_picture(a_plot).astype(int)
    assert not ((empty[..., 0] - empty[..., 1:].max(axis=2)) > 100).any()


def test_it_tells_which_points_were_selected(bench: Any, a_plot: Any) -> None:
    told: list[tuple[str, list[int]]] = []

    def selected(names: Any, rows: Any) -> None:
        indices = rows.GetItemAsObject(0)
        told.append((names.GetValue(0), [indices.GetValue(k) for k in range(indices.GetNumberOfValues())]))

    a_plot.plotView().dataSelected.connect(selected)
    bench.select_points(a_plot, "vtkMRMLPlotSeriesNode1", [2, 0])
    assert told == [("vtkMRMLPlotSeriesNode1", [2, 0])]


def test_the_node_of_a_plot_view_is_asked_of_its_widget(a_plot: Any) -> None:
    assert a_plot.mrmlPlotViewNode().IsA("vtkMRMLPlotViewNode")
    with pytest.raises(Exception, match="mrmlPlotViewNode"):
        a_plot.plotView().mrmlPlotViewNode()
