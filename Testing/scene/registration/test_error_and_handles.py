"""Errors in color, before and after, handles, and arrangements of views."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from vtk.util.numpy_support import vtk_to_numpy

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene import layouts
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.model_nodes import points_of
from CTSMALib.scene.registration import handles
from CTSMALib.scene.registration.before_after import show_state
from CTSMALib.scene.registration.error_on_bone import (
    ERROR_KEY,
    RANGE_MM,
    color_by_error,
    error_of,
    jump_to_worst,
    no_error_colors,
    worst_patch,
)
from CTSMALib.scene.registration.matrices import to_numpy, to_vtk
from CTSMALib.scene.registration.review_layout import (
    FIXED,
    MOVING,
    REVIEW,
    SIDE_BY_SIDE,
    fixed_views,
    link_views,
    moving_views,
    register_layouts,
    show_layout,
)
from CTSMALib.scene.registration.review_nodes import ReviewNodes, matrices, set_active, set_user
from CTSMALib.scene.registration.seeing import show_mode
from CTSMALib.volumes.rigid import moving_to_fixed_ras, turned
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.drawn_slice import DrawnSlice
from Testing.scene.registration.pair_record import FAR_MM, NEAR_MM, center_ras
from Testing.scene.registration.seen_in_views import handles_shown, state_of


def values_of(review: ReviewNodes, bone: str) -> np.ndarray:
    return vtk_to_numpy(review.surface(bone).GetPolyData().GetPointData().GetArray(ERROR_KEY))


def test_bones_show_the_errors_of_patches_near_them_and_else_their_mean(
    a_review: ReviewNodes, a_record_of_the_pair: RegistrationRecord
) -> None:
    color_by_error(a_review, error_of(a_record_of_the_pair))
    values, points = values_of(a_review, "femur"), points_of(a_review.surface("femur"))
    mean = a_record_of_the_pair.bone("femur").quality.estimated_mm
    places = flipped(np.array([patch.ct_mm for patch in a_record_of_the_pair.patches]))
    distance = np.linalg.norm(points[:, None] - places, axis=2)
    near, far = values[distance.argmin(axis=0)]
    assert NEAR_MM - 0.01 <= near < mean < 0.6 * FAR_MM < far <= FAR_MM
    np.testing.assert_allclose(values[distance.min(axis=1) > 20.0], mean, atol=1e-6)
    np.testing.assert_allclose(values_of(a_review, "tibia"), mean, atol=1e-6)
    display = a_review.surface("femur").GetDisplayNode()
    assert display.GetScalarRange() == RANGE_MM
    no_error_colors(a_review)
    assert not display.GetScalarVisibility()


def test_a_given_error_is_shown_with_a_key_in_mm(a_review: ReviewNodes) -> None:
    color_by_error(a_review, lambda bone, points: np.full(len(points), 0.5 if bone == "femur" else 1.5))
    assert set(values_of(a_review, "femur")) == {0.5}
    assert set(values_of(a_review, "tibia")) == {1.5}
    legends = [
        a_review.surface("femur").GetNthDisplayNode(index)
        for index in range(a_review.surface("femur").GetNumberOfDisplayNodes())
    ]
    (legend,) = [node for node in legends if node.IsA("vtkMRMLColorLegendDisplayNode")]
    assert legend.GetVisibility()
    assert "mm" in legend.GetTitleText()
    assert legend.GetLabelFormat() % 2.0 == "2.0 mm"


def test_larger_errors_are_lighter_and_never_dark(a_review: ReviewNodes) -> None:
    color_by_error(a_review, lambda bone, points: np.zeros(len(points)))
    table = a_review.surface("femur").GetDisplayNode().GetColorNode().GetLookupTable()
    lightness = [np.dot(table.GetTableValue(i)[:3], (0.2126, 0.7152, 0.0722)) for i in range(0, 256, 15)]
    assert (np.diff(lightness) > 0).all()
    assert max(table.GetTableValue(0)[:3]) > 0.5


def test_views_jump_to_the_worst_patch(a_review: ReviewNodes, a_record_of_the_pair: RegistrationRecord) -> None:
    patch = jump_to_worst(a_review, a_record_of_the_pair)
    assert patch is not None
    assert patch.estimated_mm == FAR_MM
    for view, _ in fixed_views(a_review.scene):
        place = np.linalg.inv(to_numpy(view.GetSliceToRAS())) @ (*flipped(np.array(patch.ct_mm)), 1.0)
        assert abs(place[2]) < 1e-6
    assert worst_patch(a_record_of_the_pair, "tibia") is None
    assert jump_to_worst(a_review, a_record_of_the_pair, "tibia") is None


def test_before_and_after_touch_no_matrix(a_review: ReviewNodes, a_pair: MadeUpPair, joint_ras: np.ndarray) -> None:
    correction = turned(np.array([0.0, 3.0, 0.0]), joint_ras, np.array([1.0, 2.0, 0.0]))
    set_user(a_review, "femur", correction)
    show_mode(a_review, "contour")
    view = DrawnSlice(a_review.scene, "Green")
    view.node.SetFieldOfView(96.0, 96.0, 1.0)
    view.node.JumpSliceByCentering(*joint_ras.tolist())
    after = view.picture()
    before = matrices(a_review, "femur")
    found = moving_to_fixed_ras(a_pair.matrices["femur"])
    expected = {"auto": found, "knee": moving_to_fixed_ras(a_pair.matrices["tibia"]), "after": correction @ found}
    for state, wanted in expected.items():
        show_state(a_review, state)
        assert state_of(a_review) == state
        to_world = to_vtk(np.eye(4))
        a_review.mr.GetParentTransformNode().GetMatrixTransformToWorld(to_world)
        np.testing.assert_allclose(to_numpy(to_world), wanted, atol=1e-9)
        assert (view.picture() != after).any() == (state != "after")
        np.testing.assert_array_equal(matrices(a_review, "femur").composed, before.composed)
    view.close()
    with pytest.raises(ValueError, match="never"):
        show_state(a_review, "never")


def test_handles_appear_at_the_center_of_the_active_bone_alone(a_review: ReviewNodes, a_pair: MadeUpPair) -> None:
    assert handles_shown(a_review) == ()
    for bone in ("femur", "patella"):
        set_active(a_review, bone)
        assert handles.show_handles(a_review, True) == ()
        assert handles_shown(a_review) == (bone,)
    display = a_review.user("patella").GetDisplayNode()
    assert display.GetEditorVisibility3D()
    assert display.GetEditorSliceIntersectionVisibility()
    assert not display.GetEditorScalingEnabled()
    np.testing.assert_allclose(a_review.user("patella").GetCenterOfTransformation(), center_ras(a_pair, "patella"))
    handles.show_handles(a_review, False)
    assert handles_shown(a_review) == ()


def test_handles_do_without_what_a_version_lacks(a_review: ReviewNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "_PARTS", {**handles._PARTS, "EditorLevitationEnabled": True})
    assert handles.show_handles(a_review, True) == ("EditorLevitationEnabled",)
    assert handles_shown(a_review) == ("femur",)


def views_in(node: Any, number: int) -> list[str]:
    tree = ElementTree.fromstring(node.GetLayoutDescription(number))
    return sorted(str(view.get("singletontag")) for view in tree.iter("view"))


def test_arrangements_have_the_views_that_are_needed(a_scene: Any) -> None:
    node = a_scene.AddNewNodeByClass("vtkMRMLLayoutNode")
    register_layouts(node)
    register_layouts(node)
    layouts.register_layout(node)
    assert views_in(node, REVIEW) == sorted(("1", *FIXED))
    assert views_in(node, SIDE_BY_SIDE) == sorted((*FIXED, *MOVING))
    show_layout(node, SIDE_BY_SIDE)
    assert node.GetViewArrangement() == SIDE_BY_SIDE
    assert len({REVIEW, SIDE_BY_SIDE, layouts.READING}) == 3


def test_views_of_one_frame_are_linked_with_each_other(a_review: ReviewNodes) -> None:
    link_views(a_review.scene)
    fixed, moving = (list(views(a_review.scene)) for views in (fixed_views, moving_views))
    assert all(composite.GetLinkedControl() for _, composite in fixed + moving)
    assert {view.GetViewGroup() for view, _ in fixed}.isdisjoint(view.GetViewGroup() for view, _ in moving)
