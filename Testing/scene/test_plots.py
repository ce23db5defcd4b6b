"""Plots of a result: their numbers, and the nodes that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.scene.exclusions import exclude, excluded
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.plot_nodes import CHART, current_plot, label_of_point, select_in_plot, show_in_views, show_plot
from CTSMALib.scene.plots import BLAND_ALTMAN, DEPTH, DISTRIBUTION, MEDIAL_LATERAL, PLOTS, SCATTER, Plot, plot_of
from CTSMALib.scene.result_nodes import ResultNodes, results_in

KEY = "ct_bvf"


def points(plot: Plot) -> dict[int, tuple[float, float]]:
    """Label of a patch to its place, of all points that are patches."""
    found = {}
    for one in plot.series:
        for row, label in enumerate(one.labels):
            found[int(label)] = (float(one.x[row]), float(one.y[row]))
    return found


def column(node: Any, name: str) -> list[Any]:
    array = node.GetTableNode().GetTable().GetColumnByName(name)
    return [array.GetValue(row) for row in range(array.GetNumberOfValues())]


def test_the_distribution_has_every_measured_patch_over_its_compartment(a_result: ResultNodes) -> None:
    patches = a_result.patches
    plot = plot_of(patches, KEY, DISTRIBUTION)
    found = points(plot)
    assert sorted(found) == (np.flatnonzero(np.isfinite(patches.values_of(KEY))) + 1).tolist()
    for label, (x, y) in found.items():
        assert ["FM", "FL", "TM", "TL"][round(x) - 1] == patches.compartments[label - 1]
        assert y == patches.values_of(KEY)[label - 1]
    assert len({place for place in found.values()}) == len(found)
    assert "TM" in plot.note and "±" in plot.note


def test_what_plots_say_is_what_the_table_of_compartments_has(a_result: ResultNodes) -> None:
    patches, plate = a_result.patches, "ct_plate_thickness_mm"
    noise = np.random.default_rng(2).normal(0.0, 1.0, (4, 5))
    thickness = np.where(patches.compartments == "TM", noise[patches.cells[:, 0], patches.cells[:, 1]], np.nan)
    note = plot_of(replace(patches, values={plate: thickness}), plate, DISTRIBUTION).note
    once = noise[1:4, 1:5]  # both patches of a place have the same plate
    assert note == f"TM {once.mean():.2f} ± {once.std(ddof=1):.2f} mm"
    single = np.where(np.arange(len(patches)) == np.flatnonzero(patches.compartments == "TM")[0], 0.25, np.nan)
    assert plot_of(replace(patches, values={KEY: single}), KEY, DISTRIBUTION).note == "TM 0.250"


def test_depth_pairs_the_patches_of_a_place(a_result: ResultNodes) -> None:
    patches = a_result.patches
    plot = plot_of(patches, KEY, DEPTH)
    shown = [one for one in plot.series if len(one.also)]
    assert sum(len(one.x) for one in shown) > 40
    for one in shown:
        for label, also, x, y in zip(one.labels, one.also, one.x, one.y, strict=True):
            assert patches.ids[label - 1].replace("-d1", "-d2") == patches.ids[also - 1]
            assert (x, y) == (patches.values_of(KEY)[label - 1], patches.values_of(KEY)[also - 1])
            assert plot.place_of(int(also)) == (x, y)


def test_sides_pair_medial_and_lateral(a_result: ResultNodes) -> None:
    patches = a_result.patches
    for one in (s for s in plot_of(patches, KEY, MEDIAL_LATERAL).series if len(s.also)):
        for label, also in zip(one.labels, one.also, strict=True):
            medial, lateral = patches.ids[label - 1], patches.ids[also - 1]
            assert (medial[0], medial[1], medial[2:]) == (lateral[0], "M", lateral[2:]) and lateral[1] == "L"


def test_two_scans_are_compared_patch_by_patch(a_result: ResultNodes) -> None:
    patches = a_result.patches
    other = replace(patches, values={KEY: patches.values_of(KEY) + 0.05})
    scatter = points(plot_of(patches, KEY, SCATTER, other=other))
    assert all(x == pytest.approx(y + 0.05) for x, y in scatter.values()) and len(scatter) > 90
    plot = plot_of(patches, KEY, BLAND_ALTMAN, other=other)
    assert all(y == pytest.approx(-0.05) for _, y in points(plot).values())
    bias = next(one for one in plot.series if one.name == "Mean difference")
    assert bias.y[0] == pytest.approx(-0.05) and "limits of agreement" in plot.note
    reordered = other.chosen(np.arange(len(other)) % 2 == 0)  # patches are known by their ids, not by their rows
    assert all(
        y == pytest.approx(-0.05) for _, y in points(plot_of(patches, KEY, BLAND_ALTMAN, other=reordered)).values()
    )


@pytest.mark.parametrize("kind", PLOTS)
def test_a_plot_without_values_is_empty(a_result: ResultNodes, kind: str) -> None:
    nothing = a_result.patches.without(np.ones(96, bool))
    plot = plot_of(nothing, KEY, kind, other=nothing)
    assert points(plot) == {}
    show_plot(a_result, plot)


@pytest.mark.parametrize("kind", [DISTRIBUTION, DEPTH, MEDIAL_LATERAL])
def test_nodes_hold_the_points(a_result: ResultNodes, kind: str) -> None:
    plot = current_plot(a_result, KEY, kind)
    show_plot(a_result, plot, 30)
    chart = a_result.get(CHART)
    nodes = [chart.GetNthPlotSeriesNode(k) for k in range(chart.GetNumberOfPlotSeriesNodes())]
    filled = [one for one in plot.series if len(one.x)]
    assert [node.GetName() for node in nodes] == [*(one.name for one in filled), "Selected"]
    for node, one in zip(nodes, filled, strict=False):
        assert column(node, "y") == one.y.tolist()
    ids = a_result.patches.ids
    assert column(nodes[0], "patch") == [ids[label - 1] for label in filled[0].labels]
    assert chart.GetTitle() == plot.title


def test_a_clicked_point_is_its_patch_in_the_shown_layer(a_result: ResultNodes) -> None:
    show_plot(a_result, current_plot(a_result, KEY, DEPTH))
    node = a_result.get(CHART).GetNthPlotSeriesNode(0)
    first = label_of_point(a_result, node.GetID(), 2, 1)
    second = label_of_point(a_result, node.GetID(), 2, 2)
    assert a_result.patches.ids[first - 1].replace("-d1", "-d2") == a_result.patches.ids[second - 1]
    assert label_of_point(a_result, node.GetID(), 999, 1) == 0
    assert label_of_point(a_result, "vtkMRMLNothing", 0, 1) == 0
    equal = a_result.get(CHART).GetNthPlotSeriesNode(4)
    assert equal.GetName() == "Equal" and label_of_point(a_result, equal.GetID(), 0, 1) == 0


def test_the_selected_patch_is_marked(a_result: ResultNodes) -> None:
    plot = current_plot(a_result, KEY, DISTRIBUTION)
    show_plot(a_result, plot)
    select_in_plot(a_result, plot, 40)
    chart = a_result.get(CHART)
    last = chart.GetNthPlotSeriesNode(chart.GetNumberOfPlotSeriesNodes() - 1)
    assert last.GetName() == "Selected" and column(last, "label") == [40, 40]
    select_in_plot(a_result, plot, 0)
    assert "Selected" not in [
        chart.GetNthPlotSeriesNode(k).GetName() for k in range(chart.GetNumberOfPlotSeriesNodes())
    ]


def test_excluded_patches_are_shown_as_that(a_result: ResultNodes) -> None:
    exclude(a_result, 50, "cyst", "A")
    assert len(excluded(a_result)) == 1
    plot = current_plot(a_result, KEY, DISTRIBUTION)
    gone = next(one for one in plot.series if one.name == "Excluded")
    assert gone.labels.tolist() == [50]
    assert 50 not in points(Plot("", "", "", tuple(one for one in plot.series if one.name != "Excluded")))


def test_plot_views_show_it_and_it_is_saved(
    a_result: ResultNodes, tmp_path: Path, analyzed: Callable[[str], tuple[Path, sitk.Image]]
) -> None:
    view = a_result.scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    show_plot(a_result, current_plot(a_result, KEY, MEDIAL_LATERAL), 5)
    show_in_views(a_result)
    assert view.GetPlotChartNode() is a_result.get(CHART)
    before = a_result.get(CHART).GetNthPlotSeriesNode(0)
    path = tmp_path / "scene.mrb"
    assert a_result.scene.WriteToMRB(str(path))
    scene = new_scene(tmp_path)
    assert scene.ReadFromMRB(str(path))
    (again,) = results_in(scene)
    node = again.get(CHART).GetNthPlotSeriesNode(0)
    assert node.GetName() == before.GetName()
    assert label_of_point(again, node.GetID(), 1, 1) == label_of_point(a_result, before.GetID(), 1, 1) > 0


def test_nodes_that_were_deleted_are_made_again(a_result: ResultNodes) -> None:
    show_plot(a_result, current_plot(a_result, KEY, MEDIAL_LATERAL), 5)
    chart = a_result.get(CHART)
    a_result.scene.RemoveNode(chart.GetNthPlotSeriesNode(0).GetTableNode())
    a_result.scene.RemoveNode(chart.GetNthPlotSeriesNode(1))
    show_plot(a_result, current_plot(a_result, KEY, MEDIAL_LATERAL), 5)
    a_result.scene.RemoveNode(a_result.get(CHART))
    select_in_plot(a_result, current_plot(a_result, KEY, MEDIAL_LATERAL), 5)
    show_plot(a_result, current_plot(a_result, KEY, MEDIAL_LATERAL), 5)
    assert a_result.get(CHART).GetNumberOfPlotSeriesNodes() >= 4
