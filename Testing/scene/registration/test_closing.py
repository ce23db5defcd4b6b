"""A review that ends gives scans and views back; results of the module CTSMA do not lie over it."""

from __future__ import annotations

from typing import Any

import pytest

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.model_nodes import add_model, no_boxes
from CTSMALib.scene.registration.closing import remove_review
from CTSMALib.scene.registration.modes import CHECKERBOARD, CONTOUR, MODES, RED_CYAN, SIDE_BY_SIDE
from CTSMALib.scene.registration.opening import take_out_leftovers
from CTSMALib.scene.registration.results_aside import bring_back, forget_hidden, put_aside
from CTSMALib.scene.registration.review_layout import ADD, fixed_views, link_views, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes, open_review, reviews_in
from CTSMALib.scene.registration.seeing import show_mode
from CTSMALib.scene.registration.views_before import note_views, note_views_again
from CTSMALib.scene.result_nodes import RESULT_ATTRIBUTE, RESULT_VERSION
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.seen_in_views import add_moving_views

Scans = tuple[Any, Any]


@pytest.fixture()
def scans(a_scene: Any, a_pair: MadeUpPair) -> Scans:
    """The user's CT and MR, in colors of their own."""
    nodes = []
    for image, color in ((a_pair.ct, "Grey"), (a_pair.mr, "InvertedGrey")):
        nodes.append(a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
        fill_volume(nodes[-1], image)
        nodes[-1].CreateDefaultDisplayNodes()
        nodes[-1].GetDisplayNode().SetAndObserveColorNodeID(f"vtkMRMLColorTableNode{color}")
    return nodes[0], nodes[1]


@pytest.fixture()
def an_opened_review(
    a_scene: Any, scans: Scans, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> ReviewNodes:
    """Of the user's scans, of which the MR lay over the CT before, half seen through."""
    add_moving_views(a_scene)
    ct, mr = scans
    for composite in composites(a_scene):
        composite.SetBackgroundVolumeID(ct.GetID())
        composite.SetForegroundVolumeID(mr.GetID())
        composite.SetForegroundOpacity(0.25)
    return open_review(a_scene, a_record_of_the_pair, ct, mr, a_pair.labels)


@pytest.fixture()
def a_result(a_scene: Any) -> Any:
    """A shown result: its label map is in the label layer, a bone and a hidden plate in 3D."""
    node = a_scene.AddNewNodeByClass("vtkMRMLTextNode", "a result")
    node.SetAttribute(RESULT_ATTRIBUTE, RESULT_VERSION)
    for role in ("surface_femur", "surface_plate"):
        model = add_model(a_scene, role, no_boxes(), (1, 2, 3))
        model.GetDisplayNode().SetVisibility(role == "surface_femur")
        node.SetNodeReferenceID(role, model.GetID())
    labels = a_scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "patches")
    node.SetNodeReferenceID("patch_labels", labels.GetID())
    for composite in composites(a_scene):
        composite.SetLabelVolumeID(labels.GetID())
    return node


def composites(scene: Any) -> list[Any]:
    return [composite for _, composite in fixed_views(scene)]


def layers(scene: Any) -> set[tuple[Any, ...]]:
    """What the views of the CT's frame show: background, foreground, its opacity, and how it is composed."""
    return {
        (c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), round(c.GetForegroundOpacity(), 3), c.GetCompositing())
        for c in composites(scene)
    }


def colors(*volumes: Any) -> list[str]:
    return [volume.GetDisplayNode().GetColorNodeID() for volume in volumes]


@pytest.mark.parametrize("mode", MODES)
def test_views_show_what_they_showed_before_the_review(an_opened_review: ReviewNodes, scans: Scans, mode: str) -> None:
    scene, before, own = an_opened_review.scene, layers(an_opened_review.scene), colors(*scans)
    note_views(an_opened_review)
    link_views(scene)
    show_mode(an_opened_review, RED_CYAN)
    show_mode(an_opened_review, mode)
    assert layers(scene) != before
    remove_review(an_opened_review)
    assert layers(scene) == before
    assert colors(*scans) == own
    assert {bool(c.GetLinkedControl()) for _, c in (*fixed_views(scene), *moving_views(scene))} == {False}


def test_links_between_views_stay_where_the_user_had_them(an_opened_review: ReviewNodes) -> None:
    composites(an_opened_review.scene)[0].SetLinkedControl(True)
    note_views(an_opened_review)
    link_views(an_opened_review.scene)
    show_mode(an_opened_review, RED_CYAN)
    remove_review(an_opened_review)
    assert [bool(c.GetLinkedControl()) for c in composites(an_opened_review.scene)] == [True, False, False]


def test_views_of_the_mrs_own_frame_show_the_mr(an_opened_review: ReviewNodes, scans: Scans) -> None:
    show_mode(an_opened_review, SIDE_BY_SIDE)
    remove_review(an_opened_review)
    shown = {composite.GetBackgroundVolumeID() for _, composite in moving_views(an_opened_review.scene)}
    assert shown == {scans[1].GetID()}


def test_the_ct_is_shown_where_nothing_was_before(
    a_scene: Any, scans: Scans, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> None:
    review = open_review(a_scene, a_record_of_the_pair, *scans, a_pair.labels)
    show_mode(review, "checkerboard")
    remove_review(review)
    assert layers(a_scene) == {(scans[0].GetID(), None, 0.0, 0)}


def test_views_that_show_something_else_by_now_are_left_alone(an_opened_review: ReviewNodes) -> None:
    show_mode(an_opened_review, RED_CYAN)
    other = an_opened_review.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    for composite in composites(an_opened_review.scene):
        composite.SetBackgroundVolumeID(other.GetID())
        composite.SetForegroundVolumeID(None)
    remove_review(an_opened_review)
    assert {shown[0] for shown in layers(an_opened_review.scene)} == {other.GetID()}


def lay_over_the_ct(review: ReviewNodes) -> set[tuple[Any, ...]]:
    """What another module shows: something of the user's over the CT of the review."""
    other = review.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "a map")
    for composite in composites(review.scene):
        composite.SetBackgroundVolumeID(review.ct.GetID())
        composite.SetForegroundVolumeID(other.GetID())
        composite.SetForegroundOpacity(0.6)
        composite.SetCompositing(ADD)
    return layers(review.scene)


def test_what_lies_over_the_ct_by_now_stays(an_opened_review: ReviewNodes) -> None:
    link_views(an_opened_review.scene)
    show_mode(an_opened_review, RED_CYAN)
    before = lay_over_the_ct(an_opened_review)
    remove_review(an_opened_review)
    assert layers(an_opened_review.scene) == before


def test_views_that_others_have_used_meanwhile_are_noted_again(an_opened_review: ReviewNodes) -> None:
    composites(an_opened_review.scene)[0].SetLinkedControl(True)
    note_views(an_opened_review)
    link_views(an_opened_review.scene)
    show_mode(an_opened_review, RED_CYAN)
    before = lay_over_the_ct(an_opened_review)
    note_views_again(an_opened_review)
    show_mode(an_opened_review, CONTOUR)
    remove_review(an_opened_review)
    assert layers(an_opened_review.scene) == before
    assert [bool(c.GetLinkedControl()) for c in composites(an_opened_review.scene)] == [True, False, False]


@pytest.mark.parametrize("mode", [RED_CYAN, CHECKERBOARD, CONTOUR, SIDE_BY_SIDE])
def test_what_a_review_shows_itself_is_not_noted(an_opened_review: ReviewNodes, mode: str) -> None:
    before = layers(an_opened_review.scene)
    show_mode(an_opened_review, mode)
    note_views_again(an_opened_review)
    remove_review(an_opened_review)
    assert layers(an_opened_review.scene) == before


def test_a_review_that_never_was_shown_changes_no_view(an_opened_review: ReviewNodes) -> None:
    before = layers(an_opened_review.scene)
    remove_review(an_opened_review)
    assert layers(an_opened_review.scene) == before


def test_the_scan_that_is_left_gets_its_colors_back_when_the_other_is_deleted(
    an_opened_review: ReviewNodes, scans: Scans
) -> None:
    own = colors(scans[1])
    show_mode(an_opened_review, RED_CYAN)
    an_opened_review.scene.RemoveNode(scans[0])
    remove_review(an_opened_review)
    assert colors(scans[1]) == own
    assert scans[1].GetParentTransformNode() is None
    assert {shown[0] for shown in layers(an_opened_review.scene)} == {None}


def test_a_left_over_review_gives_views_and_scans_back_too(an_opened_review: ReviewNodes, scans: Scans) -> None:
    scene, own, before = an_opened_review.scene, colors(*scans), layers(an_opened_review.scene)
    show_mode(an_opened_review, RED_CYAN)
    take_out_leftovers(scene, *scans)
    assert not list(reviews_in(scene))
    assert colors(*scans) == own and layers(scene) == before


def test_volumes_that_came_with_the_review_leave_no_view_behind_that_shows_them(
    a_review: ReviewNodes,
) -> None:
    scene = a_review.scene
    show_mode(a_review, SIDE_BY_SIDE)
    remove_review(a_review)
    assert layers(scene) == {(None, None, 0.0, 0)}


def labels_shown(scene: Any) -> set[str | None]:
    return {composite.GetLabelVolumeID() for composite in composites(scene)}


def shown(result: Any) -> list[bool]:
    roles = ("surface_femur", "surface_plate")
    return [bool(result.GetNodeReference(role).GetDisplayNode().GetVisibility()) for role in roles]


def test_results_are_put_aside_and_come_back(an_opened_review: ReviewNodes, a_result: Any) -> None:
    scene, labels = an_opened_review.scene, a_result.GetNodeReference("patch_labels")
    for _ in range(2):  # also when the module is opened again
        put_aside(an_opened_review)
        assert labels_shown(scene) == {None}
        assert shown(a_result) == [False, False]
    assert an_opened_review.surface("femur").GetDisplayNode().GetVisibility()
    bring_back(an_opened_review)
    assert labels_shown(scene) == {labels.GetID()}
    assert shown(a_result) == [True, False]
    a_result.GetNodeReference("surface_femur").GetDisplayNode().SetVisibility(False)
    bring_back(an_opened_review)
    assert shown(a_result) == [False, False]  # by the user this time


def test_models_of_a_saved_scene_stay_as_they_are(an_opened_review: ReviewNodes, a_result: Any) -> None:
    put_aside(an_opened_review)
    forget_hidden(an_opened_review)
    bring_back(an_opened_review)
    assert shown(a_result) == [False, False]


def test_what_a_user_did_to_results_meanwhile_stays(an_opened_review: ReviewNodes, a_result: Any) -> None:
    scene = an_opened_review.scene
    put_aside(an_opened_review)
    other = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "another")
    composites(scene)[0].SetLabelVolumeID(other.GetID())
    scene.RemoveNode(a_result.GetNodeReference("surface_femur"))
    bring_back(an_opened_review)
    assert composites(scene)[0].GetLabelVolumeID() == other.GetID()


def test_the_end_of_a_review_brings_results_back_and_removes_none(an_opened_review: ReviewNodes, a_result: Any) -> None:
    scene = an_opened_review.scene
    put_aside(an_opened_review)
    show_mode(an_opened_review, RED_CYAN)
    remove_review(an_opened_review)
    assert shown(a_result) == [True, False]
    assert labels_shown(scene) == {a_result.GetNodeReference("patch_labels").GetID()}
