"""From places to patches and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.enface import surface_points
from CTSMALib.scene.model_nodes import points_of
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.selection import NO_PATCH, bone_of, center_of, jump_to, label_at, label_under, select
from Testing.scene.slice_picture import SliceView, slice_nodes


def measured_labels(result: ResultNodes) -> np.ndarray:
    return np.flatnonzero(np.isfinite(result.patches.values_of("ct_bvf"))) + 1


def test_the_center_of_a_patch_belongs_to_it(a_result: ResultNodes) -> None:
    labels = measured_labels(a_result)
    places = a_result.patches.centers_ras_mm
    found = np.array([label_at(a_result, center_of(a_result, int(label))) for label in labels])
    for label, own in zip(found, labels, strict=True):
        # A center near the cortex may lie in bone that is not labelled, or in the same voxel as another center.
        assert label == NO_PATCH or np.linalg.norm(places[label - 1] - places[own - 1]) < 1.0
    assert np.mean(found == labels) > 0.85


def test_no_patch_lies_outside(a_result: ResultNodes) -> None:
    assert label_at(a_result, np.array([9999.0, 0.0, 0.0])) == NO_PATCH
    assert label_at(a_result, np.array([0.0, 0.0, 0.0])) == NO_PATCH
    assert label_under(a_result, np.array([9999.0, 0.0, 0.0]), "tibia", 1) == NO_PATCH


@pytest.mark.parametrize("layer", [1, 2])
def test_a_point_on_the_surface_finds_the_patch_beneath(a_result: ResultNodes, layer: int) -> None:
    patches = a_result.patches
    places = surface_points(patches)
    for label in range(1, 97):
        if patches.layers[label - 1] == layer:
            assert label_under(a_result, places[label - 1], str(patches.bones[label - 1]), layer) == label


def test_models_tell_their_bone(a_result: ResultNodes) -> None:
    assert bone_of(a_result, a_result.get("surface_femur")) == "femur"
    assert bone_of(a_result, a_result.get("grid_tibia_2")) == "tibia"
    assert bone_of(a_result, a_result.get("surface_patella")) == ""
    assert bone_of(a_result, None) == ""


def test_selecting_draws_one_box(a_result: ResultNodes) -> None:
    select(a_result, 30)
    points = points_of(a_result.get("selection"))
    assert len(points) == 8
    np.testing.assert_allclose(points.mean(axis=0), a_result.patches.centers_ras_mm[29], atol=1e-6)
    edges = np.linalg.norm(points[1] - points[0]), np.linalg.norm(points[2] - points[0])
    np.testing.assert_allclose(edges, 8.0)
    select(a_result, NO_PATCH)
    assert a_result.get("selection").GetPolyData().GetNumberOfPoints() == 0
    select(a_result, 4711)
    assert a_result.get("selection").GetPolyData().GetNumberOfPoints() == 0


def test_slices_jump_to_a_place(a_result: ResultNodes) -> None:
    for node in slice_nodes(a_result.scene):
        node.SetFieldOfView(100.0, 100.0, 1.0)
    place = center_of(a_result, 17)
    jump_to(a_result.scene, place)
    for node in slice_nodes(a_result.scene):
        to_view = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(node.GetSliceToRAS(), to_view)
        x, y, depth, _ = to_view.MultiplyPoint((*place.tolist(), 1.0))
        assert abs(depth) < 1e-6
        assert max(abs(x), abs(y)) < 50.0


def test_slices_keep_their_middle_if_the_place_is_in_view(a_result: ResultNodes) -> None:
    view = SliceView(a_result.scene, "Red")
    jump_to(a_result.scene, center_of(a_result, 17))
    view.node.SetFieldOfView(200.0, 200.0, 1.0)
    before = view.node.GetSliceToRAS().GetElement(0, 3)
    jump_to(a_result.scene, center_of(a_result, 17) + (10.0, 0.0, 5.0))
    assert view.node.GetSliceToRAS().GetElement(0, 3) == before


def test_a_transformed_result_is_found_where_it_is_shown(
    a_scene: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]]
) -> None:
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    transform = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turn = vtk.vtkTransform()
    turn.Translate(100, 20, -50)
    turn.RotateZ(30)
    transform.SetMatrixTransformToParent(turn.GetMatrix())
    ct.SetAndObserveTransformNodeID(transform.GetID())
    result = add_result(a_scene, analyzed("plain")[0], ct)
    label = int(measured_labels(result)[20])
    place = center_of(result, label)
    np.testing.assert_allclose(place, turn.TransformPoint(*result.patches.centers_ras_mm[label - 1]), atol=1e-6)
    assert label_at(result, place) in (label, NO_PATCH)
    surface = np.array(turn.TransformPoint(*surface_points(result.patches)[label - 1]))
    bone, layer = str(result.patches.bones[label - 1]), int(result.patches.layers[label - 1])
    assert label_under(result, surface, bone, layer) == label
