"""A review is saved as it goes on, and a scene that is opened again finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.errors import InputError, OutputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import load_record, save_findings
from CTSMALib.registration.review import autosave
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.registration.review_nodes import matrices, reviews_in
from CTSMALib.scene.registration.session import ReviewSession
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.session_folder import Clock, registration_folder


@pytest.fixture()
def a_folder(tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord) -> Path:
    return registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)


@pytest.fixture()
def a_clock() -> Clock:
    return Clock()


@pytest.fixture()
def a_session(a_scene: Any, a_folder: Path, a_pair: MadeUpPair, a_clock: Clock) -> ReviewSession:
    return ReviewSession.open(a_scene, a_folder, a_pair.ct, a_pair.mr, "A. Reader", a_clock)


def test_a_step_that_repeats_is_saved_twice_a_second_and_the_last_when_it_settles(
    a_session: ReviewSession, a_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, real = [], autosave.save
    monkeypatch.setattr(autosave, "save", lambda *args: saved.append(a_clock.now) or real(*args))
    for _ in range(20):
        a_session.move("femur", (0.1, 0.0, 0.0))
        a_clock.now += 0.1
    assert 4 <= len(saved) <= 5
    assert a_session.unsaved
    assert a_session.settle()
    assert load_record(a_session.folder) == a_session.record
    count = len(saved)
    assert a_session.save() and len(saved) == count


def test_a_folder_that_somebody_else_changed_is_told_and_left_alone(a_session: ReviewSession) -> None:
    told: list[str] = []
    a_session.watch(told.append)
    other = replace(a_session.record, side="right" if a_session.record.side == "left" else "left")
    save_findings(other, a_session.folder)
    a_session.move("femur", (1.0, 0.0, 0.0))
    assert told == ["motion", "record", "unsaved"]
    assert "somebody else" in a_session.problem
    assert a_session.unsaved and not a_session.save()
    with pytest.raises(InputError, match="not saved"):
        a_session.request_judge()
    assert load_record(a_session.folder) == other
    assert not a_session.close() and list(reviews_in(a_session.nodes.scene))
    assert a_session.close(even_unsaved=True) and load_record(a_session.folder) == other


def test_saving_that_failed_is_tried_again_with_the_next_change(
    a_session: ReviewSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    a_session.watch(told.append)

    def full(*_: object) -> str:
        raise OutputError("The disk is full.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(autosave, "save", full)
        a_session.decide("femur", "accepted")
    assert told == ["decisions", "unsaved"] and a_session.problem == "The disk is full. Free some space."
    a_session.activate("tibia")
    assert told[2:] == ["active", "unsaved"] or told[2:] == ["unsaved", "active"]
    assert a_session.problem == "" and load_record(a_session.folder) == a_session.record


def test_a_reopened_scene_goes_on_with_what_the_folder_holds(
    a_session: ReviewSession, tmp_path: Path, a_clock: Clock
) -> None:
    a_session.activate("tibia")
    a_session.move("tibia", (0.0, 1.0, 0.0))
    assert a_session.nodes.scene.WriteToMRB(str(tmp_path / "review.mrb"))
    a_session.turn("femur", (1.0, 2.0, 3.0), 5.0)  # after the scene was saved
    a_session.decide("femur", "accepted")
    scene = new_scene(tmp_path)
    assert scene.ReadFromMRB(str(tmp_path / "review.mrb"))
    again = ReviewSession.restored(scene, a_clock)
    assert again is not None
    assert (again.record, again.active, again.reviewer) == (a_session.record, "tibia", "A. Reader")
    for bone in again.bones:
        shown = matrices(again.nodes, bone)
        np.testing.assert_array_equal(shown.composed, a_session.corrections.composed(bone))
    again.move("tibia", (0.0, 1.0, 0.0))
    assert again.problem == "" and load_record(again.folder) == again.record


def test_a_scene_whose_registration_is_gone_holds_no_review(a_session: ReviewSession) -> None:
    scene = a_session.nodes.scene
    a_session.folder.rename(a_session.folder.with_name("elsewhere"))
    assert ReviewSession.restored(scene) is None
    assert ReviewSession.restored(new_scene()) is None
