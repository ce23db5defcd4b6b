"""A registration was reviewed in the views of a result: these show the result again, and the review can go on."""

from __future__ import annotations

from typing import Any

import pytest

from CTSMALib.scene.after_review import end_reviewing
from CTSMALib.scene.overlay import composites_of_results, show_overlay, slice_composites
from CTSMALib.scene.registration.modes import MODES, SIDE_BY_SIDE
from CTSMALib.scene.registration.review_layout import MOVING, fixed_views, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes, open_review
from CTSMALib.scene.registration.seeing import show_mode
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.selection import jump_to
from CTSMALib.scene.views import aim_slices, slice_views
from Testing.core.made_up_pair import made_up_pair
from Testing.scene.registration.pair_record import true_record


@pytest.fixture()
def a_review(a_result: ResultNodes) -> ReviewNodes:
    """A registration in the scene of a result."""
    pair = made_up_pair()
    for name in MOVING:
        a_result.scene.AddNewNodeByClass("vtkMRMLSliceNode", name).SetLayoutName(name)
        a_result.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", name).SetLayoutName(name)
    return open_review(a_result.scene, true_record(pair), pair.ct, pair.mr, pair.labels)


def layers(scene: Any) -> set[tuple[Any, ...]]:
    return {
        (c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), c.GetLabelVolumeID(), c.GetCompositing())
        for c in composites_of_results(scene)
    }


@pytest.mark.parametrize("mode", MODES)
def test_slices_show_the_result_alone_after_every_way_to_see_a_review(
    a_result: ResultNodes, a_review: ReviewNodes, mode: str
) -> None:
    scene = a_result.scene
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    before = layers(scene)
    own = [a_review.get(role).GetDisplayNode().GetColorNodeID() for role in ("ct", "mr")]
    show_mode(a_review, mode)
    assert layers(scene) != before
    end_reviewing(scene)
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    assert layers(scene) == before
    assert [a_review.get(role).GetDisplayNode().GetColorNodeID() for role in ("ct", "mr")] == own
    show_mode(a_review, mode)
    assert layers(scene) != before


def test_what_a_user_has_laid_over_the_ct_stays(a_result: ResultNodes, a_review: ReviewNodes) -> None:
    other = a_result.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "of the user")
    for composite in composites_of_results(a_result.scene):
        composite.SetForegroundVolumeID(other.GetID())
    a_result.scene.RemoveNode(a_review.mr)  # deleted by the user
    end_reviewing(a_result.scene)
    assert {foreground for _, foreground, *_ in layers(a_result.scene)} == {other.GetID()}


def test_views_of_the_mrs_own_frame_are_left_to_the_review(a_result: ResultNodes, a_review: ReviewNodes) -> None:
    """The CT would be shown, and slices be aimed, at a place of another frame."""
    scene = a_result.scene
    show_mode(a_review, SIDE_BY_SIDE)

    def seen() -> list[tuple[Any, ...]]:
        return [
            (composite.GetBackgroundVolumeID(), composite.GetLabelVolumeID(), view.GetSliceOffset())
            for view, composite in moving_views(scene)
        ]

    before = seen()
    end_reviewing(scene)
    show_overlay(a_result, "patches", "ct_bvf", 0.4)
    aim_slices(a_result)
    jump_to(scene, a_result.patches.centers_ras_mm[5])
    assert seen() == before and len(before) == len(MOVING)
    assert {name.GetLayoutName() for name in slice_composites(scene)} > set(MOVING)
    assert not {view.GetLayoutName() for view in slice_views(scene)} & set(MOVING)
    assert len(list(fixed_views(scene))) == 3
