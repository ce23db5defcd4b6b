"""Moving bones by buttons, keys, numbers and handles, and taking it back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vtk

from CTSMALib.registration.record_folder import load_record
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.scene.registration.matrices import to_numpy, to_vtk
from CTSMALib.scene.registration.review_nodes import matrices
from CTSMAPanels.reviewing.keys import NUDGES, Nudge
from Testing.scene.registration.seen_in_views import handles_shown


def user(panel: Any, bone: str = "femur") -> np.ndarray:
    """T_user of a bone as the views show it."""
    return matrices(panel.session.nodes, bone).user


def center(panel: Any) -> np.ndarray:
    return panel.session.corrections.center_ras_mm("femur")


@pytest.mark.parametrize("nudge", NUDGES, ids=lambda nudge: nudge.button)
def test_every_nudge_button_moves_the_bone_the_way_it_says(an_open_panel: Any, nudge: Nudge) -> None:
    before = center(an_open_panel)
    an_open_panel.change(step=2.0)
    button = getattr(an_open_panel.correct.ui, nudge.button)
    assert nudge.key.replace("Shift+", "⇧") in button.property("text")
    assert nudge.key in button.property("toolTip")
    button.click()
    moved = user(an_open_panel)
    if nudge.turns:
        turn, axis = moved[:3, :3], np.array(nudge.axis)
        angle = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
        curl = [turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]
        assert angle == pytest.approx(2.0)
        assert np.dot(curl, axis) > 0
        np.testing.assert_allclose(center(an_open_panel), before, atol=1e-9)
    else:
        np.testing.assert_allclose(moved[:3, 3], 2.0 * np.array(nudge.axis), atol=1e-12)
    assert not np.allclose(load_record(an_open_panel.session.folder).bone("femur").user_moving_to_fixed_ras, np.eye(4))


def test_turn_buttons_do_what_their_words_say(an_open_panel: Any) -> None:
    """The top of a bone goes to the right, its front to the left, its front up."""
    an_open_panel.change(step=2.0)
    middle = center(an_open_panel)
    expected = {
        "turnTopRightButton": ((0, 0, 10), 0, 1),  # a point above the center goes along R
        "turnFrontLeftButton": ((0, 10, 0), 0, -1),
        "turnFrontUpButton": ((0, 10, 0), 2, 1),
    }
    for name, (offset, axis, sign) in expected.items():
        getattr(an_open_panel.correct.ui, name).click()
        point = np.append(middle + offset, 1.0)
        assert sign * (user(an_open_panel) @ point - point)[axis] > 0.3, name
        an_open_panel.correct.ui.undoButton.click()


def test_undo_by_button_restores_the_matrices_exactly(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.correct.ui
    before = user(an_open_panel)
    ui.moveUpButton.click()
    an_open_panel.numbers.settle()
    after = user(an_open_panel)
    ui.turnTopLeftButton.click()
    bench.process_events(100)
    assert "Turn 0.5° top left (femur)" in ui.undoButton.property("text")
    assert "Turn 0.5° top left (femur)" in ui.undoButton.property("toolTip")
    ui.undoButton.click()
    assert np.array_equal(user(an_open_panel), after)
    bench.process_events(100)
    assert "Turn 0.5° top left (femur)" in ui.redoButton.property("text")
    ui.undoButton.click()
    assert np.array_equal(user(an_open_panel), before)
    ui.redoButton.click()
    assert np.array_equal(user(an_open_panel), after)
    bench.process_events(100)
    ui.resetButton.click()
    assert np.array_equal(user(an_open_panel), np.eye(4))


def test_quick_nudges_are_one_step_and_a_pause_ends_it(bench: Any, an_open_panel: Any) -> None:
    ui = an_open_panel.correct.ui
    for _ in range(3):
        ui.moveUpButton.click()
    bench.process_events(500)
    assert "Move 1.5 mm up (femur)" in ui.undoButton.property("text")
    ui.moveUpButton.click()
    assert user(an_open_panel)[2, 3] == pytest.approx(2.0)
    ui.undoButton.click()
    assert user(an_open_panel)[2, 3] == pytest.approx(1.5)
    ui.undoButton.click()
    assert user(an_open_panel)[2, 3] == 0.0


def test_keys_act_only_while_the_module_is_open(bench: Any, an_open_panel: Any) -> None:
    from PySide6 import QtCore, QtTest

    key, shift = QtCore.Qt.Key, QtCore.Qt.KeyboardModifier.ShiftModifier
    window = an_open_panel.widget
    window.show()
    window.activateWindow()
    bench.process_events(50)

    def press(*keys: Any) -> None:
        QtTest.QTest.keyClick(window, *keys)

    press(key.Key_3)
    assert an_open_panel.state.step == 2.0
    press(key.Key_I)
    assert user(an_open_panel)[2, 3] == 2.0
    press(key.Key_I, shift)
    assert user(an_open_panel)[1, 1] < 1.0
    press(key.Key_Z)
    press(key.Key_Z)
    assert np.array_equal(user(an_open_panel), np.eye(4))
    press(key.Key_Z, shift)
    assert user(an_open_panel)[2, 3] == 2.0
    press(key.Key_Q)
    assert an_open_panel.state.shown == "auto"
    press(key.Key_Q)
    an_open_panel.exit()
    press(key.Key_I)
    assert user(an_open_panel)[2, 3] == 2.0
    an_open_panel.enter()
    press(key.Key_I)
    assert user(an_open_panel)[2, 3] == 4.0
    window.hide()


def test_letters_typed_into_a_field_move_nothing(bench: Any, an_open_panel: Any) -> None:
    from PySide6 import QtTest

    window, field = an_open_panel.widget, an_open_panel.judging.ui.reasonEdit
    window.show()
    window.activateWindow()
    field.setFocus()
    bench.process_events(50)
    QtTest.QTest.keyClicks(field, "jail 12")
    assert field.property("text") == "jail 12"
    assert np.array_equal(user(an_open_panel), np.eye(4))
    window.hide()


def test_numbers_move_three_millimeters_and_three_degrees_about_the_center(bench: Any, an_open_panel: Any) -> None:
    ui, before = an_open_panel.correct.ui, center(an_open_panel)
    assert not ui.applyButton.property("enabled")
    ui.shiftASpinBox.setValue(3.0)
    ui.turnSSpinBox.setValue(3.0)
    assert ui.applyButton.property("enabled")
    ui.applyButton.click()
    np.testing.assert_allclose(center(an_open_panel) - before, (0, 3, 0), atol=1e-9)
    assert an_open_panel.session.corrections.amount("femur") == pytest.approx((3.0, 3.0))
    assert ui.shiftASpinBox.property("value") == 0.0
    assert len(an_open_panel.session.history.names) == 1


def test_the_whole_knee_moves_as_one(an_open_panel: Any) -> None:
    an_open_panel.change(subject="knee")
    an_open_panel.correct.ui.moveDownButton.click()
    assert {user(an_open_panel, bone)[2, 3] for bone in an_open_panel.session.bones} == {-0.5}
    an_open_panel.correct.ui.turnRSpinBox.setValue(1.0)
    an_open_panel.correct.ui.shiftRSpinBox.setValue(1.0)
    an_open_panel.correct.ui.applyButton.click()
    for bone in an_open_panel.session.bones:
        assert an_open_panel.session.corrections.amount(bone)[1] == pytest.approx(1.0)


def test_the_choice_of_a_bone_is_what_the_mr_follows(an_open_panel: Any) -> None:
    box, session = an_open_panel.correct.ui.subjectComboBox, an_open_panel.session
    box.setCurrentIndex(box.findData("tibia"))
    assert session.active == "tibia"
    assert session.nodes.mr.GetTransformNodeID() == session.nodes.auto("tibia").GetID()
    steps = an_open_panel.correct.ui.stepComboBox
    steps.setCurrentIndex(steps.findData(0.1))
    an_open_panel.correct.ui.moveLeftButton.click()
    assert user(an_open_panel, "tibia")[0, 3] == pytest.approx(-0.1)


def test_handles_are_shown_on_the_bone_and_a_drag_is_a_step(bench: Any, an_open_panel: Any) -> None:
    ui, session = an_open_panel.correct.ui, an_open_panel.session
    assert not ui.anywhereCheckBox.property("enabled")
    ui.handlesCheckBox.click()
    assert handles_shown(session.nodes) == ("femur",)
    ui.anywhereCheckBox.click()
    assert an_open_panel.state.anywhere
    dragged = np.eye(4)
    dragged[:3, 3] = (0.0, 2.5, 0.0)
    session.nodes.user("femur").SetMatrixTransformToParent(to_vtk(dragged))
    assert session.undo_name == "Drag by 2.5 mm and 0.0° (femur)"
    np.testing.assert_allclose(session.corrections.user["femur"], dragged, atol=1e-9)
    ui.undoButton.click()
    assert np.array_equal(user(an_open_panel), np.eye(4))
    ui.handlesCheckBox.click()
    assert handles_shown(session.nodes) == ()


def test_the_numbers_follow_without_holding_the_view_up(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.numbers.measure()  # prepares
    ui = an_open_panel.correct.ui
    before = ui.numbersLabel.property("text")
    assert "Contour distance" in before
    ui.moveFrontButton.click()
    assert ui.numbersLabel.property("text") == before
    bench.process_events(300)
    assert "corrected by 0.5 mm" in ui.numbersLabel.property("text")
    box = ui.subjectComboBox
    box.setCurrentIndex(box.findData("tibia"))
    assert "prepared" in ui.numbersLabel.property("text")


def test_nothing_can_be_moved_while_an_earlier_motion_is_shown(an_open_panel: Any) -> None:
    an_open_panel.change(shown="auto")
    button = an_open_panel.correct.ui.moveUpButton
    assert not button.property("enabled")
    assert "earlier motion" in button.property("toolTip")
    an_open_panel.actions.nudge(NUDGES[0])
    assert np.array_equal(user(an_open_panel), np.eye(4))


def finish_refining(panel: Any) -> np.ndarray:
    """Plays the worker that was asked to refine: bones lie 0.9 mm further in front.

    Returns:
        (4, 4) the new motion of the femur.
    """
    from dataclasses import replace

    from CTSMALib.registration.record import EarlierRun, rows
    from CTSMALib.registration.record_folder import write_record

    runner = panel.jobs.runner
    own = load_record(panel.session.folder)
    new = np.array(own.bone("femur").auto_moving_to_fixed_ras)
    new[:3, 3] += (0.0, 0.9, 0.0)
    bones = tuple(
        replace(bone, auto_moving_to_fixed_ras=rows(new), user_moving_to_fixed_ras=rows(np.eye(4)))
        for bone in own.bones
    )
    earlier = EarlierRun(own.created, own.software_version, own.first_stage, own.stages, own.bones, own.local, ())
    runner.out.mkdir(parents=True)
    write_record(
        replace(own, bones=bones, created="2030-01-01T00:00:00+00:00", earlier=(*own.earlier, earlier)), runner.out
    )
    runner.say(event="result", path=str(runner.out))
    runner.end()
    return new


def test_a_refinement_that_ends_during_a_second_reading_moves_nothing_and_says_why(
    bench: Any, an_open_panel: Any
) -> None:
    an_open_panel.correct.ui.refineButton.click()
    an_open_panel.change(second_reading=True)
    femur = an_open_panel.session.corrections.composed("femur")
    finish_refining(an_open_panel)
    assert "judges the bones as they lie" in bench.dialogs.texts("error")[-1]
    np.testing.assert_array_equal(an_open_panel.session.corrections.composed("femur"), femur)


def test_only_what_is_under_work_is_sought_anew(an_open_panel: Any) -> None:
    jobs = an_open_panel.jobs
    for subject, button, asked in (("tibia", "refineButton", ["--bones=tibia"]), ("tibia", "judgeButton", [])):
        an_open_panel.change(subject=subject)
        getattr(an_open_panel.correct.ui, button).click()
        assert [word for word in jobs.runner.arguments if word.startswith("--bones")] == asked
        jobs.runner.fail_with("Cancelled.", "", kind="cancelled")


def test_what_leads_a_refinement_is_chosen(an_open_panel: Any) -> None:
    guides, ui, jobs = an_open_panel.scans.ui.guideComboBox, an_open_panel.correct.ui, an_open_panel.jobs
    for chosen, told in (("both", "Both"), ("synthetic", "A synthetic CT"), ("mr", "The MR itself")):
        guides.setCurrentIndex(guides.findData(chosen))
        assert f"Register with: {told}" in ui.refineButton.property("toolTip")
        for button, leads in ((ui.refineButton, chosen), (ui.judgeButton, "mr")):  # judging finds nothing anew
            button.click()
            assert [word for word in jobs.runner.arguments if word.startswith("--with")] == [f"--with={leads}"]
            jobs.runner.fail_with("Cancelled.", "", kind="cancelled")


def test_refine_takes_the_new_motion_of_that_bone_only(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.correct.ui.moveFrontButton.click()
    an_open_panel.correct.ui.refineButton.click()
    runner = an_open_panel.jobs.runner
    assert runner.arguments[0] == "register"
    assert "--from-stage=bones" in runner.arguments
    assert runner.arguments[runner.arguments.index("--initial") + 1] == str(an_open_panel.session.folder)
    assert "Another job" in an_open_panel.correct.ui.judgeButton.property("toolTip")
    tibia = an_open_panel.session.corrections.composed("tibia")
    new = finish_refining(an_open_panel)
    assert bench.dialogs.texts("error") == []
    np.testing.assert_allclose(an_open_panel.session.corrections.composed("femur"), new)
    np.testing.assert_array_equal(an_open_panel.session.corrections.composed("tibia"), tibia)
    an_open_panel.correct.ui.undoButton.click()
    corrections = Corrections.of_record(an_open_panel.session.record)
    assert corrections.user["femur"][1, 3] == pytest.approx(0.5)


def test_as_found_shows_what_was_found_anew_and_what_was_found_before_after_undoing_it(an_open_panel: Any) -> None:
    def shown() -> np.ndarray:
        matrix = vtk.vtkMatrix4x4()
        an_open_panel.session.nodes.mr.GetParentTransformNode().GetMatrixTransformToWorld(matrix)
        return np.asarray(to_numpy(matrix))

    before = an_open_panel.session.corrections.auto["femur"]
    an_open_panel.correct.ui.refineButton.click()
    an_open_panel.change(shown="auto")
    np.testing.assert_allclose(shown(), before)
    new = finish_refining(an_open_panel)
    np.testing.assert_allclose(shown(), new)
    an_open_panel.correct.ui.undoButton.click()
    np.testing.assert_allclose(shown(), before)
