"""Where a registration may start from, and what a stage needs to know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.registration.names import BONES, KNEE, LOCAL, POSE
from CTSMALib.registration.record import rows
from CTSMALib.registration.start import read_start, start_from
from CTSMALib.volumes.rigid import turned, write_itk
from CTSMALib.volumes.scan import InputIdentity
from Testing.core.registration.made_up_record import FEMUR_MOTION, KNEE_MOTION, a_record, a_record_folder
from Testing.core.registration.test_landmarks import MOTION, POINTS, a_table


@pytest.fixture
def a_transform(tmp_path: Path) -> Path:
    write_itk(KNEE_MOTION, tmp_path / "first.tfm")
    return tmp_path / "first.tfm"


def test_nothing_known_starts_with_the_pose() -> None:
    start = read_start(None)
    assert (start.first_stage, start.knee, dict(start.bones)) == (POSE, None, {})


def test_a_transform_file_is_a_motion_of_the_knee(a_transform: Path) -> None:
    start = read_start(a_transform)
    assert start.first_stage == KNEE and start.name == "first.tfm"
    assert start.knee == pytest.approx(KNEE_MOTION, abs=1e-9)
    assert read_start(a_transform, BONES).first_stage == BONES


def test_landmarks_are_motions_of_their_bones(tmp_path: Path) -> None:
    start = read_start(a_table(tmp_path / "l.csv", POINTS, "tibia"))
    assert start.first_stage == BONES and start.knee is None
    assert start.bones["tibia"] == pytest.approx(MOTION, abs=1e-9)
    whole = read_start(a_table(tmp_path / "knee.csv", POINTS, "knee"))
    assert whole.first_stage == KNEE and not whole.bones
    assert whole.knee == pytest.approx(MOTION, abs=1e-9)


def test_a_registration_is_gone_on_from(tmp_path: Path) -> None:
    start = read_start(a_record_folder(tmp_path / "earlier"))
    assert start.first_stage == BONES and start.name == "earlier"
    assert start.knee == pytest.approx(KNEE_MOTION, abs=1e-9)
    assert start.bones["femur"] == pytest.approx(FEMUR_MOTION, abs=1e-9)
    assert start.earlier == a_record()


def test_single_bones_are_found_anew_in_a_registration(tmp_path: Path, a_transform: Path) -> None:
    earlier = a_record_folder(tmp_path / "earlier")
    names = [bone.name for bone in a_record().bones]
    start = read_start(earlier, only=(names[0],))
    assert start.only == (names[0],) and list(start.staying) == names[1:]
    assert read_start(earlier, only=tuple(names)).only == () and not read_start(earlier).staying
    for path, stage, only, said in (
        (a_transform, BONES, ("femur",), "knows the others"),
        (earlier, LOCAL, ("femur",), "knows the others"),
        (earlier, "", ("ulna",), "no bone 'ulna'"),
    ):
        with pytest.raises(InputError, match=said):
            read_start(path, stage, only)
    altered = InputIdentity("other", "NIfTI", "f" * 64)
    with pytest.raises(InputError, match="another CT"):
        start.of_scans(altered, a_record().moving)


def test_a_correction_by_a_person_is_started_from() -> None:
    record = a_record()
    shift = turned(np.zeros(3), np.zeros(3), np.array([2.0, 0.0, 0.0]))
    femur = replace(record.bones[0], user_moving_to_fixed_ras=rows(shift))
    start = start_from(replace(record, bones=(femur,)))
    assert start.bones["femur"] == pytest.approx(femur.fixed_to_moving_lps)
    assert np.abs(start.bones["femur"] - FEMUR_MOTION).max() > 1.0


def test_landmarks_of_a_bone_may_start_the_knee(tmp_path: Path) -> None:
    assert read_start(a_table(tmp_path / "l.csv", POINTS, "tibia"), KNEE).first_stage == KNEE


def test_landmarks_that_do_not_fit_are_told(tmp_path: Path) -> None:
    path = a_table(tmp_path / "l.csv", POINTS, "tibia")
    path.write_text(path.read_text() + "tibia,0,0,60,0,0,0\n")
    assert [notice.code for notice in read_start(path).notices] == ["landmarks-far-off"]


def test_a_registration_of_other_scans_is_told_or_refused() -> None:
    record = a_record()
    other = InputIdentity("other.nii.gz", "NIfTI", "2" * 64)
    renamed = replace(record.fixed, name="renamed.nii.gz")
    start = replace(start_from(record, "earlier"), first_stage=BONES)
    assert start.of_scans(renamed, record.moving).notices == ()
    (told,) = start.of_scans(record.fixed, other).notices
    assert "another MR" in told.text
    with pytest.raises(InputError, match="another CT and MR"):
        replace(start, first_stage=LOCAL).of_scans(other, other)


@pytest.mark.parametrize("stage", [KNEE, BONES, LOCAL])
def test_a_stage_that_needs_a_motion_is_refused_without_one(stage: str) -> None:
    with pytest.raises(InputError, match=stage) as refused:
        read_start(None, stage)
    assert "--initial" in refused.value.remedy


def test_the_last_stage_needs_every_bone(a_transform: Path) -> None:
    with pytest.raises(InputError, match="motions of the bones"):
        read_start(a_transform, LOCAL)


def test_what_is_no_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_start(tmp_path / "none.tfm")
    with pytest.raises(InputError, match="holds no registration"):
        read_start(tmp_path)
    (tmp_path / "words.tfm").write_text("no transform")
    with pytest.raises(InputError, match=r"words\.tfm"):
        read_start(tmp_path / "words.tfm")
    with pytest.raises(InputError, match="no stage 'last'"):
        read_start(None, "last")
