"""What a user deletes during a review, by the events of the scene alone, as the application tells of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record_folder import load_record
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.registration.matrices import to_vtk
from CTSMALib.scene.registration.review_state import MODULE
from CTSMALib.scene.state import save_state, state_node
from CTSMALib.volumes.rigid import itk_transform
from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.test_landmarks import place
from Testing.scene.registration.seen_in_views import handles_shown, state_of

SCRIPT = Path(__file__).parents[3] / "CTSMARegistration" / "CTSMARegistration.py"


@pytest.fixture()
def an_open_module(bench: Any, scene: Any, scans: tuple[Any, Any], a_folder: Path) -> Any:
    """The panel in its module, after the registration was opened."""
    module = bench.load_module(SCRIPT)
    panel = module.widget.panel
    panel.dependencies.missing = []
    module.enter()
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(a_folder))
    panel.scans.ui.openButton.click()
    assert panel.session is not None
    return panel


@pytest.mark.parametrize("batch", [False, True])
def test_transforms_that_are_deleted_are_made_again(bench: Any, an_open_module: Any, batch: bool) -> None:
    panel, scene, nodes = an_open_module, an_open_module.scene, an_open_module.session.nodes
    panel.correct.ui.handlesCheckBox.click()
    panel.correct.ui.moveFrontButton.click()
    if batch:
        scene.StartState(scene.BatchProcessState)
    scene.RemoveNode(nodes.user("femur"))
    scene.RemoveNode(nodes.auto("tibia"))
    if batch:
        scene.EndState(scene.BatchProcessState)
    bench.process_events(50)
    assert nodes.whole and handles_shown(nodes) == ("femur",)
    assert "made again" in bench.dialogs.status_messages[-1]
    panel.correct.ui.moveFrontButton.click()
    panel.numbers.settle()
    np.testing.assert_allclose(load_record(panel.session.folder).bone("femur").user_moving_to_fixed_ras[1][3], 1.0)
    dragged = np.eye(4)
    dragged[:3, 3] = (0.0, 2.5, 0.0)
    nodes.user("femur").SetMatrixTransformToParent(to_vtk(dragged))  # by its new handles
    assert panel.session.undo_name.startswith("Drag")


def test_the_motion_before_the_correction_comes_back_too(bench: Any, an_open_module: Any) -> None:
    nodes = an_open_module.session.nodes
    an_open_module.change(shown="auto")
    an_open_module.scene.RemoveNode(nodes.mr.GetParentTransformNode())
    bench.process_events(50)
    assert nodes.whole and state_of(nodes) == "auto"


def test_an_mr_that_a_user_took_out_stays_out_when_something_else_is_deleted(bench: Any, an_open_module: Any) -> None:
    mr, other = an_open_module.session.nodes.mr, an_open_module.scene.AddNewNodeByClass("vtkMRMLTextNode")
    mr.HardenTransform()
    an_open_module.scene.RemoveNode(other)
    bench.process_events(50)
    assert mr.GetParentTransformNode() is None
    assert not any("made again" in told for told in bench.dialogs.status_messages)


@pytest.mark.parametrize("deleted", [0, 1])
@pytest.mark.parametrize("mode", ["red-cyan", "checkerboard", "spyglass"])
def test_a_deleted_scan_closes_the_review_and_says_so(
    bench: Any, an_open_module: Any, scans: tuple[Any, Any], mode: str, deleted: int
) -> None:
    an_open_module.change(mode=mode)
    bench.process_events(50)
    removed = scans[deleted].GetID()
    an_open_module.scene.RemoveNode(scans[deleted])
    bench.process_events(50)
    assert an_open_module.session is None
    assert removed not in (an_open_module.state.ct, an_open_module.state.mr)
    assert "was deleted" in bench.dialogs.status_messages[-1]
    assert bench.dialogs.texts("error") == []
    assert "Grey" in scans[1 - deleted].GetDisplayNode().GetColorNodeID()


def test_the_end_of_a_review_does_not_overwrite_the_state_of_the_scene_that_ended_it(
    bench: Any, an_open_module: Any, scans: tuple[Any, Any]
) -> None:
    panel, scene = an_open_module, an_open_module.scene
    scene.StartState(scene.ImportState)
    scene.RemoveNode(scans[1])
    save_state(state_node(scene, MODULE), replace(panel.state, mode="blend", step=0.1))
    scene.EndState(scene.ImportState)
    assert panel.session is None
    assert (panel.state.mode, panel.state.step) == ("blend", 0.1)


def spoil(panel: Any) -> None:
    """Somebody else saves into the folder, so that the panel can save there no more; then a bone is moved."""
    (panel.session.folder / "registration.json").write_text("{}")
    panel.correct.ui.moveUpButton.click()


def assert_kept(bench: Any, panel: Any, folder: Path) -> None:
    """The user was told, and the folder beside the registration opens with the last motion."""
    (told,) = bench.dialogs.texts("error")
    (kept,) = folder.parent.glob("registration-unsaved-*")
    assert str(folder) in told and "somebody else" in told and str(kept) in told
    assert load_record(kept).bone("femur").user_moving_to_fixed_ras[2][3] == 0.5


def test_what_cannot_be_saved_is_kept_when_a_scan_is_deleted(
    bench: Any, an_open_module: Any, scans: tuple[Any, Any], a_folder: Path
) -> None:
    spoil(an_open_module)
    an_open_module.scene.RemoveNode(scans[1])
    bench.process_events(50)
    assert an_open_module.session is None
    assert_kept(bench, an_open_module, a_folder)


def test_what_cannot_be_saved_is_kept_when_the_scene_is_closed(
    bench: Any, an_open_module: Any, scans: tuple[Any, Any], a_folder: Path
) -> None:
    spoil(an_open_module)
    an_open_module.scene.Clear(False)
    assert bench.dialogs.texts("error") == []  # no window while nodes go
    bench.process_events(50)
    assert_kept(bench, an_open_module, a_folder)


def test_what_cannot_be_saved_is_kept_when_the_application_quits(
    bench: Any, an_open_module: Any, a_folder: Path
) -> None:
    spoil(an_open_module)
    an_open_module.close()
    assert_kept(bench, an_open_module, a_folder)
    bench.process_events(50)
    assert len(bench.dialogs.texts("error")) == 1


def test_what_can_be_kept_nowhere_is_told(
    bench: Any, an_open_module: Any, a_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMALib.volumes import media

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    spoil(an_open_module)
    monkeypatch.setattr(media, "write_image", full)
    an_open_module.close()
    (told,) = bench.dialogs.texts("error")
    assert "is not saved" in told and "Nor could it be kept" in told
    assert not list(a_folder.parent.glob("registration-unsaved-*"))


def test_what_was_saved_is_kept_nowhere_else(bench: Any, an_open_module: Any, a_folder: Path) -> None:
    an_open_module.correct.ui.moveUpButton.click()
    an_open_module.scene.Clear(False)
    bench.process_events(50)
    assert bench.dialogs.texts("error") == []
    assert [path.name for path in a_folder.parent.iterdir() if path.is_dir()] == ["registration"]


@pytest.mark.parametrize("batch", [False, True])
def test_labels_of_the_mr_that_are_deleted_count_no_more(an_open_module: Any, a_pair: MadeUpPair, batch: bool) -> None:
    panel, scene = an_open_module, an_open_module.scene
    into_ct = itk_transform(np.linalg.inv(a_pair.matrices["femur"]))
    femur = sitk.Resample(a_pair.labels == 1, a_pair.mr, into_ct, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "outlined")
    fill_volume(node, femur)
    panel.labels.choose(node)
    panel.scans.ui.labelsSelector.blockSignals(True)  # it tells of this by itself
    assert panel.session.outlined is not None
    if batch:
        scene.StartState(scene.BatchProcessState)
    scene.RemoveNode(node)
    if batch:
        scene.EndState(scene.BatchProcessState)
    assert panel.session.outlined is None
    assert panel.state.mr_labels == ""


@pytest.mark.parametrize("scan", ["ct", "mr"])
def test_a_deleted_point_can_be_placed_again(an_open_module: Any, scan: str) -> None:
    panel, scene = an_open_module, an_open_module.scene
    joint = panel.session.corrections.center_ras_mm("femur")
    place(panel, scan, joint)
    assert panel.actions.points.placed(scan)
    node = scene.GetFirstNodeByName(f"{scan.upper()} point")
    assert node.GetHideFromEditors()
    scene.RemoveNode(node)
    assert not panel.actions.points.placed(scan)
    place(panel, scan, joint + (1.0, 0.0, 0.0))
    again = scene.GetFirstNodeByName(f"{scan.upper()} point")
    np.testing.assert_allclose(again.GetNthControlPointPositionWorld(0), joint + (1.0, 0.0, 0.0))
    panel.correct.ui.moveUpButton.click()
    if scan == "mr":  # it follows, as the one before did
        np.testing.assert_allclose(again.GetNthControlPointPositionWorld(0), joint + (1.0, 0.0, 0.5), atol=1e-6)
    panel.actions.forget_points()
    assert scene.GetFirstNodeByName(f"{scan.upper()} point") is None
