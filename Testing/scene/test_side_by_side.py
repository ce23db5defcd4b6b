"""Two results in one scene: the models of each stay in the views that are its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.layouts import MOVING_VIEWS, OTHER_VIEWS
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.side_by_side import end_beside, keep_apart, show_beside, show_everywhere


@pytest.fixture()
def another(a_result: ResultNodes, analyzed: Callable[[str], tuple[Path, sitk.Image]]) -> ResultNodes:
    """Shown beside the first, in a view that is kept for it."""
    add_slices(a_result.scene, f"{OTHER_VIEWS}Red")
    other = add_result(a_result.scene, analyzed("plain")[0])
    show_beside(a_result, other, "ct_bvf", "patches", 0.5, 1)
    return other


def add_slices(scene: Any, name: str) -> Any:
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
    view.SetLayoutName(name)
    scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", name).SetLayoutName(name)
    return view


def views_of(result: ResultNodes) -> set[str]:
    display = result.get("surface_tibia").GetDisplayNode()
    return {display.GetScene().GetNodeByID(view).GetLayoutName() for view in display.GetViewNodeIDs() or ()}


def test_each_is_shown_in_its_own_views(a_result: ResultNodes, another: ResultNodes) -> None:
    assert views_of(a_result) == {"Red", "Yellow", "Green", "1"}
    assert views_of(another) == {f"{OTHER_VIEWS}Red"}


def test_views_that_come_later_are_somebodys_too(a_result: ResultNodes, another: ResultNodes) -> None:
    for name in ("Slice4", f"{OTHER_VIEWS}Green", f"{MOVING_VIEWS}Red"):
        add_slices(a_result.scene, name)
    assert "Slice4" not in views_of(a_result)
    keep_apart(a_result, another)
    assert views_of(a_result) == {"Red", "Yellow", "Green", "1", "Slice4"}
    assert views_of(another) == {f"{OTHER_VIEWS}Red", f"{OTHER_VIEWS}Green"}


def test_alone_again_a_result_is_shown_everywhere(a_result: ResultNodes, another: ResultNodes) -> None:
    end_beside(a_result, another)
    assert views_of(a_result) == views_of(another) == set()
    keep_apart(a_result, another)
    show_everywhere(another)
    assert views_of(another) == set() and views_of(a_result)
