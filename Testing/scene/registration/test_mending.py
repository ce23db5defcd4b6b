"""Transforms that a user or script deletes come back, and whoever watches is told whatever happens to nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import load_record
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.registration.before_after import AUTO, KNEE, show_state
from CTSMALib.scene.registration.review_nodes import KNEE_MOTION, matrices
from CTSMALib.scene.registration.session import ReviewSession
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.session_folder import registration_folder


@pytest.fixture()
def a_session(
    a_scene: Any, tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> ReviewSession:
    folder = registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)
    session = ReviewSession.open(a_scene, folder, a_pair.ct, a_pair.mr, "A. Reader")
    session.move("tibia", (0.0, 2.0, 0.0))
    return session


def assert_whole(session: ReviewSession) -> None:
    """Every bone has both transforms with its motions, and the MR follows the active one."""
    nodes = session.nodes
    for bone in session.bones:
        shown = matrices(nodes, bone)
        np.testing.assert_array_equal(shown.auto, session.corrections.auto[bone])
        np.testing.assert_array_equal(shown.user, session.corrections.user[bone])
        assert nodes.auto(bone).GetParentTransformNode() is nodes.user(bone)
        assert nodes.user(bone).GetCenterOfTransformation() == session.record.bone(bone).center_fixed_ras_mm
    assert nodes.mr.GetParentTransformNode() is nodes.auto(session.active)


@pytest.mark.parametrize("roles", [("user_tibia",), ("auto_femur",), ("auto_tibia", "user_tibia", KNEE_MOTION)])
def test_a_deleted_transform_comes_back_with_the_next_step(a_session: ReviewSession, roles: tuple[str, ...]) -> None:
    told: list[str] = []
    a_session.watch(told.append)
    for role in roles:
        a_session.nodes.scene.RemoveNode(a_session.nodes.get(role))
    a_session.move("femur", (1.0, 0.0, 0.0))
    assert "motion" in told and not a_session.unsaved
    assert load_record(a_session.folder).bone("femur").user_moving_to_fixed_ras[0][3] == 1.0
    assert all(a_session.nodes.get(role) is not None for role in roles)
    assert_whole(a_session)
    a_session.undo()
    assert_whole(a_session)


def test_transforms_are_mended_when_asked_and_left_alone_when_whole(a_session: ReviewSession) -> None:
    assert not a_session.mend()
    a_session.nodes.scene.RemoveNode(a_session.nodes.auto("femur"))
    assert a_session.mend()
    assert_whole(a_session)
    assert not a_session.mend()


def test_an_mr_that_a_user_took_out_of_its_transform_stays_out(a_session: ReviewSession) -> None:
    a_session.nodes.mr.SetAndObserveTransformNodeID(None)  # or hardened it
    assert a_session.nodes.whole and not a_session.mend()
    assert a_session.nodes.mr.GetParentTransformNode() is None


@pytest.mark.parametrize("state", [AUTO, KNEE])
def test_an_mr_whose_transform_was_deleted_follows_its_bone_again(a_session: ReviewSession, state: str) -> None:
    show_state(a_session.nodes, state)
    a_session.nodes.scene.RemoveNode(a_session.nodes.mr.GetParentTransformNode())
    assert not a_session.nodes.whole
    assert a_session.mend()
    assert a_session.nodes.whole
    assert_whole(a_session)


def test_another_bone_is_chosen_and_handles_are_read_though_transforms_are_gone(a_session: ReviewSession) -> None:
    a_session.nodes.scene.RemoveNode(a_session.nodes.auto("tibia"))
    a_session.activate("tibia")
    assert_whole(a_session)
    a_session.nodes.scene.RemoveNode(a_session.nodes.user("tibia"))
    assert not a_session.taken_from_handles()
    assert_whole(a_session)


def test_lists_of_nodes_do_not_show_transforms(a_session: ReviewSession) -> None:
    show_state(a_session.nodes, AUTO)
    transforms = a_session.nodes.scene.GetNodesByClass("vtkMRMLLinearTransformNode")
    assert transforms.GetNumberOfItems() == 2 * len(a_session.bones) + 2
    assert all(node.GetHideFromEditors() for node in transforms)


def test_transforms_of_a_scene_of_an_earlier_version_are_hidden_too(a_session: ReviewSession) -> None:
    for bone in a_session.bones:
        a_session.nodes.user(bone).SetHideFromEditors(False)
    again = ReviewSession.restored(a_session.nodes.scene)
    assert again is not None
    assert all(again.nodes.user(bone).GetHideFromEditors() for bone in again.bones)


def test_a_step_is_told_and_saved_though_it_could_not_be_shown(
    a_session: ReviewSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    a_session.watch(told.append)

    def fail() -> None:
        raise RuntimeError("no views")

    monkeypatch.setattr(a_session, "_show", fail)
    with pytest.raises(RuntimeError, match="no views"):
        a_session.move("femur", (1.0, 0.0, 0.0))
    assert "motion" in told and a_session.undo_name.startswith("Move")
    assert load_record(a_session.folder) == a_session.record


@pytest.mark.parametrize("deleted", ["mr", "node"])
def test_steps_are_told_and_saved_though_the_review_is_gone(a_session: ReviewSession, deleted: str) -> None:
    told: list[str] = []
    a_session.add_landmark("femur", (0.0, 0.0, 0.0), (1.0, 2.0, 3.0))
    a_session.show_landmarks()
    a_session.watch(told.append)
    a_session.nodes.scene.RemoveNode(getattr(a_session.nodes, deleted))
    a_session.move("femur", (1.0, 0.0, 0.0))
    a_session.decide("femur", "accepted")
    a_session.hold_out("1", True)
    assert {"motion", "decisions", "landmarks"} <= set(told)
    assert load_record(a_session.folder) == a_session.record


def test_a_scene_that_was_saved_without_a_transform_is_restored(a_session: ReviewSession, tmp_path: Path) -> None:
    a_session.nodes.scene.RemoveNode(a_session.nodes.auto("femur"))
    assert a_session.nodes.scene.WriteToMRB(str(tmp_path / "review.mrb"))
    scene = new_scene(tmp_path)
    assert scene.ReadFromMRB(str(tmp_path / "review.mrb"))
    again = ReviewSession.restored(scene)
    assert again is not None
    assert_whole(again)
    scene.Clear(1)
