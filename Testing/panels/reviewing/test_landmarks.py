"""Pairs of points, placed by mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vtk

from CTSMALib.scene.registration.review_layout import fixed_views
from Testing.scene.registration.seen_in_views import points_drawn

OFFSETS = ((25, 0, 15), (-25, 0, 15), (0, 20, 20), (0, -20, 25), (12, 8, 30))
WRONG = np.array([0.0, 1.0, 0.0])  # the made-up registration is off by this, so that the MR shows points that far away


def place(panel: Any, scan: str, world: np.ndarray) -> None:
    """The user clicks a button, then a place in a view."""
    ui = panel.landmarks.ui
    (ui.ctPointButton if scan == "ct" else ui.mrPointButton).click()
    selection = panel.scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    node = panel.scene.GetNodeByID(selection.GetActivePlaceNodeID())
    node.AddControlPointWorld(vtk.vtkVector3d(*world.tolist()))


def add_pairs(panel: Any, count: int) -> None:
    joint = panel.session.corrections.center_ras_mm("femur")
    panel.landmarks.ui.snapCheckBox.setChecked(False)
    for offset in OFFSETS[:count]:
        place(panel, "ct", joint + offset)
        place(panel, "mr", joint + offset - WRONG)
        panel.landmarks.ui.addButton.click()


def texts(table: Any, column: int) -> list[str]:
    return [table.item(row, column).text() for row in range(table.property("rowCount"))]


def test_a_pair_is_placed_added_and_measured(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.landmarks.ui
    assert "Place the point" in ui.addButton.property("toolTip")
    joint = an_open_panel.session.corrections.center_ras_mm("femur")
    place(an_open_panel, "ct", joint)
    interaction = an_open_panel.scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    assert "CT" in ui.pointsLabel.property("text")
    assert not ui.addButton.property("enabled")
    place(an_open_panel, "mr", joint + (0, 0, 2))
    assert ui.addButton.property("enabled")
    ui.snapCheckBox.setChecked(False)
    ui.addButton.click()
    bench.process_events(250)
    assert texts(ui.landmarkTable, 3) == ["2.00"]
    assert "mean 2.00 mm, largest 2.00 mm (1)" in ui.errorsLabel.property("text")
    assert {*points_drawn(an_open_panel.session.nodes, "ct")} == {"1"}
    assert an_open_panel.scene.GetFirstNodeByName("CT point") is None
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform


def test_a_fit_corrects_the_bone_and_held_out_points_measure_it(bench: Any, an_open_panel: Any) -> None:
    ui, session = an_open_panel.landmarks.ui, an_open_panel.session
    add_pairs(an_open_panel, 2)
    bench.process_events(250)
    assert "there are 2" in ui.fitButton.property("toolTip")
    add_pairs(an_open_panel, 5)
    bench.process_events(250)
    ui.landmarkTable.selectRow(6)
    ui.holdOutButton.click()
    bench.process_events(250)
    assert texts(ui.landmarkTable, 2)[6] == "yes"
    ui.fitButton.click()
    bench.process_events(250)
    np.testing.assert_allclose(session.corrections.user["femur"][:3, 3], WRONG, atol=1e-6)
    assert set(texts(ui.landmarkTable, 3)) == {"0.00"}
    assert "held out: mean 0.00 mm" in ui.errorsLabel.property("text")
    an_open_panel.correct.ui.undoButton.click()
    assert np.array_equal(session.corrections.user["femur"], np.eye(4))


def test_a_row_moves_the_views_to_the_point_and_delete_takes_it_away(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.landmarks.ui
    assert "Choose a pair" in ui.deleteButton.property("toolTip")
    add_pairs(an_open_panel, 2)
    bench.process_events(250)
    ui.landmarkTable.selectRow(1)
    expected = an_open_panel.session.corrections.center_ras_mm("femur") + OFFSETS[1]
    red = next(view for view, _ in fixed_views(an_open_panel.scene) if view.GetLayoutName() == "Red")
    assert red.GetSliceOffset() == pytest.approx(expected[2])
    ui.deleteButton.click()
    bench.process_events(250)
    assert texts(ui.landmarkTable, 0) == ["1"]


def test_snap_moves_both_points_to_the_edge(bench: Any, an_open_panel: Any, a_pair: Any) -> None:
    from CTSMALib.registration.fixed_knee import FixedKnee

    knee = FixedKnee(a_pair.ct, a_pair.labels)
    surface = knee.surface("femur")
    index = len(surface.points_mm) // 2
    near = (surface.points_mm[index] + 1.2 * surface.normals[index]) * (-1, -1, 1)
    ui = an_open_panel.landmarks.ui
    place(an_open_panel, "ct", near)
    place(an_open_panel, "mr", near)
    ui.snapCheckBox.setChecked(False)
    ui.addButton.click()
    bench.process_events(250)
    ui.landmarkTable.selectRow(0)
    ui.snapButton.click()
    (pair,) = an_open_panel.session.record.landmarks
    away = np.linalg.norm(surface.points_mm - np.array(pair.ct_lps_mm), axis=1).min()
    assert away < 0.8
    assert np.linalg.norm(np.array(pair.ct_lps_mm) * (-1, -1, 1) - near) > 0.5


def test_side_by_side_a_point_of_the_mr_is_where_it_was_clicked(an_open_panel: Any) -> None:
    an_open_panel.change(mode="side by side")
    session = an_open_panel.session
    joint = session.corrections.center_ras_mm("femur")
    there = np.linalg.inv(session.corrections.composed("femur")) @ np.append(joint, 1.0)
    place(an_open_panel, "ct", joint)
    place(an_open_panel, "mr", there[:3])
    an_open_panel.landmarks.ui.snapCheckBox.setChecked(False)
    an_open_panel.landmarks.ui.heldOutCheckBox.setChecked(True)
    an_open_panel.landmarks.ui.addButton.click()
    (error,) = session.point_errors()
    assert error.error_mm == pytest.approx(0.0, abs=1e-9)
    assert error.pair.held_out


def test_points_belong_to_a_bone_not_to_the_knee(an_open_panel: Any) -> None:
    an_open_panel.change(subject="knee")
    assert "choose a bone" in an_open_panel.landmarks.ui.ctPointButton.property("toolTip")


def test_pairs_are_drawn_where_they_lie_now(bench: Any, an_open_panel: Any) -> None:
    import slicer

    nodes, red = an_open_panel.session.nodes, slicer.app.layoutManager().sliceWidget("Red")
    add_pairs(an_open_panel, 2)
    an_open_panel.landmarks.ui.landmarkTable.selectRow(0)
    drawn = bench.view_picture(red, size=(400, 400))
    an_open_panel.correct.ui.moveFrontButton.click()
    an_open_panel.correct.ui.moveFrontButton.click()
    for name, place in points_drawn(nodes, "mr").items():
        np.testing.assert_allclose(place, points_drawn(nodes, "ct")[name], atol=1e-6)
    an_open_panel.landmarks.ui.pointsCheckBox.click()
    assert points_drawn(nodes, "ct") == {}
    hidden = bench.view_picture(red, size=(400, 400))
    green = [(p[..., 1].astype(int) - p[..., 0] > 60).sum() for p in (drawn, hidden)]
    assert green[0] > green[1] + 20
    an_open_panel.landmarks.ui.pointsCheckBox.click()
    assert set(points_drawn(nodes, "mr")) == {"1", "2"}


def test_a_point_of_the_mr_stays_on_what_it_marks_when_the_bone_moves(an_open_panel: Any) -> None:
    session = an_open_panel.session
    joint = session.corrections.center_ras_mm("femur")
    there = (np.linalg.inv(session.corrections.composed("femur")) @ np.append(joint, 1.0))[:3]
    place(an_open_panel, "ct", joint)
    place(an_open_panel, "mr", joint)
    node = an_open_panel.scene.GetFirstNodeByName("MR point")
    an_open_panel.correct.ui.moveFrontButton.click()
    np.testing.assert_allclose(node.GetNthControlPointPositionWorld(0), joint + (0.0, 0.5, 0.0), atol=1e-6)
    an_open_panel.change(subject="tibia")
    tibia = (session.corrections.composed("tibia") @ np.append(there, 1.0))[:3]
    np.testing.assert_allclose(node.GetNthControlPointPositionWorld(0), tibia, atol=1e-6)
    an_open_panel.change(subject="femur")
    an_open_panel.landmarks.ui.snapCheckBox.setChecked(False)
    an_open_panel.landmarks.ui.addButton.click()
    (pair,) = session.record.landmarks
    np.testing.assert_allclose(np.array(pair.mr_lps_mm) * (-1, -1, 1), there, atol=1e-6)
