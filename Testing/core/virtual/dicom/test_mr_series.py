"""Virtual MR as DICOM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.virtual.dicom import MR_SERIES, PatientFacts, write_mr_series
from CTSMALib.virtual.scanners import MR_PROTOCOLS
from CTSMALib.volumes import list_series
from Testing.core.virtual.dicom.pictures import an_mr

FACTS = PatientFacts("vk-0001", "M", 70.0, "right", 7)


def written(folder: Path, series: str, image: sitk.Image) -> list[Path]:
    return write_mr_series(image, folder, FACTS, series, MR_PROTOCOLS[series.removesuffix("_rescan")])


@pytest.mark.parametrize("highest", [2000, 30_000])
@pytest.mark.parametrize("series", MR_SERIES)
def test_values_and_places_come_back(tmp_path: Path, series: str, highest: int) -> None:
    image = an_mr(highest)
    written(tmp_path / "mr", series, image)
    found = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "mr")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(found.GetSpacing(), image.GetSpacing(), atol=1e-11)
    np.testing.assert_allclose(found.GetOrigin(), image.GetOrigin(), atol=1e-11)
    np.testing.assert_allclose(found.GetDirection(), image.GetDirection(), atol=1e-11)


def test_rows_run_to_the_back_and_columns_to_the_feet(tmp_path: Path) -> None:
    first, second, *_ = (pydicom.dcmread(p) for p in written(tmp_path / "mr", "bffe", an_mr()))
    assert first.ImageOrientationPatient == [0, 1, 0, 0, 0, -1]
    step = np.subtract(second.ImagePositionPatient, first.ImagePositionPatient)
    np.testing.assert_allclose(step, (-0.9, 0, 0), atol=1e-11)  # from left to right
    assert (first.ScanningSequence, first.SequenceVariant, first.MRAcquisitionType) == ("GR", "SS", "3D")
    assert (first.RepetitionTime, first.EchoTime, first.FlipAngle, first.BitsStored) == (10, 5, 50, 12)


def test_series_of_one_session_share_study_and_place(tmp_path: Path) -> None:
    first = {s: pydicom.dcmread(written(tmp_path / s, s, an_mr())[0]) for s in MR_SERIES}
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        values = {series: dataset[keyword].value for series, dataset in first.items()}
        assert values["bffe"] == values["t1"] == values["pd_fs"] != values["bffe_rescan"]
    assert len({dataset.SeriesInstanceUID for dataset in first.values()}) == 4
    assert first["pd_fs"].ScanOptions == "FS" and first["t1"].ScanningSequence == "SE"
    listed = list_series(tmp_path)
    assert len(listed) == 4 and all("MR series" in series.reason for series in listed)


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    once, again = (written(tmp_path / name, "t1", an_mr()) for name in "ab")
    assert [p.read_bytes() for p in once] == [p.read_bytes() for p in again]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no MR series 'dixon'"):
        write_mr_series(an_mr(), tmp_path / "mr", FACTS, "dixon", MR_PROTOCOLS["t1"])
    with pytest.raises(InputError, match="negative"):
        written(tmp_path / "mr", "t1", sitk.Subtract(an_mr(), 1))
    with pytest.raises(InputError, match="32-bit float"):
        written(tmp_path / "mr", "t1", sitk.Cast(an_mr(), sitk.sitkFloat32))
    assert list(tmp_path.iterdir()) == []
