"""A result is written only into the study of the very images that it was made from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.errors import InputError
from CTSMALib.report.dicom.series import check_same, read_series
from CTSMALib.report.identity import prepared
from CTSMALib.report.model import ReportOptions
from CTSMALib.volumes.media import write_image
from CTSMALib.volumes.scan import InputIdentity, ScanHeader
from Testing.core.report.dicom.dicom_knee import DicomKnee


@pytest.fixture()
def a_copy(tmp_path: Path, a_dicom_knee: Any) -> DicomKnee:
    """A knee whose folders a test may change."""
    knee = a_dicom_knee("siemens")
    shutil.copytree(knee.series, tmp_path / "series")
    shutil.copytree(knee.result, tmp_path / "result")
    return replace(knee, series=tmp_path / "series", result=tmp_path / "result")


def check(knee: DicomKnee, analysis: KneeAnalysis | None = None) -> None:
    found = analysis or knee.analysis
    check_same(read_series(knee.series, found), found, knee.result)


def every_file(knee: DicomKnee, change: Callable[[pydicom.Dataset], None]) -> None:
    for path in knee.series.iterdir():
        header = pydicom.dcmread(path)
        change(header)
        header.save_as(path)


@pytest.mark.parametrize("style", ["siemens", "ge", "philips", "enhanced"])
def test_the_series_of_a_result_is_found(a_dicom_knee: Any, style: str) -> None:
    check(a_dicom_knee(style))


def test_among_other_series_the_right_one_is_found(a_copy: DicomKnee, tmp_path: Path, a_dicom_knee: Any) -> None:
    shutil.copytree(a_dicom_knee("philips").series, a_copy.series / "other")
    check(a_copy)


def test_a_result_of_a_file_belongs_to_no_study(a_copy: DicomKnee) -> None:
    analysis = replace(a_copy.analysis, header=ScanHeader(), identity=InputIdentity("knee.nii.gz", "NIfTI", "0" * 64))
    with pytest.raises(InputError, match=r"'knee\.nii\.gz', which belongs to no DICOM study") as caught:
        check(a_copy, analysis)
    assert "Analyze the DICOM series" in caught.value.remedy


def test_a_file_with_the_header_of_its_series_is_as_good(a_copy: DicomKnee) -> None:
    """As 3D Slicer hands scans over: voxels in a file, the header from DICOM."""
    check(a_copy, replace(a_copy.analysis, identity=replace(a_copy.analysis.identity, format="NRRD", name="ct.nrrd")))


def test_another_series_is_refused(a_copy: DicomKnee, a_dicom_knee: Any) -> None:
    with pytest.raises(InputError, match="does not hold the series that was analyzed") as caught:
        check(replace(a_copy, series=a_dicom_knee("philips").series))
    assert "Give the folder" in caught.value.remedy


def test_other_values_are_refused(a_copy: DicomKnee) -> None:
    path = sorted(a_copy.series.iterdir())[20]
    header = pydicom.dcmread(path)
    pixels = bytearray(header.PixelData)
    pixels[4000] ^= 1
    header.PixelData = bytes(pixels)
    header.save_as(path)
    with pytest.raises(InputError, match="not those that were analyzed"):
        check(a_copy)


def test_a_moved_series_is_refused(a_copy: DicomKnee) -> None:
    def move(header: pydicom.Dataset) -> None:
        header.ImagePositionPatient = [float(header.ImagePositionPatient[0]) + 1.0, *header.ImagePositionPatient[1:]]

    every_file(a_copy, move)
    with pytest.raises(InputError, match="their values or places differ"):
        check(a_copy)


def test_a_series_without_some_slices_is_refused(a_copy: DicomKnee) -> None:
    for path in sorted(a_copy.series.iterdir())[:4]:
        path.unlink()
    with pytest.raises(InputError, match=r"voxels of .* now; what was analyzed had"):
        check(a_copy)


def test_another_spacing_is_refused(a_copy: DicomKnee) -> None:
    every_file(a_copy, lambda header: setattr(header, "PixelSpacing", [0.91, 0.91]))
    with pytest.raises(InputError, match="what was analyzed had") as caught:
        check(a_copy)
    assert "0.91" in caught.value.message


@pytest.mark.parametrize(
    ("keyword", "what"), [("PatientID", "different patients"), ("StudyInstanceUID", "different studies")]
)
def test_another_patient_or_study_is_refused(a_copy: DicomKnee, keyword: str, what: str) -> None:
    every_file(a_copy, lambda header: setattr(header, keyword, "1.2.3"))
    with pytest.raises(InputError, match=what):
        check(a_copy)


def test_a_volume_outside_of_the_series_is_refused(a_copy: DicomKnee) -> None:
    moved = sitk.Image(a_copy.labels)
    moved.SetOrigin((0.0, 0.0, 0.0))
    write_image(moved, a_copy.result / "labels.nii.gz")
    with pytest.raises(InputError, match="labels volume of the result lies outside"):
        check(a_copy)


def test_a_series_without_a_frame_of_reference_is_refused(a_copy: DicomKnee) -> None:
    every_file(a_copy, lambda header: setattr(header, "FrameOfReferenceUID", ""))
    with pytest.raises(InputError, match="has no FrameOfReferenceUID"):
        check(a_copy)


def test_a_pseudonymised_result_is_known_by_its_voxels(a_copy: DicomKnee) -> None:
    hidden = prepared(a_copy.analysis, ReportOptions(pseudonymise=True))
    assert not hidden.header.series_uid and not hidden.identity.sha256
    check(a_copy, hidden)
    stored = sitk.ReadImage(str(a_copy.result / "ct.nii.gz"))
    stored[10, 10, 10] = stored[10, 10, 10] + 1
    write_image(stored, a_copy.result / "ct.nii.gz")
    with pytest.raises(InputError, match="not those that were analyzed"):
        check(a_copy, hidden)
