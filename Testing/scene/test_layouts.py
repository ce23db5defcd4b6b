"""Arrangements of views."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from CTSMALib.scene.layouts import READING, register_layout, show_layout, show_table
from CTSMALib.scene.result_nodes import ResultNodes


@pytest.fixture()
def a_layout_node(a_scene: Any) -> Any:
    return a_scene.AddNewNodeByClass("vtkMRMLLayoutNode")


def views_in(node: Any, number: int) -> list[str]:
    tree = ElementTree.fromstring(node.GetLayoutDescription(number))
    return [f"{view.get('class')} {view.get('singletontag')}" for view in tree.iter("view")]


def test_reading_has_three_slices_bones_and_a_table(a_layout_node: Any) -> None:
    register_layout(a_layout_node)
    register_layout(a_layout_node)
    assert sorted(views_in(a_layout_node, READING)) == [
        "vtkMRMLPlotViewNode PlotView1", "vtkMRMLSliceNode Green", "vtkMRMLSliceNode Red", "vtkMRMLSliceNode Yellow",
        "vtkMRMLTableViewNode TableView1", "vtkMRMLViewNode 1",
    ]  # fmt: skip


def test_a_layout_is_shown(a_layout_node: Any) -> None:
    register_layout(a_layout_node)
    show_layout(a_layout_node)
    assert a_layout_node.GetViewArrangement() == READING
    assert a_layout_node.GetCurrentLayoutDescription() == a_layout_node.GetLayoutDescription(READING)


def test_table_views_show_the_patches(a_result: ResultNodes) -> None:
    view = a_result.scene.AddNewNodeByClass("vtkMRMLTableViewNode")
    show_table(a_result)
    assert view.GetTableNode() is a_result.get("patch_table")
