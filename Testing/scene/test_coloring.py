"""One quantity colors patches, maps, bones and outlines, over the fixed range of the catalogue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from vtk.util.numpy_support import vtk_to_numpy

from CTSMALib.catalogue import quantity
from CTSMALib.palette import NOT_MEASURED, color_map, colors_of
from CTSMALib.scene.color_nodes import BONE_RGB
from CTSMALib.scene.coloring import color_by, keys_with_values, label_text
from CTSMALib.scene.model_nodes import COLOR_ARRAY, PAINTED_ATTRIBUTE, points_of
from CTSMALib.scene.result_nodes import ResultNodes

MAPPED, UNMAPPED = "ct_bvf", "ct_hu_entropy"


def table_colors(result: ResultNodes) -> np.ndarray:
    table, color = result.get("patch_colors"), [0.0] * 4
    rows = []
    for label in range(1, 97):
        table.GetColor(label, color)
        rows.append([round(channel * 255) for channel in color[:3]])
    return np.array(rows)


def painted(result: ResultNodes, role: str) -> tuple[np.ndarray, np.ndarray]:
    data = result.get(role).GetPolyData().GetPointData()
    key = result.get(role).GetAttribute(PAINTED_ATTRIBUTE)
    return vtk_to_numpy(data.GetArray(key)).copy(), vtk_to_numpy(data.GetArray(COLOR_ARRAY)).copy()


@pytest.mark.parametrize("key", [MAPPED, UNMAPPED, "ct_hu_slope_proximal"])
def test_labels_take_the_color_of_their_value(a_result: ResultNodes, key: str) -> None:
    color_by(a_result, key)
    expected = colors_of(quantity(key), a_result.patches.values_of(key))
    np.testing.assert_array_equal(table_colors(a_result), expected)
    assert len(np.unique(expected, axis=0)) > 10


def test_what_was_not_measured_is_gray(a_result: ResultNodes) -> None:
    missing = ~np.isfinite(a_result.patches.values_of(MAPPED))
    if not missing.any():
        a_result.patches.values[MAPPED][5] = np.nan
        missing[5] = True
    color_by(a_result, MAPPED)
    assert (table_colors(a_result)[missing] == NOT_MEASURED).all()


@pytest.mark.parametrize("key", [MAPPED, UNMAPPED])
@pytest.mark.parametrize("layer", [1, 2])
def test_bones_show_the_patches_of_the_layer(a_result: ResultNodes, key: str, layer: int) -> None:
    color_by(a_result, key, layer)
    for bone in ("femur", "tibia"):
        values, colors = painted(a_result, f"surface_{bone}")
        known = np.isfinite(values)
        assert 0.02 < known.mean() < 0.6  # the joint surface, not the whole bone
        assert (colors[~known] == BONE_RGB[bone]).all()
        np.testing.assert_array_equal(colors[known], colors_of(quantity(key), values[known].astype(float)))
        table = a_result.display_patches if key == MAPPED else a_result.patches
        own = table.values_of(key)[(table.bones == bone) & (table.layers == layer)]
        assert values[known].min() >= np.nanmin(own) - 1e-4
        assert values[known].max() <= np.nanmax(own) + 1e-4


def test_the_layers_differ(a_result: ResultNodes) -> None:
    color_by(a_result, MAPPED, 1)
    first = painted(a_result, "surface_tibia")[0]
    color_by(a_result, MAPPED, 2)
    second = painted(a_result, "surface_tibia")[0]
    assert np.nanmean(np.abs(first - second)) > 0.005


def test_a_bone_is_painted_under_its_own_compartments(a_result: ResultNodes) -> None:
    """The painted part of the tibia lies on top, that of the femur at the bottom."""
    for bone, sign in (("tibia", 1.0), ("femur", -1.0)):
        values = painted(a_result, f"surface_{bone}")[0]
        heights = points_of(a_result.get(f"surface_{bone}"))[:, 2]
        assert sign * (heights[np.isfinite(values)].mean() - heights.mean()) > 10.0


def test_maps_keep_the_range_of_their_quantity(a_result: ResultNodes) -> None:
    color_by(a_result, MAPPED)
    display = a_result.get("map_ct_bvf").GetDisplayNode()
    low, high = quantity(MAPPED).display_range
    assert display.GetWindowLevelMin() == pytest.approx(low)
    assert display.GetWindowLevelMax() == pytest.approx(high)
    assert not display.GetAutoWindowLevel()
    assert display.GetColorNodeID() == a_result.get("value_colors").GetID()


def test_the_color_key_says_range_and_unit(a_result: ResultNodes) -> None:
    import slicer

    color_by(a_result, "ct_hu_mean")
    display = a_result.get("color_key").GetDisplayNode()
    assert display.GetScalarRange() == quantity("ct_hu_mean").display_range
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(display)
    assert legend.GetTitleText() == "HU mean (HU)"
    assert legend.GetLabelFormat() == "%.3g HU"
    assert legend.GetVisibility()
    color = [0.0] * 4
    a_result.get("value_colors").GetColor(255, color)
    np.testing.assert_allclose(np.array(color[:3]) * 255, color_map("viridis")[-1], atol=0.5)


def test_coloring_again_adds_no_nodes(a_result: ResultNodes) -> None:
    count = a_result.scene.GetNumberOfNodes()
    for key in keys_with_values(a_result):
        color_by(a_result, key)
    assert a_result.scene.GetNumberOfNodes() == count
    femur = a_result.get("surface_femur").GetPolyData().GetPointData()
    assert femur.GetNumberOfArrays() == 3  # normals, colors, values


def test_a_deleted_node_is_no_obstacle(a_result: ResultNodes) -> None:
    for role in ("value_colors", "patch_colors", "surface_femur", "map_ct_bvf", "grid_tibia_1", "color_key"):
        a_result.scene.RemoveNode(a_result.get(role))
    color_by(a_result, "ct_hu_mean")
    assert a_result.get("value_colors") is not None


def test_only_measured_quantities_are_offered(a_result: ResultNodes) -> None:
    keys = keys_with_values(a_result)
    assert MAPPED in keys
    assert "ct_power_band_4" not in keys  # the bundled CT does not resolve it
    assert all(label_text(quantity(key)) for key in keys)


def test_observers_of_the_table_are_told_once(a_result: ResultNodes) -> None:
    told: list[Any] = []
    a_result.get("patch_colors").AddObserver("ModifiedEvent", lambda caller, event: told.append(event))
    color_by(a_result, UNMAPPED)
    assert len(told) == 1


@pytest.mark.parametrize("key", [MAPPED, UNMAPPED])
def test_outlines_show_the_patches_that_were_measured(a_result: ResultNodes, key: str) -> None:
    patches = a_result.patches
    patches.values[key][60] = np.nan
    color_by(a_result, key)
    for bone in ("femur", "tibia"):
        for layer in (1, 2):
            node = a_result.get(f"grid_{bone}_{layer}")
            values = patches.values_of(key)[(patches.bones == bone) & (patches.layers == layer)]
            values = values[np.isfinite(values)]
            shown = vtk_to_numpy(node.GetPolyData().GetPointData().GetArray(key))
            np.testing.assert_allclose(shown.reshape(-1, 8), np.repeat(values[:, None], 8, axis=1), rtol=1e-6)
            assert node.GetDisplayNode().GetScalarRange() == quantity(key).display_range
