"""What finished jobs bring into a review, numbers, and the table of before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.record import CHECK, GOOD, IDENTITY, BoneRecord, RegistrationRecord, rows
from CTSMALib.registration.record_folder import load_record, write_record
from CTSMALib.scene.registration.judging import JobWish
from CTSMALib.scene.registration.review_entry import no_report, report_steps
from CTSMALib.scene.registration.review_nodes import matrices
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.volumes.rigid import itk_transform
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.session_folder import Clock, finished_job, places_on, registration_folder

JUDGED_MM = 0.123


@pytest.fixture()
def a_session(
    a_scene: Any, tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> ReviewSession:
    folder = registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)
    return ReviewSession.open(a_scene, folder, a_pair.ct, a_pair.mr, "A. Reader", Clock())


def judged(bone: BoneRecord) -> BoneRecord:
    """As the stage that judges leaves it."""
    return replace(bone, quality=replace(bone.quality, estimated_mm=JUDGED_MM), verdict=GOOD, reasons=())


def found_anew(bone: BoneRecord) -> BoneRecord:
    """As a run that starts from a bone leaves it: a little from where it was put."""
    near = bone.moving_to_fixed_ras.copy()
    near[:3, 3] += (0.1, 0.0, -0.1)
    auto = rows(near)
    return replace(judged(bone), auto_moving_to_fixed_ras=auto, user_moving_to_fixed_ras=IDENTITY)


def value(session: ReviewSession, bone: str, key: str) -> tuple[float | None, float | None, str]:
    (row,) = [row for row in session.comparison() if (row.bone, row.key) == (bone, key)]
    return row.before, row.after, row.note


@pytest.fixture()
def a_job(a_session: ReviewSession, tmp_path: Path) -> Callable[..., Path]:
    """Runs what a session wishes for, with a made-up outcome."""

    def job(wish: JobWish, bone: Callable[[BoneRecord], BoneRecord]) -> Path:
        return finished_job(tmp_path / f"job {len(list(tmp_path.iterdir()))}", wish.initial_folder, wish.stage, bone)

    return job


def test_a_moved_bone_is_to_be_judged_again_until_it_is_back(a_session: ReviewSession) -> None:
    before = a_session.record.bone("femur")
    assert value(a_session, "femur", "estimated_mm")[2] == ""
    a_session.move("femur", (1.0, 0.0, 0.0))
    assert not a_session.is_judged("femur") and a_session.is_judged("tibia")
    assert a_session.record.bone("femur").verdict == CHECK
    assert value(a_session, "femur", "estimated_mm") == (before.auto_quality.estimated_mm, None, "judge again")
    assert load_record(a_session.folder).bone("femur").reasons != before.reasons
    a_session.reset("femur")
    assert a_session.is_judged("femur") and a_session.record.bone("femur") == before


def test_a_judgment_is_taken_with_the_reviews_and_can_be_undone(
    a_session: ReviewSession, a_job: Callable[..., Path]
) -> None:
    a_session.move("femur", (1.0, 0.0, 0.0))
    wish = a_session.request_judge()
    assert (wish.stage, wish.initial_folder, wish.bones) == ("judge", a_session.folder, a_session.bones)
    folder = a_job(wish, judged)
    a_session.decide("femur", "needs work", "still off")  # while the job ran
    told: list[str] = []
    a_session.watch(told.append)
    a_session.take(folder)
    assert told == ["record"] and a_session.undo_name == "Judge"
    assert all(a_session.is_judged(bone) for bone in a_session.bones)
    assert value(a_session, "femur", "estimated_mm")[1:] == (JUDGED_MM, "")
    assert a_session.decision("femur").reason == "still off"
    assert a_session.record.bone("femur").user_moving_to_fixed_ras[0][3] == 1.0
    assert load_record(a_session.folder) == a_session.record
    a_session.undo()
    assert not a_session.is_judged("femur")


def test_a_judgment_of_a_bone_that_was_moved_on_is_not_taken(
    a_session: ReviewSession, a_job: Callable[..., Path]
) -> None:
    folder = a_job(a_session.request_judge(), judged)
    a_session.move("femur", (1.0, 0.0, 0.0))
    a_session.take(folder)
    assert not a_session.is_judged("femur")
    assert value(a_session, "femur", "estimated_mm")[1] is None
    assert value(a_session, "tibia", "estimated_mm")[1] == JUDGED_MM
    a_session.move("knee", (0.0, 1.0, 0.0))
    with pytest.raises(InputError, match="moved since"):
        a_session.take(folder)


def test_a_refinement_replaces_what_was_found_and_keeps_the_earlier_run(
    a_session: ReviewSession, a_job: Callable[..., Path], a_pair: MadeUpPair
) -> None:
    a_session.move("femur", (1.0, 0.0, 0.0))
    a_session.decide("femur", "needs work", "off by a millimeter")
    folder = a_job(a_session.request_refine(), found_anew)
    a_session.add_landmark("femur", *places_on(a_pair, "femur", 1)[0])  # while the job ran
    before = a_session.record
    a_session.take(folder)
    record, shown = a_session.record, matrices(a_session.nodes, "femur")
    expected = before.bone("femur").moving_to_fixed_ras.copy()
    expected[:3, 3] += (0.1, 0.0, -0.1)
    np.testing.assert_array_equal(shown.auto, expected)
    np.testing.assert_array_equal(shown.user, np.eye(4))
    assert a_session.is_judged("femur") and a_session.status == "unreviewed"
    assert (record.earlier[-1].bones, record.earlier[-1].reviews) == (before.bones, before.reviews)
    assert (record.landmarks, record.patches) == (before.landmarks, before.patches)
    assert load_record(a_session.folder) == record
    a_session.undo()
    assert a_session.record is before
    np.testing.assert_array_equal(matrices(a_session.nodes, "femur").user[:3, 3], (1.0, 0.0, 0.0))


def test_one_bone_can_be_refined_while_others_stay(a_session: ReviewSession, a_job: Callable[..., Path]) -> None:
    a_session.decide("tibia", "accepted")
    a_session.decide("femur", "needs work", "off")
    a_session.move("patella", (0.0, 0.0, 1.0))
    wish = a_session.request_refine(["femur"])
    assert (wish.stage, wish.bones) == ("bones", ("femur",))
    before = a_session.record
    a_session.take(a_job(wish, found_anew), wish.bones)
    changed = [bone.name for bone, was in zip(a_session.record.bones, before.bones, strict=True) if bone != was]
    assert changed == ["femur"]
    assert a_session.decision("tibia").decision == "accepted" and a_session.decision("femur") is None
    with pytest.raises(InputError, match="ulna"):
        a_session.request_refine(["ulna"])


def test_a_second_reading_takes_no_new_motions_but_a_judgment(
    a_session: ReviewSession, a_job: Callable[..., Path]
) -> None:
    refined = a_job(a_session.request_refine(), found_anew)
    a_session.decide("tibia", "accepted")
    a_session.reviewer = "Another Reader"
    a_session.read_blind(True)
    before = a_session.record
    with pytest.raises(InputError, match="judges the bones as they lie"):
        a_session.take(refined)
    assert a_session.record is before
    a_session.take(a_job(a_session.request_judge(), judged))
    assert a_session.record.bone("femur").quality.estimated_mm == JUDGED_MM
    a_session.read_blind(False)
    a_session.take(refined)
    assert a_session.record.earlier


def test_a_second_reading_is_signed_before_there_is_a_report(a_session: ReviewSession, tmp_path: Path) -> None:
    for bone in a_session.bones:
        a_session.decide(bone, "accepted")
    assert no_report(a_session) == ""
    a_session.reviewer = "Another Reader"
    a_session.read_blind(True)
    for bone in a_session.bones:
        with pytest.raises(InputError, match="Sign your second reading first"):
            report_steps(a_session, tmp_path / "out")
        a_session.decide(bone, "rejected", "off")
    assert next(report_steps(a_session, tmp_path / "out"))[1] == 0.0


def test_results_of_something_else_are_refused(
    a_session: ReviewSession, a_job: Callable[..., Path], tmp_path: Path
) -> None:
    wish = a_session.request_refine()
    refined, other = (a_job(wish, outcome) for outcome in (found_anew, lambda bone: found_anew(found_anew(bone))))
    a_session.take(refined)
    before = a_session.record
    a_session.take(refined)  # once more
    with pytest.raises(InputError, match="another registration"):
        a_session.take(other)
    for scan in ("fixed", "moving"):
        record = load_record(refined)
        write_record(replace(record, **{scan: replace(getattr(record, scan), sha256="e" * 64)}), other)
        with pytest.raises(InputError, match="other scans"):
            a_session.take(other)
    with pytest.raises(InputError, match="registration"):
        a_session.take(tmp_path)
    assert a_session.record is before


def test_held_out_points_measure_before_and_after(a_session: ReviewSession, a_pair: MadeUpPair) -> None:
    for ct, mr in places_on(a_pair, "femur", 2):
        a_session.add_landmark("femur", ct, mr, held_out=True)
    a_session.move("femur", (0.0, 0.0, 1.5))
    before, after, note = value(a_session, "femur", "tre_held_out_mm")
    assert (before, after, note) == (pytest.approx(0.0, abs=1e-6), pytest.approx(1.5), "2 points")
    assert "tre_fitted_mm" not in [row.key for row in a_session.comparison()]


def test_bones_outlined_in_the_mr_are_compared(a_session: ReviewSession, a_pair: MadeUpPair) -> None:
    assert "dice" not in [row.key for row in a_session.comparison()]
    into_ct = itk_transform(np.linalg.inv(a_pair.matrices["femur"]))
    femur = sitk.Resample(a_pair.labels == 1, a_pair.mr, into_ct, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    a_session.give_mr_labels(femur)
    a_session.move("femur", (0.0, 0.0, 3.0))
    before, after, _ = value(a_session, "femur", "dice")
    assert before > 0.97 > after + 0.02
    before, after, _ = value(a_session, "femur", "assd_mm")
    assert before < 0.4 < after
    assert value(a_session, "tibia", "dice")[:2] == (None, None)


def test_numbers_tell_the_true_motion_from_others(a_session: ReviewSession) -> None:
    true = a_session.numbers()
    a_session.move("femur", (0.0, 2.0, 0.0))
    off = a_session.numbers()
    assert off.similarity < true.similarity - 0.02
    assert off.contour_mm > true.contour_mm
    a_session.undo()
    assert a_session.numbers() == true
