"""A review beside other modules: their views, their results, and scans that went while a job ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.scene.model_nodes import add_model, no_boxes
from CTSMALib.scene.registration.matrices import to_vtk
from CTSMALib.scene.registration.modes import mode_of
from CTSMALib.scene.registration.review_layout import REVIEW, fixed_views
from CTSMALib.scene.result_nodes import RESULT_ATTRIBUTE, RESULT_VERSION
from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.conftest import write_registration
from Testing.panels.reviewing.test_landmarks import add_pairs, place
from Testing.scene.registration.seen_in_views import handles_shown, points_drawn

CONVENTIONAL = 2


@pytest.fixture()
def a_result(scene: Any) -> Any:
    """A result of the module CTSMA that is shown: patches in the label layer, a bone in 3D."""
    node = scene.AddNewNodeByClass("vtkMRMLTextNode", "a result")
    node.SetAttribute(RESULT_ATTRIBUTE, RESULT_VERSION)
    node.SetNodeReferenceID("surface_femur", add_model(scene, "femur", no_boxes(), (1, 2, 3)).GetID())
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "patches")
    node.SetNodeReferenceID("patch_labels", labels.GetID())
    for _, composite in fixed_views(scene):
        composite.SetLabelVolumeID(labels.GetID())
    return node


def is_shown(scene: Any, result: Any) -> set[bool]:
    """Whether the bone and the patches are seen."""
    labels = {composite.GetLabelVolumeID() for _, composite in fixed_views(scene)}
    patches = labels == {result.GetNodeReference("patch_labels").GetID()}
    assert patches or labels == {None}
    return {bool(result.GetNodeReference("surface_femur").GetDisplayNode().GetVisibility()), patches}


def layout() -> int:
    import slicer

    return int(slicer.app.layoutManager().property("layout"))


def begin_registering(panel: Any, scans: tuple[Any, Any], out: Path) -> None:
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(out))
    panel.scans.ui.registerButton.click()


def end_registering(panel: Any, pair: MadeUpPair) -> None:
    runner = panel.jobs.runner
    write_registration(pair, runner.out)
    runner.say(event="result", path=str(runner.out))
    runner.end()


def test_a_registration_that_is_ready_leaves_the_views_of_another_module_alone(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], a_result: Any, tmp_path: Path, a_pair: MadeUpPair
) -> None:
    import slicer

    begin_registering(a_panel, scans, tmp_path / "new")
    a_panel.exit()
    scene = a_panel.scene
    slicer.app.layoutManager().setLayout(CONVENTIONAL)
    for view, composite in fixed_views(scene):
        view.SetSliceOffset(3.0)
        composite.SetBackgroundVolumeID(scans[0].GetID())

    def views() -> list[tuple[Any, ...]]:
        return [
            (view.GetSliceOffset(), view.GetFieldOfView(), each.GetBackgroundVolumeID(), each.GetLinkedControl())
            for view, each in fixed_views(scene)
        ]

    before = views()
    end_registering(a_panel, a_pair)
    nodes = a_panel.session.nodes
    assert (layout(), views()) == (CONVENTIONAL, before)
    assert is_shown(scene, a_result) == {True}
    assert not nodes.surface("femur").GetDisplayNode().GetVisibility()
    assert "ready" in bench.dialogs.status_messages[-1]
    a_panel.judging.ui.reviewerEdit.setText("Reader A")
    a_panel.session.decide("femur", "accepted")  # as a script may do
    bench.process_events(50)
    assert views() == before
    a_panel.enter()
    assert layout() == REVIEW and mode_of(nodes) == "contour"
    assert {shown[2] for shown in views()} == {scans[1].GetID()}
    assert nodes.surface("femur").GetDisplayNode().GetVisibility()
    assert is_shown(scene, a_result) == {False}
    assert views()[0][0] == pytest.approx(3.0, abs=300.0) and views()[0][0] != before[0][0]


def test_views_are_arranged_once_and_then_the_users(a_panel: Any, an_open_panel: Any) -> None:
    import slicer

    an_open_panel.exit()
    slicer.app.layoutManager().setLayout(CONVENTIONAL)
    an_open_panel.enter()
    assert layout() == CONVENTIONAL


def test_results_are_hidden_while_a_registration_is_judged(an_open_panel: Any, a_result: Any) -> None:
    panel, scene = an_open_panel, an_open_panel.scene
    assert is_shown(scene, a_result) == {True}  # it came while the review was open
    panel.exit()
    panel.enter()
    assert is_shown(scene, a_result) == {False}
    panel.exit()
    assert is_shown(scene, a_result) == {True}
    panel.enter()
    panel.scans.ui.closeButton.click()
    assert is_shown(scene, a_result) == {True}
    panel.scans.ui.openButton.click()
    assert is_shown(scene, a_result) == {False}


def test_modes_that_move_stand_still_in_another_module(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.change(mode="flicker")
    an_open_panel.exit()
    an_open_panel.apply(an_open_panel.state, everything=True)  # as when a scene is added
    _, composite = next(fixed_views(an_open_panel.scene))
    composite.SetForegroundOpacity(0.3)
    bench.process_events(150)
    assert composite.GetForegroundOpacity() == pytest.approx(0.3)


def bones_shown(panel: Any) -> set[bool]:
    nodes = panel.session.nodes
    return {bool(nodes.surface(bone).GetDisplayNode().GetVisibility()) for bone in nodes.bones}


def test_nothing_of_a_review_lies_in_another_module_or_is_moved_there(bench: Any, an_open_panel: Any) -> None:
    panel, nodes = an_open_panel, an_open_panel.session.nodes
    add_pairs(panel, 1)
    panel.change(handles=True, anywhere=True)

    def seen() -> tuple[Any, ...]:
        lines = bool(nodes.get("points_lines").GetDisplayNode().GetVisibility())
        return bones_shown(panel), set(points_drawn(nodes, "ct")), set(points_drawn(nodes, "mr")), lines, handles()

    def handles() -> tuple[str, ...]:
        return handles_shown(nodes)

    before = seen()
    assert before == ({True}, {"1"}, {"1"}, True, ("femur",))
    panel.exit()
    assert seen() == ({False}, set(), set(), False, ())
    panel.apply(panel.state, everything=True)  # as when a scene is added
    panel.session.hold_out("1", True)  # as a script may do
    assert seen() == ({False}, set(), set(), False, ())
    panel.enter()
    assert seen() == before
    panel.exit()
    step, dragged = panel.session.undo_name, np.eye(4)
    dragged[:3, 3] = (0.0, 2.5, 0.0)
    nodes.user("femur").SetMatrixTransformToParent(to_vtk(dragged))
    assert panel.session.undo_name == step


def test_points_that_are_no_pair_yet_wait_while_another_module_is_open(an_open_panel: Any) -> None:
    panel, scene = an_open_panel, an_open_panel.scene
    place(panel, "ct", panel.session.corrections.center_ras_mm("femur"))
    panel.landmarks.ui.mrPointButton.click()
    interaction = scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
    display = scene.GetFirstNodeByName("CT point").GetDisplayNode()
    assert display.GetVisibility() and interaction.GetCurrentInteractionMode() == interaction.Place
    panel.exit()
    assert not display.GetVisibility() and interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    panel.enter()
    assert display.GetVisibility() and panel.actions.points.placed("ct")


def test_a_review_that_came_while_another_module_was_open_is_shown_though_its_scene_is_opened_again(
    a_panel: Any, scans: tuple[Any, Any], a_folder: Path
) -> None:
    a_panel.exit()
    a_panel.open_review(a_folder, *scans)
    assert bones_shown(a_panel) == {False}
    a_panel.scene_closing()
    a_panel.enter()
    a_panel.read_scene()
    assert bones_shown(a_panel) == {True}


def test_bones_that_were_hidden_for_a_review_of_a_saved_scene_stay_the_users(an_open_panel: Any, a_result: Any) -> None:
    bone = a_result.GetNodeReference("surface_femur")
    an_open_panel.exit()
    an_open_panel.enter()
    an_open_panel.scene_closing()
    an_open_panel.read_scene()
    an_open_panel.exit()
    assert not bone.GetDisplayNode().GetVisibility()


def test_mixed_pictures_wait_while_another_module_is_open(
    bench: Any, an_open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels.reviewing import picture

    made: list[Any] = []
    an_open_panel.change(mode="checkerboard")
    bench.process_events(50)
    view, _ = next(fixed_views(an_open_panel.scene))
    monkeypatch.setattr(picture, "refresh_pictures", lambda *given: made.append(given))
    an_open_panel.picture.refresh_soon()
    an_open_panel.exit()
    view.SetSliceOffset(view.GetSliceOffset() + 1.0)
    an_open_panel.session.move("femur", (1.0, 0.0, 0.0))
    bench.process_events(100)
    assert made == []
    an_open_panel.enter()
    view.SetSliceOffset(view.GetSliceOffset() + 1.0)
    bench.process_events(100)
    assert made


def lay_over_the_ct(scene: Any, ct: Any) -> str:
    """What the user sees in another module; the ID of what lies over the CT."""
    other = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "a map")
    for _, composite in fixed_views(scene):
        composite.SetBackgroundVolumeID(ct.GetID())
        composite.SetForegroundVolumeID(other.GetID())
        composite.SetForegroundOpacity(0.6)
    return str(other.GetID())


@pytest.mark.parametrize("back", [False, True])
def test_what_a_user_sees_in_another_module_is_there_after_the_review(
    bench: Any, an_open_panel: Any, scans: tuple[Any, Any], back: bool
) -> None:
    an_open_panel.change(mode="red-cyan")
    an_open_panel.exit()
    other = lay_over_the_ct(an_open_panel.scene, scans[0])
    if back:
        an_open_panel.enter()
    an_open_panel.scans.ui.closeButton.click()
    for _, composite in fixed_views(an_open_panel.scene):
        assert composite.GetBackgroundVolumeID() == scans[0].GetID()
        assert composite.GetForegroundVolumeID() == other
        assert composite.GetForegroundOpacity() == pytest.approx(0.6)


@pytest.mark.parametrize("deleted", [0, 1])
def test_a_scan_that_was_deleted_while_it_was_registered_is_told(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], tmp_path: Path, a_pair: MadeUpPair, deleted: int
) -> None:
    begin_registering(a_panel, scans, tmp_path / "new")
    scene = a_panel.scene
    scene.RemoveNode(scans[deleted])
    a_panel.node_removed(scans[deleted])
    before = scene.GetNumberOfNodes()
    end_registering(a_panel, a_pair)
    (told,) = bench.dialogs.texts("error")
    assert f"The {('CT', 'MR')[deleted]} is registered" in told and str(tmp_path / "new") in told
    assert a_panel.session is None
    assert scene.GetNumberOfNodes() == before


def test_another_choice_meanwhile_does_not_change_what_is_opened(
    a_panel: Any, scans: tuple[Any, Any], tmp_path: Path, a_pair: MadeUpPair
) -> None:
    begin_registering(a_panel, scans, tmp_path / "new")
    a_panel.scans.ui.mrSelector.setCurrentNode(None)
    end_registering(a_panel, a_pair)
    assert a_panel.session.nodes.mr is scans[1] and a_panel.state.mr == scans[1].GetID()


@pytest.mark.parametrize("mode", ["red-cyan", "checkerboard", "contour"])
def test_the_ct_is_shown_in_gray_after_a_review(an_open_panel: Any, scans: tuple[Any, Any], mode: str) -> None:
    own = [scan.GetDisplayNode().GetColorNodeID() for scan in scans]
    an_open_panel.change(mode=mode)
    an_open_panel.scans.ui.closeButton.click()
    for _, composite in fixed_views(an_open_panel.scene):
        assert composite.GetBackgroundVolumeID() == scans[0].GetID()
        assert composite.GetForegroundVolumeID() is None
        assert composite.GetCompositing() == composite.Alpha
        assert not composite.GetLinkedControl()
    assert [scan.GetDisplayNode().GetColorNodeID() for scan in scans] == own
