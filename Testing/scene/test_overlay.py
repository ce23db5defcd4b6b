"""What lies over the CT, and what models are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk

from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.overlay import hide, show_models, show_overlay, slice_composites
from CTSMALib.scene.result_nodes import ResultNodes


def layers(result: ResultNodes) -> set[tuple[str | None, str | None, str | None]]:
    return {
        (c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), c.GetLabelVolumeID())
        for c in slice_composites(result.scene)
    }


def visible(result: ResultNodes, role: str) -> bool:
    return bool(result.get(role).GetDisplayNode().GetVisibility())


def test_patches_are_the_label_layer(a_result: ResultNodes) -> None:
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    assert layers(a_result) == {(a_result.get("ct").GetID(), None, a_result.get("patch_labels").GetID())}
    assert {c.GetLabelOpacity() for c in slice_composites(a_result.scene)} == {0.4}


def test_a_map_is_the_foreground(a_result: ResultNodes) -> None:
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    show_overlay(a_result, "map", "ct_bvf", 0.7)
    assert layers(a_result) == {(a_result.get("ct").GetID(), a_result.get("map_ct_bvf").GetID(), None)}
    assert {c.GetForegroundOpacity() for c in slice_composites(a_result.scene)} == {0.7}


def test_a_quantity_without_a_map_shows_its_patches(a_result: ResultNodes) -> None:
    show_overlay(a_result, "map", "ct_hu_entropy", 0.7)
    assert {layer[2] for layer in layers(a_result)} == {a_result.get("patch_labels").GetID()}


@pytest.mark.parametrize("first", ["map", "patches"])
def test_nothing_takes_the_overlay_away(a_result: ResultNodes, first: str) -> None:
    show_overlay(a_result, first, "ct_bvf", 0.4)
    show_overlay(a_result, "none", "ct_bvf", 0.4)
    assert layers(a_result) == {(a_result.get("ct").GetID(), None, None)}


def test_volumes_of_others_are_left_alone(a_result: ResultNodes) -> None:
    other = a_result.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR")
    for composite in slice_composites(a_result.scene):
        composite.SetForegroundVolumeID(other.GetID())
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    hide(a_result)
    assert {layer[1] for layer in layers(a_result)} == {other.GetID()}


def test_one_layer_of_outlines_is_shown(a_result: ResultNodes) -> None:
    show_models(a_result, bones="all", grid=True, layer=2)
    assert visible(a_result, "grid_tibia_2")
    assert not visible(a_result, "grid_tibia_1")
    assert visible(a_result, "surface_femur")
    assert not visible(a_result, "surface_plate_femur")
    show_models(a_result, bones="tibia", grid=True, layer=2)
    assert visible(a_result, "surface_tibia")
    assert visible(a_result, "grid_tibia_2")
    assert not visible(a_result, "surface_femur")
    assert not visible(a_result, "grid_femur_2")
    show_models(a_result, bones="none", grid=False, layer=2)
    assert not visible(a_result, "grid_tibia_2")
    assert not visible(a_result, "surface_femur")


def test_hiding_one_result_keeps_the_other(
    a_result: ResultNodes, analyzed: Callable[[str], tuple[Path, sitk.Image]]
) -> None:
    other = add_result(a_result.scene, analyzed("plain")[0])
    show_overlay(other, "patches", "ct_bvf", 0.4)
    show_models(other, bones="all", grid=True, layer=1)
    hide(a_result)
    assert {layer[2] for layer in layers(a_result)} == {other.get("patch_labels").GetID()}
    assert visible(other, "surface_femur")
    assert not visible(a_result, "surface_femur")
