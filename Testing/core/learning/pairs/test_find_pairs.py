"""Pairs of CT and MR are found in folders as people lay them down, and what is doubtful is said."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path, PurePath

import pydicom
import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from CTSMALib.errors import CancelledError, InputError
from CTSMALib.learning.pairs.cohort_table import CohortTable
from CTSMALib.learning.pairs.find_pairs import find_pairs
from CTSMALib.learning.pairs.naming import as_name, side_said, subject_said
from CTSMALib.volumes import read_mr, read_scan
from Testing.core.learning.pairs.scans import dicom, image


def found(folder: Path) -> CohortTable:
    return find_pairs(folder, folder / "manifest.csv").table


def knees(table: CohortTable) -> list[tuple[str, str, str, str]]:
    return [(row["subject"], row["side"], row["ct"], row["mr"]) for row in table.rows]


def test_series_of_one_patient_and_side_are_a_pair(tmp_path: Path) -> None:
    dicom(tmp_path / "a" / "ct", "CT")
    dicom(tmp_path / "a" / "mr", "MR")
    dicom(tmp_path / "b" / "ct", "CT", "P2", "R")
    dicom(tmp_path / "b" / "mr", "MR", "P2", "R")
    table = found(tmp_path)
    assert knees(table) == [("P1", "left", "a/ct", "a/mr"), ("P2", "right", "b/ct", "b/mr")]
    assert [row["doubts"] for row in table.rows] == ["", ""]


def test_series_that_share_a_folder_are_named_by_a_file_that_reads_them(tmp_path: Path) -> None:
    dicom(tmp_path / "a", "CT", name="ct{:03d}", series_number=3)
    dicom(tmp_path / "a", "MR", name="mr{:03d}", series_number=4)
    table = found(tmp_path)
    assert knees(table) == [("P1", "left", "a/ct000", "a/mr000")]
    assert read_scan(tmp_path / "a" / "ct000").image.GetSize() == (32, 32, 20)
    assert read_mr(tmp_path / "a" / "mr000").image.GetSize() == (32, 32, 20)


def test_a_picture_of_the_screen_does_not_decide_what_a_series_is(tmp_path: Path) -> None:
    dicom(tmp_path / "a" / "ct", "CT", name="{:04d}.dcm")
    dicom(tmp_path / "a" / "mr", "MR")
    first = min((tmp_path / "a" / "ct").iterdir())
    picture = pydicom.dcmread(first)
    picture.Modality, picture.SOPClassUID = "OT", SecondaryCaptureImageStorage
    picture.save_as(tmp_path / "a" / "ct" / "0.dcm")  # sorts before all others
    assert knees(found(tmp_path)) == [("P1", "left", "a/ct", "a/mr")]


def test_a_ct_without_a_side_goes_with_the_mr_of_either_knee(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT", side="")
    dicom(tmp_path / "left", "MR", side="L")
    dicom(tmp_path / "right", "MR", side="R", series_number=5)
    table = found(tmp_path)
    assert knees(table) == [("P1", "left", "ct", "left"), ("P1", "right", "ct", "right")]
    assert all("The CT does not say its side" in row["doubts"] for row in table.rows)
    assert table.rows[0]["split"] == table.rows[1]["split"] != ""


def test_scans_without_any_side_are_left_open(tmp_path: Path) -> None:
    dicom(tmp_path / "x" / "ct", "CT", side="")
    dicom(tmp_path / "x" / "mr", "MR", side="")
    (row,) = found(tmp_path).rows
    assert row["side"] == "" and "fill it in" in row["doubts"]


def test_of_two_mrs_the_balanced_one_is_taken_and_the_other_named(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT")
    dicom(tmp_path / "one", "MR", description="PD fs", series_number=4)
    dicom(tmp_path / "two", "MR", description="b-FFE", series_number=5)
    (row,) = found(tmp_path).rows
    assert (row["mr"], row["other_mrs"]) == ("two", "one")
    assert "2 MRs fit: 'b-FFE" in row["doubts"] and "not 'PD fs" in row["doubts"]


def test_the_sides_of_ct_and_mr_must_agree(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT", side="L")
    dicom(tmp_path / "mr", "MR", side="R")
    table = found(tmp_path)
    assert knees(table) == [("P1", "left", "ct", ""), ("P1", "right", "", "mr")]
    assert [row["doubts"] for row in table.rows] == ["No MR of this knee was found.", "No CT of this knee was found."]
    assert [row["split"] for row in table.rows] == ["", ""]


def test_image_files_are_told_by_their_names(tmp_path: Path) -> None:
    image(tmp_path / "S01_L_CT.nii.gz", -1000)
    image(tmp_path / "S01_L_bFFE.nii.gz", 0)
    image(tmp_path / "S01_L_CT_seg.nii.gz", 0)
    image(tmp_path / "sub-02" / "right" / "ct.nii.gz", -1000)
    image(tmp_path / "sub-02" / "right" / "mr.nrrd", 0)
    result = find_pairs(tmp_path, tmp_path / "manifest.csv")
    assert knees(result.table) == [
        ("S01", "left", "S01_L_CT.nii.gz", "S01_L_bFFE.nii.gz"),
        ("sub-02", "right", "sub-02/right/ct.nii.gz", "sub-02/right/mr.nrrd"),
    ]
    assert [(left.path.name, "label map" in left.reason) for left in result.left_out] == [("S01_L_CT_seg.nii.gz", True)]


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("S01_L_CT.nii.gz", "S01"), ("sub-07/ses-1/anat/sub-07_T2w.nii", "sub-07"),
        ("Case 12/right/mr.nrrd", "Case-12"), ("p3/MESE_TE25.2ms.nii.gz", "p3"), ("p4/scan2.nii.gz", "p4"),
        ("001_leftknee_bssfp.mha", "001"), ("ct.nii.gz", ""),
    ],
)  # fmt: skip
def test_a_path_says_who_is_meant(path: str, subject: str) -> None:
    assert as_name(subject_said(PurePath(path))) == subject


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("knee_L", "left"), ("KneeR", "right"), ("rechts", "right"), ("genou gauche", "left"), ("L and R", ""),
        ("lateral", ""), ("L4", ""), ("rigid", ""),
    ],
)  # fmt: skip
def test_words_say_the_side(text: str, side: str) -> None:
    assert side_said(text) == side


def test_where_names_are_silent_values_tell_ct_from_mr(tmp_path: Path) -> None:
    image(tmp_path / "S1" / "left_1.nii.gz", -1000)
    image(tmp_path / "S1" / "left_2.nii.gz", 0)
    (row,) = found(tmp_path).rows
    assert (row["ct"], row["mr"]) == ("S1/left_1.nii.gz", "S1/left_2.nii.gz")
    assert "was told from its values" in row["doubts"]


def test_a_folder_keeps_together_what_is_called_differently(tmp_path: Path) -> None:
    dicom(tmp_path / "case1" / "ct", "CT", "CT-0815")
    dicom(tmp_path / "case1" / "mr", "MR", "MR-4711")
    (row,) = found(tmp_path).rows
    assert (row["subject"], row["ct"], row["mr"]) == ("CT-0815", "case1/ct", "case1/mr")
    assert "name other subjects" in row["doubts"]


def test_a_bone_kernel_is_no_label_map(tmp_path: Path) -> None:
    image(tmp_path / "S1" / "left_CT_bone.nii.gz", -1000)
    image(tmp_path / "S1" / "left_MR.nii.gz", 0)
    for name in ("left_MR_bones.nii.gz", "left_CT_bones.nii.gz", "bones.nii.gz"):
        image(tmp_path / "S1" / name, 0)
    result = find_pairs(tmp_path, tmp_path / "manifest.csv")
    assert knees(result.table) == [("S1", "left", "S1/left_CT_bone.nii.gz", "S1/left_MR.nii.gz")]
    assert len(result.left_out) == 3


@pytest.mark.parametrize("mark", ["analysis.json", "registration.json", "training.json"])
def test_what_was_made_of_scans_is_no_scan(mark: str, tmp_path: Path) -> None:
    image(tmp_path / "S1" / "left_CT.nii.gz", -1000)
    image(tmp_path / "S1" / "left_MR.nii.gz", 0)
    image(tmp_path / "project" / "S1-left" / "images" / "left_CT.nii.gz", -1000)
    (tmp_path / "project" / "S1-left" / mark).write_text("{}")
    result = find_pairs(tmp_path, tmp_path / "manifest.csv")
    assert knees(result.table) == [("S1", "left", "S1/left_CT.nii.gz", "S1/left_MR.nii.gz")]
    assert [left.path for left in result.left_out] == [tmp_path / "project" / "S1-left"]


@pytest.mark.parametrize("patient_id", ["ANONYMOUS", "anon^patient", "0000", ""])
def test_an_id_that_everybody_has_identifies_nobody(patient_id: str, tmp_path: Path) -> None:
    for name in ("S1", "S2"):
        dicom(tmp_path / name / "ct", "CT", patient_id)
        dicom(tmp_path / name / "mr", "MR", patient_id)
    table = found(tmp_path)
    assert knees(table) == [("S1", "left", "S1/ct", "S1/mr"), ("S2", "left", "S2/ct", "S2/mr")]
    assert all("names no patient" in row["doubts"] for row in table.rows)


def test_people_whose_names_differ_in_an_accent_stay_apart(tmp_path: Path) -> None:
    decomposed = "Mo\u0308ller"
    for name in ("Müller", decomposed, "Żak", "Źak"):
        image(tmp_path / f"{name}_left_CT.nii.gz", -1000)
        image(tmp_path / f"{name}_left_MR.nii.gz", 0)
    assert [row["subject"] for row in found(tmp_path).rows] == ["Möller", "Müller", "Źak", "Żak"]


def test_an_mr_without_a_side_beside_one_with_a_side_is_told(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT")
    dicom(tmp_path / "one", "MR")
    dicom(tmp_path / "two", "MR", side="", series_number=5, description="t1")
    rows = {row["mr"]: row["doubts"] for row in found(tmp_path).rows}
    assert "another MR of the left knee; fill in the side" in rows["two"]


def test_scans_far_apart_in_time_are_doubtful(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT", date="20200101")
    dicom(tmp_path / "mr", "MR", date="20220101")
    (row,) = found(tmp_path).rows
    assert "taken 731 days apart" in row["doubts"]


def test_a_header_that_contradicts_its_folder_is_doubtful(tmp_path: Path) -> None:
    dicom(tmp_path / "right" / "ct", "CT", side="L")
    dicom(tmp_path / "right" / "mr", "MR", side="L")
    (row,) = found(tmp_path).rows
    assert row["side"] == "left" and "different sides" in row["doubts"]


def test_splits_grades_and_ages_of_an_earlier_manifest_stay(tmp_path: Path) -> None:
    for number in range(4):
        dicom(tmp_path / str(number) / "ct", "CT", f"P{number}")
        dicom(tmp_path / str(number) / "mr", "MR", f"P{number}")
    first = found(tmp_path)
    changed = first.with_cell(2, "split", "test").with_cell(2, "grade", "3")
    again = find_pairs(tmp_path, tmp_path / "manifest.csv", seed=9, earlier=changed).table
    assert [row["split"] for row in again.rows] == [row["split"] for row in changed.rows]
    assert again.rows[2]["grade"] == "3"


def test_what_people_corrected_stays_with_the_same_scans(tmp_path: Path) -> None:
    for number in range(4):
        dicom(tmp_path / str(number) / "ct", "CT", f"P{number}", side="")
        dicom(tmp_path / str(number) / "mr", "MR", f"P{number}", side="")
    changed = found(tmp_path).with_cell(1, "split", "test").with_cell(1, "side", "right").with_cell(2, "subject", "Q")
    changed = replace(changed, columns=(*changed.columns, "bmi"), rows=tuple({**r, "bmi": "24"} for r in changed.rows))
    dicom(tmp_path / "new" / "ct", "CT", "new")
    again = find_pairs(tmp_path, tmp_path / "manifest.csv", seed=9, earlier=changed).table
    names = ("subject", "side", "split", "bmi")
    *kept, new = again.rows
    assert [[row[name] for name in names] for row in kept] == [[row[name] for name in names] for row in changed.rows]
    assert again.columns == changed.columns and [new[name] for name in names] == ["new", "left", "", ""]


def test_a_knee_that_is_found_later_has_the_split_of_its_subject(tmp_path: Path) -> None:
    for number in range(4):
        dicom(tmp_path / str(number) / "ct", "CT", f"P{number}")
        dicom(tmp_path / str(number) / "mr", "MR", f"P{number}")
    changed = found(tmp_path).with_cell(3, "split", "test")
    dicom(tmp_path / "3" / "ct_r", "CT", "P3", "R", series_number=8)
    dicom(tmp_path / "3" / "mr_r", "MR", "P3", "R", series_number=9)
    again = find_pairs(tmp_path, tmp_path / "manifest.csv", seed=9, earlier=changed).table
    assert [row["split"] for row in again.rows if row["subject"] == "P3"] == ["test", "test"]


def test_why_a_scan_is_missing_is_said(tmp_path: Path) -> None:
    dicom(tmp_path / "P1" / "ct", "CT")
    dicom(tmp_path / "P1" / "mr", "MR")
    for path in sorted((tmp_path / "P1" / "mr").iterdir())[1:]:
        path.unlink()
    (row,) = found(tmp_path).rows
    assert "No MR of this knee was found. Left out: Series 3 'b-FFE knee' holds a single slice." in row["doubts"]


def test_two_names_in_one_folder_may_be_one_person(tmp_path: Path) -> None:
    for subject in ("P1", "P1-again"):
        for kind in ("CT", "MR"):
            dicom(tmp_path / "case" / subject / kind, kind, subject)
    assert all("give both one name" in row["doubts"] for row in found(tmp_path).rows)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_what_has_a_name_that_is_not_in_utf8_is_left_out(tmp_path: Path) -> None:
    dicom(tmp_path / "P1" / "ct", "CT")
    dicom(tmp_path / "P1" / "mr", "MR")
    (tmp_path / "P2").mkdir()
    (tmp_path / "P1" / "ct").rename(tmp_path / "P1" / "Kn\udcfcie")
    (tmp_path / "P2" / "t1_\udcfc.nii.gz").write_bytes(b"x")
    result = find_pairs(tmp_path, tmp_path / "manifest.csv", seed=1)
    assert not any("\udcfc" in cell for row in result.table.rows for cell in row.values())
    assert any("not in UTF-8" in one.reason for one in result.left_out)


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="holds no scans"):
        found(tmp_path)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    dicom(tmp_path / "ct", "CT")

    def stop(stage: str, fraction: float, message: str = "") -> None:
        if fraction > 0.05:
            raise CancelledError

    with pytest.raises(CancelledError):
        find_pairs(tmp_path, tmp_path / "manifest.csv", progress=stop)
