"""Whose objects they are: the patient of the series in valid words, or a pseudonym and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from CTSMALib.errors import InputError
from CTSMALib.jobs.dicom_export import DicomRequest, run
from CTSMALib.report.dicom.patient import identified, pseudonymous, uid_from
from CTSMALib.report.identity import prepared, pseudonym_for
from CTSMALib.report.model import ReportOptions
from Testing.core.dicom_validity import errors_of
from Testing.core.report.dicom.dicom_knee import DicomKnee, objects_in, store

SECRETS = (
    *("Żółć", "Łukasz", "KH-004711", "KH-OTHER", "19570314", "20200611", "ACC-99120", "A_STUDY_ID", "Wiśniewska"),
    *("Szpital", "KNIE", "comment about"),
)


def a_header(**values: Any) -> Dataset:
    header = Dataset()
    header.StudyInstanceUID, header.PatientID, header.PatientName = "1.2.3", "4711", "Doe^Jane"
    for keyword, value in values.items():
        setattr(header, keyword, value)
    return header


def test_what_is_too_long_or_impossible_is_mended_and_told() -> None:
    found = identified(a_header(StudyID="x" * 20, PatientSex="F", PatientAge="063Y", StudyDescription="CT\nknee\\left"))
    assert found.elements.StudyID == "x" * 16
    assert found.elements.StudyDescription == "CTknee/left"
    assert (found.elements.PatientSex, found.elements.PatientAge) == ("F", "063Y")
    assert [remark.split()[0] for remark in found.remarks] == ["StudyID"]
    assert (found.elements.AccessionNumber, found.elements.StudyDate) == ("", "")
    assert found.uid("1.2.3") == "1.2.3"


def test_values_that_dicom_does_not_know_are_left_out() -> None:
    header = a_header()
    header.PatientSex = "X"
    found = identified(header)
    assert found.elements.PatientSex == ""
    assert found.remarks == ("PatientSex is not valid in the series and was left out.",)


def test_a_pseudonym_leaves_sex_age_and_year() -> None:
    header = a_header(PatientSex="M", PatientAge="063Y", StudyDate="20200611", StudyTime="1213", AccessionNumber="A1")
    found = pseudonymous(header, "K-1", "ab" * 32)
    elements = found.elements
    assert (str(elements.PatientName), elements.PatientID, elements.PatientSex) == ("K-1^", "K-1", "M")
    assert (elements.PatientAge, elements.StudyDate, elements.StudyTime) == ("063Y", "20200101", "")
    assert (elements.AccessionNumber, elements.PatientIdentityRemoved) == ("", "YES")
    assert elements.StudyInstanceUID == found.uid("1.2.3") != "1.2.3"
    assert "PatientAge" not in pseudonymous(a_header(PatientAge="093Y"), "K-1", "ab" * 32).elements


def test_new_uids_are_the_same_for_an_image_and_differ_between_images() -> None:
    one, again, other = (uid_from(bytes.fromhex(key * 32), "1.2.3") for key in ("ab", "ab", "cd"))
    assert one == again != other
    assert one.startswith("2.25.") and len(one) <= 64


def contents_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.dcm")))


def test_nothing_of_the_patient_is_in_pseudonymised_objects(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee: DicomKnee = a_dicom_knee("siemens")
    run(DicomRequest(knee.result, knee.series, tmp_path / "one", pseudonymise=True))
    content = contents_of(tmp_path / "one")
    known = {secret: secret.encode() in content for secret in SECRETS}
    assert not any(known.values()), known
    sources = [pydicom.dcmread(path, stop_before_pixels=True) for path in knee.series.iterdir()]
    for source in sources:
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
            assert str(source[keyword].value).encode() not in content, keyword
    made = list(objects_in(tmp_path / "one"))
    assert len(made) == 5
    assert {one.PatientID for one in made} == {pseudonym_for(knee.analysis, "")}
    assert len({one.StudyInstanceUID for one in made}) == 1
    assert {one.StudyDate for one in made} == {"20200101"}
    assert all(date.endswith("0101") for one in made for date in (one.SeriesDate, one.ContentDate) if date)
    for path in sorted((tmp_path / "one").glob("*.dcm")):
        assert errors_of(path) == [], path.name


def test_pseudonymised_exports_of_one_scan_meet_in_one_study(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee: DicomKnee = a_dicom_knee("siemens")
    for name, kind in (("one", "seg"), ("two", "pm")):
        run(DicomRequest(knee.result, knee.series, tmp_path / name, (kind,), pseudonymise=True))
    one, two = (next(objects_in(tmp_path / name)) for name in ("one", "two"))
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert one[keyword].value == two[keyword].value
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.ReferencedSeriesSequence[0].SeriesInstanceUID == two.ReferencedSeriesSequence[0].SeriesInstanceUID


def test_a_pseudonymised_result_keeps_its_pseudonym(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee: DicomKnee = a_dicom_knee("siemens")
    hidden = prepared(knee.analysis, ReportOptions(pseudonymise=True, pseudonym="K-MINE"))
    result = tmp_path / "result"
    shutil.copytree(knee.result, result)
    store(hidden, result)
    request = DicomRequest(result, knee.series, tmp_path / "out", ("seg",))
    with pytest.raises(InputError, match="cannot be written under the patient's name"):
        run(request)
    run(replace(request, pseudonymise=True))
    assert next(objects_in(tmp_path / "out")).PatientID == "K-MINE"
