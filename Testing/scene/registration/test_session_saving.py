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
from CTSMALib.scene.registration.saving import keep_aside
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


def test_a_review_that_cannot_be_saved_is_kept_beside_its_folder_and_can_be_opened_there(
    a_session: ReviewSession, a_scene: Any, a_pair: MadeUpPair, tmp_path: Path
) -> None:
    save_findings(replace(a_session.record, side="unknown"), a_session.folder)  # by somebody else
    a_session.move("femur", (1.0, 0.0, 0.0))
    kept = a_session.keep_aside(tmp_path / "elsewhere")
    assert kept.parent == a_session.folder.parent and kept.name.startswith("registration-unsaved-")
    again = ReviewSession.open(a_scene, kept, a_pair.ct, a_pair.mr)
    assert again.corrections.user["femur"][0, 3] == 1.0
    assert again.record == replace(a_session.record, files=again.record.files)


def test_what_is_kept_refers_to_no_file_that_stayed_behind(a_session: ReviewSession, tmp_path: Path) -> None:
    record = replace(a_session.record, files={"labels": "other.nii.gz", "images": "mr_on_ct.nii.gz"})
    kept = keep_aside(record, a_session.labels, a_session.folder, tmp_path)
    files = load_record(kept).files
    assert "labels" in files and all((kept / name).is_file() for name in files.values())


def test_a_review_whose_folder_is_gone_is_kept_elsewhere(a_session: ReviewSession, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    a_session.folder = tmp_path / "drive that was pulled out" / "registration"
    kept = a_session.keep_aside(elsewhere)
    assert kept.parent == elsewhere and load_record(kept).bones == a_session.record.bones


def test_a_review_that_can_be_kept_nowhere_says_so_and_leaves_nothing_behind(
    a_session: ReviewSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMALib.registration import record_folder

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_folder, "write_record", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError, match="Nor could it be kept"):
        a_session.keep_aside(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
