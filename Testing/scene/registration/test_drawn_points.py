"""Pairs of points in the views: where they are, what they look like, and that they follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.model_nodes import points_of
from CTSMALib.scene.registration.before_after import AUTO, show_state
from CTSMALib.scene.registration.drawn_points import CT, LINES, MR, OWN
from CTSMALib.scene.registration.session import ReviewSession
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.seen_in_views import add_moving_views, points_drawn
from Testing.scene.registration.session_folder import places_on, registration_folder

OFF_MM = np.array([0.0, 3.0, 0.0])


@pytest.fixture()
def a_session(
    a_scene: Any, tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> ReviewSession:
    """Two pairs on the femur, of which the second is held out, and one on the tibia; the MR's points are off."""
    folder = registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)
    session = ReviewSession.open(a_scene, folder, a_pair.ct, a_pair.mr, "A. Reader")
    for bone, held_out in (("femur", False), ("femur", True), ("tibia", False)):
        ct, mr = places_on(a_pair, bone, 3)[1 + held_out]
        turn = session.corrections.composed(bone)[:3, :3]
        session.add_landmark(bone, ct, mr + turn.T @ OFF_MM, held_out)
    session.show_landmarks()
    return session


def ends(session: ReviewSession) -> np.ndarray:
    """(n, 2, 3) of the lines."""
    return points_of(session.nodes.get(LINES)).reshape(-1, 2, 3)


def assert_errors(session: ReviewSession, expected: np.ndarray) -> None:
    ct, mr = points_drawn(session.nodes, CT), points_drawn(session.nodes, MR)
    assert set(ct) == set(mr)
    for name, place in mr.items():
        np.testing.assert_allclose(place - ct[name], expected, atol=1e-6)
    np.testing.assert_allclose(ends(session)[:, 1] - ends(session)[:, 0], [expected] * len(ct), atol=1e-4)


def test_points_of_the_mr_follow_every_motion(a_session: ReviewSession) -> None:
    assert set(points_drawn(a_session.nodes, CT)) == {"1", "2"}
    assert_errors(a_session, OFF_MM)
    a_session.move("femur", (0.0, -3.0, 1.0))
    assert_errors(a_session, np.array([0.0, 0.0, 1.0]))
    show_state(a_session.nodes, AUTO)
    a_session.show_landmarks()
    assert_errors(a_session, OFF_MM)
    a_session.undo()
    assert_errors(a_session, OFF_MM)


def test_errors_that_are_drawn_are_those_of_the_table(a_session: ReviewSession) -> None:
    a_session.turn("femur", (1.0, 2.0, 3.0), 4.0)
    drawn = np.linalg.norm(ends(a_session)[:, 1] - ends(a_session)[:, 0], axis=1)
    told = [error.error_mm for error in a_session.point_errors() if error.pair.bone == "femur"]
    np.testing.assert_allclose(drawn, told, atol=1e-4)


def test_held_out_points_look_different(a_session: ReviewSession) -> None:
    used, held_out = (a_session.nodes.get(f"points_ct_{kind}").GetDisplayNode() for kind in ("used", "held_out"))
    assert used.GetSelectedColor() != held_out.GetSelectedColor()
    assert used.GetGlyphType() != held_out.GetGlyphType()
    assert a_session.nodes.get("points_ct_held_out").GetNthControlPointLabel(0) == "2"
    a_session.hold_out("2", False)
    node = a_session.nodes.get("points_ct_used")
    assert [node.GetNthControlPointLabel(index) for index in range(2)] == ["1", "2"]
    assert not held_out.GetVisibility()


def test_points_are_those_of_the_bone_that_the_mr_follows(a_session: ReviewSession) -> None:
    a_session.activate("tibia")
    assert set(points_drawn(a_session.nodes, CT)) == set(points_drawn(a_session.nodes, MR)) == {"3"}
    assert_errors(a_session, OFF_MM)
    a_session.remove_landmark("3")
    assert points_drawn(a_session.nodes, MR) == {}
    assert not a_session.nodes.get(LINES).GetDisplayNode().GetVisibility()
    a_session.undo()
    assert_errors(a_session, OFF_MM)


def test_points_can_be_hidden_and_stay_so(a_session: ReviewSession) -> None:
    a_session.show_landmarks(False)
    a_session.hold_out("1", True)
    a_session.move("femur", (1.0, 0.0, 0.0))
    assert points_drawn(a_session.nodes, CT) == points_drawn(a_session.nodes, MR) == {}
    assert not a_session.nodes.get(LINES).GetDisplayNode().GetVisibility()


def test_views_of_the_mrs_own_frame_show_its_points_where_they_were_set(a_session: ReviewSession) -> None:
    assert points_drawn(a_session.nodes, OWN) == {}
    add_moving_views(a_session.nodes.scene)
    a_session.show_landmarks()
    found = points_drawn(a_session.nodes, OWN)
    for pair in a_session.record.landmarks[:2]:
        np.testing.assert_allclose(found[pair.id], np.array(pair.mr_lps_mm) * (-1, -1, 1), atol=1e-6)
    own, other = ({*a_session.nodes.get(f"points_{s}_used").GetDisplayNode().GetViewNodeIDs()} for s in (OWN, CT))
    assert own and other and not own & other


def test_points_go_with_the_review_and_take_no_clicks(a_session: ReviewSession) -> None:
    scene, node = a_session.nodes.scene, a_session.nodes.get("points_mr_used")
    assert node.GetLocked() and not node.GetSaveWithScene()
    a_session.close()
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode") == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsDisplayNode") == 0
