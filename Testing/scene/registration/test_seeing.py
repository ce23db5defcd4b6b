"""Ways to see whether MR and CT agree, by what slice views show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.registration.bone_surface import CONTOUR_RGB
from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.scene.registration.mixed import Spyglass, refresh
from CTSMALib.scene.registration.mixed_pictures import refresh_pictures
from CTSMALib.scene.registration.modes import MODES, SIDE_BY_SIDE
from CTSMALib.scene.registration.remembered_view import remember, restore
from CTSMALib.scene.registration.review_layout import fixed_views, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes, set_active, set_user
from CTSMALib.scene.registration.seeing import (
    fixed_point,
    flicker,
    jump,
    moving_point,
    rock,
    show_mode,
)
from CTSMALib.volumes.rigid import applied
from Testing.core.made_up_pair import CORTEX, MUSCLE, MadeUpPair
from Testing.scene.registration.conftest import FIELD_MM
from Testing.scene.registration.drawn_slice import DrawnSlice
from Testing.scene.slice_picture import SIZE

EDGE_MM = 12.0
SQUARE = round(EDGE_MM * SIZE[0] / FIELD_MM)  # pixels


def alone(review: ReviewNodes, view: DrawnSlice) -> tuple[np.ndarray, np.ndarray]:
    """CT and MR as pictures of their own."""
    show_mode(review, "blend", opacity=0.0)
    ct = view.picture().astype(int)[..., 0]
    show_mode(review, "contour")
    return ct, view.picture().astype(int)[..., 0]


def in_both(view: DrawnSlice, pair: MadeUpPair) -> np.ndarray:
    """Which pixels lie well inside of both scans, the MR moved with the femur."""
    rows, columns = np.indices((SIZE[1], SIZE[0]))
    pixels = np.stack([columns, SIZE[1] - 1 - rows, 0 * rows, 0 * rows + 1], axis=-1)
    lps = flipped((pixels @ to_numpy(view.node.GetXYToRAS()).T)[..., :3])
    inside = np.ones(rows.shape, bool)
    for image, points in ((pair.ct, lps), (pair.mr, applied(pair.matrices["femur"], lps))):
        index = lps_to_index(image, points)
        inside &= np.all((index > 1) & (index < np.array(image.GetSize()[::-1]) - 2), axis=-1)
    assert inside.mean() > 0.5
    return inside


def test_switching_keeps_slices_zoom_and_window(a_review: ReviewNodes, a_view: DrawnSlice) -> None:
    a_review.mr.GetDisplayNode().SetWindowLevel(777.0, 333.0)
    before = remember(a_review)
    for mode in (*MODES, *reversed(MODES)):
        show_mode(a_review, mode)
        a_view.draw()
        after = remember(a_review)
        assert after.windows == before.windows, mode
        for name, was in before.slices.items():
            now = after.slices[name]
            np.testing.assert_array_equal(now.slice_to_ras, was.slice_to_ras, mode)
            assert (now.field_of_view_mm, now.origin_mm) == (was.field_of_view_mm, was.origin_mm), mode


def test_a_remembered_view_comes_back(a_review: ReviewNodes, joint_ras: np.ndarray) -> None:
    view = next(view for view, _ in fixed_views(a_review.scene))
    view.SetFieldOfView(80.0, 80.0, 1.0)
    before = remember(a_review)
    view.SetFieldOfView(200.0, 200.0, 1.0)
    view.JumpSliceByCentering(*(joint_ras + 7.0).tolist())
    a_review.ct.GetDisplayNode().SetWindowLevel(50.0, 10.0)
    restore(a_review, before)
    assert remember(a_review).windows == before.windows
    was, now = before.slices[view.GetLayoutName()], remember(a_review).slices[view.GetLayoutName()]
    np.testing.assert_array_equal(now.slice_to_ras, was.slice_to_ras)
    assert now.field_of_view_mm == was.field_of_view_mm
    assert view.GetSliceOffset() == pytest.approx(0.0)


def share_on_edge(view: DrawnSlice, pair: MadeUpPair, bone: str, halfway: float) -> float:
    """The share of a bone's outline beneath which the picture is about halfway from muscle to cortex.

    Where the border of a scan cuts the bone does not count.
    """
    color = np.array(CONTOUR_RGB[bone])
    on_line = np.abs(view.drawn().astype(int) - color).max(axis=2) < 30
    on_line &= ndimage.binary_erosion(in_both(view, pair), iterations=6)
    assert on_line.sum() > 100
    gray = view.picture()[..., 0].astype(float)
    return float((np.abs(gray - halfway) < 15.0)[on_line].mean())


def test_outlines_lie_on_the_edges_of_the_mr_only_at_the_true_motion(
    a_review: ReviewNodes, a_view: DrawnSlice, a_pair: MadeUpPair
) -> None:
    show_mode(a_review, "contour")
    halfway = 0.5 * (MUSCLE + CORTEX) / a_review.mr.GetDisplayNode().GetWindow() * 255
    assert share_on_edge(a_view, a_pair, "femur", halfway) > 0.85
    for distance_mm, most in ((1.0, 0.75), (3.0, 0.5)):
        off = np.eye(4)
        off[:3, 3] = distance_mm * to_numpy(a_view.node.GetSliceToRAS())[:3, :2] @ (0.8, 0.6)
        set_user(a_review, "femur", off)
        assert share_on_edge(a_view, a_pair, "femur", halfway) < most
    set_user(a_review, "femur", np.eye(4))
    set_active(a_review, "tibia")
    assert share_on_edge(a_view, a_pair, "femur", halfway) < 0.6


def test_rock_and_flicker_go_from_ct_to_mr(a_review: ReviewNodes, a_view: DrawnSlice, a_pair: MadeUpPair) -> None:
    ct, mr = alone(a_review, a_view)
    inside = in_both(a_view, a_pair)
    for mode, move, half in (("rock", rock, 0.5), ("flicker", flicker, 0.75)):
        show_mode(a_review, mode)
        move(a_review, 0.0)
        assert np.abs(a_view.picture()[..., 0] - ct)[inside].max() <= 1
        move(a_review, half)
        assert np.abs(a_view.picture()[..., 0] - mr)[inside].max() <= 1
    rock(a_review, 0.25)
    assert np.abs(a_view.picture()[..., 0] - (ct + mr) / 2)[inside].max() <= 2


def test_a_checkerboard_alternates(a_review: ReviewNodes, a_view: DrawnSlice, a_pair: MadeUpPair) -> None:
    ct, mr = alone(a_review, a_view)
    inside = in_both(a_view, a_pair)
    show_mode(a_review, "checkerboard", square_mm=EDGE_MM)
    mixed = a_view.picture().astype(int)[..., 0]
    is_ct, is_mr = np.abs(mixed - ct) <= 2, np.abs(mixed - mr) <= 2
    assert (is_ct | is_mr)[inside].mean() > 0.999
    clear = (np.abs(ct - mr) > 20) & inside
    assert 0.3 < is_mr[clear].mean() < 0.7
    both = clear[:, :-SQUARE] & clear[:, SQUARE:]
    assert (is_mr[:, :-SQUARE] != is_mr[:, SQUARE:])[both].mean() > 0.999
    both = clear[:-SQUARE] & clear[SQUARE:]
    assert (is_mr[:-SQUARE] != is_mr[SQUARE:])[both].mean() > 0.999


def test_a_checkerboard_follows_the_mr_when_refreshed(a_review: ReviewNodes, a_view: DrawnSlice) -> None:
    show_mode(a_review, "checkerboard")
    before = a_view.picture()
    nudge = np.eye(4)
    nudge[:3, 3] = 4.0
    set_user(a_review, "femur", nudge)
    refresh_pictures(a_review, EDGE_MM, 20.0)
    changed = np.abs(a_view.picture().astype(int) - before).max(axis=2) > 10
    assert 0.05 < changed.mean() < 0.6


def test_a_spyglass_shows_the_mr_in_a_circle(a_review: ReviewNodes, a_view: DrawnSlice, a_pair: MadeUpPair) -> None:
    ct, mr = alone(a_review, a_view)
    inside = in_both(a_view, a_pair)
    x, y = 200.0, 130.0  # pixels from the lower left
    center = to_numpy(a_view.node.GetXYToRAS()) @ (x, y, 0.0, 1.0)
    show_mode(a_review, "spyglass")
    refresh(a_review, a_view.node, Spyglass(tuple(center[:3].tolist()), 15.0))
    mixed = a_view.picture().astype(int)[..., 0]
    rows, columns = np.indices(mixed.shape)
    distance = np.hypot(columns - x, SIZE[1] - 1 - rows - y) * FIELD_MM / SIZE[0]
    assert np.abs(mixed - mr)[inside & (distance < 14.5)].max() <= 2
    assert np.abs(mixed - ct)[inside & (distance > 15.5)].max() <= 2


def test_red_and_cyan_add_up(a_review: ReviewNodes, a_view: DrawnSlice, a_pair: MadeUpPair) -> None:
    ct, mr = alone(a_review, a_view)
    inside = in_both(a_view, a_pair)
    show_mode(a_review, "red-cyan")
    picture = a_view.picture().astype(int)
    assert np.abs(picture[..., 0] - ct)[inside].max() <= 3
    assert np.abs(picture[..., 1] - mr)[inside].max() <= 3
    assert np.abs(picture[..., 2] - mr)[inside].max() <= 3
    show_mode(a_review, "contour")
    np.testing.assert_array_equal(a_view.picture()[..., 0], a_view.picture()[..., 2])
    assert "Grey" in a_review.ct.GetDisplayNode().GetColorNodeID()


def test_side_by_side_shows_the_same_place_in_both_frames(
    a_review: ReviewNodes, a_pair: MadeUpPair, joint_ras: np.ndarray
) -> None:
    place = joint_ras + (14.0, 3.0, 11.0)
    show_mode(a_review, SIDE_BY_SIDE)
    jump(a_review, place)
    there = moving_point(a_review, place)
    np.testing.assert_allclose(there, flipped(applied(a_pair.matrices["femur"], flipped(place))), atol=1e-6)
    np.testing.assert_allclose(fixed_point(a_review, there), place, atol=1e-6)
    for views, point, volume in (
        (fixed_views, place, a_review.ct),
        (moving_views, there, a_review.get("mr_own_frame")),
    ):
        shown = list(views(a_review.scene))
        assert len(shown) == 3
        for view, composite in shown:
            place_in_view = np.linalg.inv(to_numpy(view.GetSliceToRAS())) @ np.append(point, 1.0)
            assert abs(place_in_view[2]) < 1e-6
            assert composite.GetBackgroundVolumeID() == volume.GetID()
    own = a_review.get("mr_own_frame")
    assert own.GetParentTransformNode() is None
    assert own.GetImageData() is a_review.mr.GetImageData()


def test_outlines_of_the_ct_stay_out_of_views_of_the_mrs_frame(a_review: ReviewNodes, joint_ras: np.ndarray) -> None:
    view = DrawnSlice(a_review.scene, "MovingYellow")
    view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
    show_mode(a_review, SIDE_BY_SIDE)
    view.node.JumpSliceByCentering(*(joint_ras + (14.0, 0.0, 0.0)).tolist())
    picture = view.drawn()
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
    view.close()
    (red, *_) = [DrawnSlice(a_review.scene, "Yellow")]
    red.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
    red.node.JumpSliceByCentering(*(joint_ras + (14.0, 0.0, 0.0)).tolist())
    assert (red.drawn()[..., 0] != red.drawn()[..., 2]).any()
    red.close()


def test_an_unknown_mode_is_refused(a_review: ReviewNodes) -> None:
    with pytest.raises(ValueError, match="x-ray"):
        show_mode(a_review, "x-ray")
