"""A whole review of the made-up pair: moving, undo, points, decisions, and coming back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import load_record
from CTSMALib.scene.geometry import fill_volume, flipped
from CTSMALib.scene.registration.matrices import to_vtk
from CTSMALib.scene.registration.review_nodes import matrices, reviews_in
from CTSMALib.scene.registration.session import REASONS, ReviewSession
from CTSMALib.volumes.rigid import applied, turned
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.session_folder import Clock, places_on, registration_folder


@pytest.fixture()
def a_folder(tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord) -> Path:
    return registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)


@pytest.fixture()
def a_clock() -> Clock:
    return Clock()


@pytest.fixture()
def a_session(a_scene: Any, a_folder: Path, a_pair: MadeUpPair, a_clock: Clock) -> ReviewSession:
    return ReviewSession.open(a_scene, a_folder, a_pair.ct, a_pair.mr, "A. Reader", a_clock)


def motions(session: ReviewSession) -> dict[str, np.ndarray]:
    return {bone: session.corrections.composed(bone) for bone in session.bones}


def assert_shown(session: ReviewSession) -> None:
    """The nodes hold what the session says, to the last bit."""
    for bone in session.bones:
        shown = matrices(session.nodes, bone)
        np.testing.assert_array_equal(shown.auto, session.corrections.auto[bone])
        np.testing.assert_array_equal(shown.user, session.corrections.user[bone])


def test_a_whole_review_comes_back_as_it_was(
    a_session: ReviewSession, a_pair: MadeUpPair, a_folder: Path, a_clock: Clock
) -> None:
    truth = motions(a_session)
    a_session.move("femur", (0.5, 0.0, 0.0))
    a_session.turn("femur", (0.0, 0.0, 1.0), 2.0)
    moved = motions(a_session)
    assert_shown(a_session)
    for _ in range(2):
        a_session.undo()
    for bone in a_session.bones:
        np.testing.assert_array_equal(motions(a_session)[bone], truth[bone])
    assert_shown(a_session)
    for _ in range(2):
        a_session.redo()
    np.testing.assert_array_equal(motions(a_session)["femur"], moved["femur"])
    for number, (ct, mr) in enumerate(places_on(a_pair, "femur", 6)):
        a_session.add_landmark("femur", ct, mr, held_out=number >= 4)
    (before,) = a_session.bone_errors()
    a_session.fit_landmarks("femur")
    (after,) = a_session.bone_errors()
    assert (after.fitted.count, after.held_out.count) == (4, 2)
    assert after.held_out.mean_mm < 1e-6 < 0.3 < before.held_out.mean_mm
    a_session.decide("femur", "accepted")
    a_session.decide("tibia", "rejected", "cut off")
    assert a_session.status == "in part"
    assert load_record(a_folder) == a_session.record
    expected, scene = (a_session.record, motions(a_session)), a_session.nodes.scene
    assert a_session.close()
    assert not list(reviews_in(scene))
    again = ReviewSession.open(scene, a_folder, a_pair.ct, a_pair.mr, "A. Reader", a_clock)
    assert again.record == expected[0]
    for bone, matrix in expected[1].items():
        np.testing.assert_array_equal(again.corrections.composed(bone), matrix)
    assert_shown(again)
    assert (again.decision("femur").decision, again.status) == ("accepted", "in part")
    assert again.bone_errors() == (after,)
    assert (again.undo_name, again.unsaved) == ("", False)


def test_a_nudge_after_an_acceptance_voids_it_and_undo_restores_it(a_session: ReviewSession) -> None:
    a_session.decide("femur", "accepted")
    accepted = a_session.record
    for _ in range(3):
        a_session.move("femur", (0.1, 0.0, 0.0))
    assert a_session.decision("femur").decision == "needs work"
    assert len(a_session.record.reviews) == len(accepted.reviews) + 1
    a_session.undo()
    assert a_session.record is accepted
    assert a_session.decision("femur").decision == "accepted"
    assert load_record(a_session.folder) == accepted
    a_session.reviewer = ""
    a_session.move("femur", (0.1, 0.0, 0.0))
    assert a_session.decision("femur").reviewer == "unnamed"


def test_a_held_key_is_one_step_and_another_direction_is_another(a_session: ReviewSession, a_clock: Clock) -> None:
    for _ in range(5):
        a_session.move("knee", (0.0, 0.0, -0.5))
        a_clock.now += 0.1
    a_session.move("knee", (0.0, 0.5, 0.0))
    a_session.turn("tibia", (1.0, 0.0, 0.0), 0.5)
    a_session.settle()
    a_session.turn("tibia", (1.0, 0.0, 0.0), 0.5)
    assert a_session.history.names == (
        *("Move 2.5 mm down (knee)", "Move 0.5 mm forward (knee)", *2 * ("Turn 0.5° front up (tibia)",)),
    )
    assert a_session.undo_name == "Turn 0.5° front up (tibia)"
    for _ in range(3):
        a_session.undo()
    for bone in a_session.bones:
        np.testing.assert_allclose(a_session.corrections.user[bone][:3, 3], (0.0, 0.0, -2.5), atol=1e-12)
    assert a_session.redo_name == "Move 0.5 mm forward (knee)"


def test_handles_move_the_active_bone_and_what_they_cannot_do_is_put_back(a_session: ReviewSession) -> None:
    assert not a_session.taken_from_handles()
    a_session.activate("tibia")
    drag = turned(np.array([0.0, 4.0, 0.0]), a_session.corrections.center_ras_mm("tibia"), np.array([1.0, 0.0, 2.0]))
    for part in (0.5 * (drag + np.eye(4)), drag):  # the first is not rigid
        a_session.nodes.user("tibia").SetMatrixTransformToParent(to_vtk(part))
        if part is drag:
            assert a_session.taken_from_handles()
        else:
            with pytest.raises(InputError, match="tibia"):
                a_session.taken_from_handles()
            assert a_session.undo_name == ""
            assert_shown(a_session)
    assert a_session.undo_name == "Drag by 2.2 mm and 4.0° (tibia)"
    np.testing.assert_allclose(a_session.corrections.user["tibia"], drag, atol=1e-12)
    assert_shown(a_session)
    a_session.undo()
    np.testing.assert_array_equal(matrices(a_session.nodes, "tibia").user, np.eye(4))


def test_placing_a_bone_gives_it_that_motion_and_reset_takes_it_back(a_session: ReviewSession) -> None:
    truth = motions(a_session)["patella"]
    wanted = turned(np.array([1.0, 2.0, 3.0]), np.zeros(3), np.array([1.0, 1.0, 1.0])) @ truth
    a_session.place("patella", wanted)
    np.testing.assert_allclose(motions(a_session)["patella"], wanted, atol=1e-9)
    with pytest.raises(InputError, match="patella"):
        a_session.place("patella", np.diag([2.0, 1.0, 1.0, 1.0]))
    a_session.reset("patella")
    np.testing.assert_array_equal(motions(a_session)["patella"], truth)
    assert a_session.history.names == ("Place the patella", "Reset the patella")


def test_patches_follow_a_bone_and_come_back(a_session: ReviewSession) -> None:
    before = a_session.record.patches
    a_session.move("femur", (2.0, 0.0, 0.0))
    for was, now in zip(before, a_session.record.patches, strict=True):
        assert np.linalg.norm(np.subtract(now.mr_mm, was.mr_mm)) == pytest.approx(
            2.0, abs=0.05
        )  # and what the local refinement makes of it
    a_session.undo()
    assert a_session.record.patches == before


def test_landmarks_are_steps_like_all_others(a_session: ReviewSession, a_pair: MadeUpPair) -> None:
    told: list[str] = []
    a_session.watch(told.append)
    (ct, mr), *_ = places_on(a_pair, "tibia", 1)
    name = a_session.add_landmark("tibia", ct, mr)
    a_session.move_landmark(name, mr_ras_mm=mr + (0.0, 3.0, 0.0))
    assert a_session.point_errors()[-1].error_mm == pytest.approx(3.0)
    a_session.hold_out(name, True)
    a_session.remove_landmark(name)
    assert set(told) == {"landmarks"} and set(told) <= set(REASONS)
    assert name not in [pair.id for pair in a_session.record.landmarks]
    a_session.undo()
    assert a_session.record.landmarks[-1].held_out and a_session.record.landmarks[-1].reader == "A. Reader"
    for _ in range(2):
        a_session.undo()
    assert a_session.point_errors()[-1].error_mm == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(InputError, match="no landmark"):
        a_session.hold_out("99", True)
    with pytest.raises(InputError, match="ulna"):
        a_session.add_landmark("ulna", ct, mr)


def test_points_snap_to_the_bone_in_both_scans(a_session: ReviewSession, a_pair: MadeUpPair) -> None:
    surface = FixedKnee(a_pair.ct, a_pair.labels).surface("tibia")
    turn = a_pair.matrices["tibia"][:3, :3]
    chosen = np.linspace(0, len(surface.points_mm) - 1, 13).round().astype(int)[1:-1]
    for point, normal in zip(surface.points_mm[chosen], surface.normals[chosen], strict=True):
        there = applied(a_pair.matrices["tibia"], point)
        a_session.add_landmark("tibia", flipped(point + normal), flipped(there - 0.8 * turn @ normal), snap=True)
    off = [error.error_mm for error in a_session.point_errors()]
    assert np.median(off) < 0.3  # of 1.8 mm
    ct = np.array([pair.ct_lps_mm for pair in a_session.record.landmarks])
    assert np.linalg.norm(ct - surface.points_mm[chosen], axis=1).max() < 0.4
    far = surface.points_mm[chosen[0]] + 8.0 * surface.normals[chosen[0]]
    a_session.add_landmark("tibia", flipped(far), flipped(far), snap=True)
    np.testing.assert_allclose(a_session.record.landmarks[-1].ct_lps_mm, far)


def test_decisions_need_a_reviewer(a_session: ReviewSession) -> None:
    a_session.reviewer = " "
    with pytest.raises(InputError, match="reviewer"):
        a_session.decide("femur", "accepted")
    assert a_session.undo_name == ""


def test_what_cannot_be_reviewed_is_refused(a_scene: Any, a_folder: Path, a_pair: MadeUpPair) -> None:
    far = sitk.Image(a_pair.ct)
    far.SetOrigin((900.0, 0.0, 0.0))
    with pytest.raises(InputError, match="CT is not the one"):
        ReviewSession.open(a_scene, a_folder, far, a_pair.mr)
    (a_folder / "bones.nii.gz").unlink()
    with pytest.raises(InputError, match=r"bones\.nii\.gz"):
        ReviewSession.open(a_scene, a_folder, a_pair.ct, a_pair.mr)
    with pytest.raises(InputError, match="registration"):
        ReviewSession.open(a_scene, a_folder.parent, a_pair.ct, a_pair.mr)
    assert not list(reviews_in(a_scene))


def test_closing_leaves_volumes_that_were_in_the_scene(a_scene: Any, a_folder: Path, a_pair: MadeUpPair) -> None:
    nodes = [a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("CT", "MR")]
    for node, image in zip(nodes, (a_pair.ct, a_pair.mr), strict=True):
        fill_volume(node, image)
    session = ReviewSession.open(a_scene, a_folder, *nodes)
    session.move("knee", (1.0, 0.0, 0.0))
    assert session.close()
    assert all(node.GetScene() is a_scene and node.GetParentTransformNode() is None for node in nodes)


def test_a_review_that_cannot_be_restored_makes_room_and_leaves_its_volumes(
    a_scene: Any, a_session: ReviewSession, a_folder: Path
) -> None:
    left, ct, mr = a_session.nodes.node, a_session.nodes.ct, a_session.nodes.mr  # they came with the review
    again = ReviewSession.open(a_scene, a_folder.rename(a_folder.with_name("new place")), ct, mr)
    assert left.GetScene() is None
    assert [review.node for review in reviews_in(a_scene)] == [again.nodes.node]
    assert ct.GetScene() is a_scene and mr.GetParentTransformNode() is again.nodes.auto("femur")


def test_a_review_of_another_mr_stays_when_one_is_opened(
    a_scene: Any, a_session: ReviewSession, a_folder: Path, a_pair: MadeUpPair
) -> None:
    ReviewSession.open(a_scene, a_folder, a_session.nodes.ct, a_pair.mr)
    assert len(list(reviews_in(a_scene))) == 2
    assert_shown(a_session)


def test_steps_that_become_one_tell_the_whole_amount(a_session: ReviewSession, a_clock: Clock) -> None:
    for _ in range(15):
        a_session.move("tibia", (0.1, 0.0, 0.0))
    assert a_session.history.names == ("Move 1.5 mm right (tibia)",)
    for _ in range(3):
        a_session.turn("tibia", (0.0, 0.0, -1.0), 2.0)
    assert a_session.undo_name == "Turn 6° front right (tibia)"
    a_session.undo()
    a_session.undo()
    a_clock.now += 10.0
    a_session.move("tibia", (0.1, 0.0, 0.0))
    assert a_session.history.names == ("Move 0.1 mm right (tibia)",)
    a_clock.now += 10.0
    a_session.move("tibia", (0.1, 0.0, 0.0))
    assert a_session.history.names == ("Move 0.1 mm right (tibia)",) * 2
    a_session.turn("knee", (1.0, 0.0, 0.0), -0.5)
    assert a_session.undo_name == "Turn 0.5° front down (knee)"
