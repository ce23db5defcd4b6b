"""Ways to see a registration, from the panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from CTSMALib.scene.registration import mixed_pictures
from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.scene.registration.mixed import Spyglass
from CTSMALib.scene.registration.modes import MODES, mode_of
from CTSMALib.scene.registration.remembered_view import remember
from CTSMALib.scene.registration.review_layout import REVIEW, SIDE_BY_SIDE, fixed_views, moving_views
from Testing.scene.registration.seen_in_views import state_of


def opacity(panel: Any) -> float:
    return next(iter(fixed_views(panel.scene)))[1].GetForegroundOpacity()


def layout() -> int:
    import slicer

    return int(slicer.app.layoutManager().property("layout"))


def mixed(panel: Any) -> np.ndarray:
    from vtk.util.numpy_support import vtk_to_numpy

    node = panel.session.nodes.get("mixed_Red")
    return vtk_to_numpy(node.GetImageData().GetPointData().GetScalars()).copy()


def test_switching_modes_keeps_slices_zoom_and_window(an_open_panel: Any) -> None:
    nodes, box = an_open_panel.session.nodes, an_open_panel.see.ui.modeComboBox
    view = next(iter(fixed_views(an_open_panel.scene)))[0]
    view.SetFieldOfView(70.0, 70.0, 1.0)
    view.SetSliceOffset(3.5)
    before = remember(nodes)
    assert [box.itemData(row) for row in range(box.property("count"))] == list(MODES)
    for row in range(len(MODES)):
        box.setCurrentIndex(row)
        assert mode_of(nodes) == MODES[row]
        after = remember(nodes)
        assert after.windows == before.windows
        for name, slice_ in before.slices.items():
            np.testing.assert_array_equal(after.slices[name].slice_to_ras, slice_.slice_to_ras)
            assert after.slices[name].field_of_view_mm == slice_.field_of_view_mm


def test_the_slider_sets_the_opacity_of_a_blend_and_says_why_it_does_not(an_open_panel: Any) -> None:
    slider = an_open_panel.see.ui.opacitySlider
    assert "blend" in slider.property("toolTip")
    an_open_panel.change(mode="blend")
    assert slider.property("enabled")
    slider.setValue(0.8)
    assert opacity(an_open_panel) == pytest.approx(0.8)


@pytest.mark.parametrize("mode", ["rock", "flicker"])
def test_rocking_and_flickering_move_by_themselves_until_the_mode_changes(
    bench: Any, an_open_panel: Any, mode: str
) -> None:
    an_open_panel.change(mode=mode)
    an_open_panel.see.ui.periodSlider.setValue(0.3)
    seen = set()
    for _ in range(12):
        bench.process_events(50)
        seen.add(round(opacity(an_open_panel), 3))
    assert len(seen) >= 2
    assert max(seen) - min(seen) > 0.5
    an_open_panel.change(mode="blend")
    bench.process_events(100)
    assert opacity(an_open_panel) == pytest.approx(0.5)


def test_a_checkerboard_follows_slices_and_bones_and_its_size(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.change(mode="checkerboard")
    pictures = [mixed(an_open_panel)]

    def changed() -> bool:
        bench.process_events(60)
        pictures.append(mixed(an_open_panel))
        return pictures[-1].shape != pictures[-2].shape or bool((pictures[-1] != pictures[-2]).any())

    red = next(view for view, _ in fixed_views(an_open_panel.scene) if view.GetLayoutName() == "Red")
    red.SetSliceOffset(red.GetSliceOffset() + 4.0)
    assert changed()
    an_open_panel.correct.ui.moveRightButton.click()
    assert changed()
    an_open_panel.see.ui.sizeSlider.setValue(25.0)
    assert an_open_panel.state.square_mm == 25.0
    assert changed()
    node = an_open_panel.session.nodes.get("mixed_Red")
    matrix = red.GetXYToRAS().__class__()
    node.GetIJKToRASMatrix(matrix)
    np.testing.assert_allclose(to_numpy(matrix), to_numpy(red.GetXYToRAS()), atol=1e-9)


def test_many_changes_of_slices_become_one_new_picture(
    bench: Any, an_open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels.reviewing import picture

    an_open_panel.change(mode="spyglass")
    bench.process_events(60)
    calls = []
    monkeypatch.setattr(picture, "refresh_pictures", lambda *arguments: calls.append(arguments))
    for view, _ in fixed_views(an_open_panel.scene):
        for step in range(5):
            view.SetSliceOffset(float(step))
    bench.process_events(60)
    assert len(calls) == 1


def test_a_spyglass_is_drawn_at_once_in_its_own_size_and_never_as_a_checkerboard(
    bench: Any, an_open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_open_panel.see.ui.modeComboBox.setCurrentIndex(MODES.index("spyglass"))
    an_open_panel.see.ui.sizeSlider.setValue(8.0)
    an_open_panel.see.ui.modeComboBox.setCurrentIndex(MODES.index("contour"))
    bench.process_events(60)
    drawn: list[Any] = []
    real = mixed_pictures.refresh
    monkeypatch.setattr(mixed_pictures, "refresh", lambda *arguments: drawn.append(arguments[2]) or real(*arguments))
    an_open_panel.see.ui.modeComboBox.setCurrentIndex(MODES.index("spyglass"))
    assert [(type(pattern), pattern.radius_mm) for pattern in drawn] == 3 * [(Spyglass, 8.0)]
    bench.process_events(60)
    assert len(drawn) == 3


def test_the_spyglass_has_its_own_size_and_follows_the_mouse(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.change(mode="spyglass")
    bench.process_events(60)
    slider = an_open_panel.see.ui.sizeSlider
    assert slider.property("value") == 20.0
    slider.setValue(8.0)
    assert (an_open_panel.state.radius_mm, an_open_panel.state.square_mm) == (8.0, 12.0)
    bench.process_events(60)
    before = mixed(an_open_panel)
    crosshair = an_open_panel.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    red = next(view for view, _ in fixed_views(an_open_panel.scene) if view.GetLayoutName() == "Red")
    crosshair.SetCursorPositionXYZ([120.0, 150.0, 0.0], red)
    place = red.GetXYToRAS().MultiplyPoint((120.0, 150.0, 0.0, 1.0))[:3]
    crosshair.SetCursorPositionRAS(place)
    bench.process_events(60)
    assert (mixed(an_open_panel) != before).any()


def test_before_after_and_knee_change_what_the_mr_lies_under(an_open_panel: Any) -> None:
    box, nodes = an_open_panel.see.ui.motionComboBox, an_open_panel.session.nodes
    for state in ("auto", "knee", "after"):
        box.setCurrentIndex(box.findData(state))
        assert state_of(nodes) == state


def test_bones_are_colored_by_the_error_and_get_their_colors_back(an_open_panel: Any) -> None:
    display = an_open_panel.session.nodes.surface("femur").GetDisplayNode()
    check = an_open_panel.see.ui.errorCheckBox
    check.click()
    assert display.GetScalarVisibility()
    check.click()
    assert not display.GetScalarVisibility()


def test_the_worst_patch_is_jumped_to(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.see.ui.worstButton.click()
    patch = max(an_open_panel.session.record.patches, key=lambda patch: patch.estimated_mm)
    offsets = {view.GetLayoutName(): view.GetSliceOffset() for view, _ in fixed_views(an_open_panel.scene)}
    assert offsets["Red"] == pytest.approx(patch.ct_mm[2])
    assert patch.id in bench.dialogs.status_messages[-1]


def test_the_views_are_arranged_and_the_mr_is_seen_in_its_own_frame(an_open_panel: Any) -> None:
    assert layout() == REVIEW
    an_open_panel.see.ui.sideBySideLayoutButton.click()
    assert layout() == SIDE_BY_SIDE
    assert an_open_panel.state.mode == "side by side"
    for _, composite in moving_views(an_open_panel.scene):
        assert composite.GetBackgroundVolumeID() == an_open_panel.session.nodes.get("mr_own_frame").GetID()
    an_open_panel.see.ui.reviewLayoutButton.click()
    assert layout() == REVIEW
    assert an_open_panel.state.mode == "contour"


def test_side_by_side_the_crosshair_of_one_scan_leads_the_other(an_open_panel: Any) -> None:
    an_open_panel.see.ui.sideBySideLayoutButton.click()
    session, scene = an_open_panel.session, an_open_panel.scene
    crosshair = scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    fixed = {view.GetLayoutName(): view for view, _ in fixed_views(scene)}
    moving = {view.GetLayoutName(): view for view, _ in moving_views(scene)}
    point = session.corrections.center_ras_mm("femur") + (5.0, 3.0, 9.0)
    there = (np.linalg.inv(session.corrections.composed("femur")) @ np.append(point, 1.0))[:3]
    crosshair.SetCursorPositionXYZ([10.0, 10.0, 0.0], fixed["Red"])
    crosshair.SetCrosshairRAS(*point)
    assert moving["MovingRed"].GetSliceOffset() == pytest.approx(there[2])
    crosshair.SetCursorPositionXYZ([10.0, 10.0, 0.0], moving["MovingRed"])
    crosshair.SetCrosshairRAS(*(there + (0.0, 0.0, 4.0)))
    back = session.corrections.composed("femur") @ np.append(there + (0.0, 0.0, 4.0), 1.0)
    assert fixed["Red"].GetSliceOffset() == pytest.approx(back[2])
