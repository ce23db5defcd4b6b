"""An MR is read as signals, from DICOM and from files, and what is none is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from CTSMALib.errors import InputError
from CTSMALib.volumes import read_mr, read_scan
from CTSMALib.volumes.bone_labels import check_overlap, read_bone_labels
from Testing.core.volumes.dicom_writer import Geometry, write_series

FINE, COARSE = Geometry(spacing=(1.2, 1.2, 1.2)), Geometry(spacing=(1.4, 1.4, 3.0))


@pytest.fixture
def signals() -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 900, (30, 24, 20)).astype(np.int16)


def mr(**changes: object):
    def edit(ds: Dataset, _: int) -> None:
        ds.Modality, ds.SOPClassUID = "MR", MRImageStorage
        ds.ConvolutionKernel = ""
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "normalized"
        for name, value in changes.items():
            setattr(ds, name, value)

    return edit


def stored(signals: np.ndarray) -> np.ndarray:
    return signals - 1024  # as the writer of CT series subtracts its intercept


def test_dicom_gives_the_stored_signals(tmp_path: Path, signals: np.ndarray) -> None:
    write_series(tmp_path, stored(signals), FINE, edit=mr())
    scan = read_mr(tmp_path)
    assert np.array_equal(sitk.GetArrayViewFromImage(scan.image), signals)
    assert scan.image.GetSpacing() == pytest.approx(FINE.spacing)
    assert scan.header.modality == "MR" and scan.identity.format == "DICOM"


def test_a_balanced_series_is_preferred(tmp_path: Path, signals: np.ndarray) -> None:
    write_series(tmp_path / "a", stored(signals), FINE, series_number=1, description="PD SPAIR", edit=mr())
    write_series(tmp_path / "b", stored(signals), FINE, series_number=2, description="sBFFE knee", edit=mr())
    write_series(tmp_path / "c", stored(signals), COARSE, series_number=3, description="T1 knee", edit=mr())
    write_series(tmp_path / "d", stored(signals), COARSE, series_number=4, description="CT")
    scan = read_mr(tmp_path)
    assert scan.header.series_number == "2"
    assert "other-series" in {notice.code for notice in scan.notices}
    assert read_mr(tmp_path, series="3").header.series_number == "3"
    with pytest.raises(InputError, match="is a CT series, not an MR"):
        read_mr(tmp_path, series="4")
    with pytest.raises(InputError, match="is an MR series, not a CT"):
        read_scan(tmp_path, series="2")


def test_files_keep_their_values(tmp_path: Path, signals: np.ndarray) -> None:
    image = sitk.GetImageFromArray(signals.astype(np.float32) + 0.25)
    image.SetSpacing((0.3, 0.3, 0.8))
    sitk.WriteImage(image, str(tmp_path / "mr.nii.gz"))
    scan = read_mr(tmp_path / "mr.nii.gz")
    assert np.array_equal(sitk.GetArrayViewFromImage(scan.image), signals + np.float32(0.25))
    with pytest.raises(InputError, match="no series"):
        read_mr(tmp_path / "mr.nii.gz", series="2")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda v: v - 450.0, "negative"),
        (lambda v: 0.0 * v + 7.0, "empty"),
        (lambda v: np.where(v > 450, np.nan, v), "no value"),
    ],
)
def test_what_is_no_magnitude_is_refused(tmp_path: Path, signals: np.ndarray, change, why: str) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(change(signals.astype(np.float32))), str(tmp_path / "mr.nrrd"))
    with pytest.raises(InputError, match=why):
        read_mr(tmp_path / "mr.nrrd")


def test_single_missing_values_become_nothing(tmp_path: Path, signals: np.ndarray) -> None:
    values = signals.astype(np.float32)
    values[3, 4, 5], values[6, 7, 8] = np.nan, -2.0
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "mr.nrrd"))
    scan = read_mr(tmp_path / "mr.nrrd")
    found = sitk.GetArrayViewFromImage(scan.image)
    assert found[3, 4, 5] == 0.0 and found[6, 7, 8] == 0.0
    assert "voxels-without-value" in {notice.code for notice in scan.notices}


def test_bone_labels_are_read_and_must_lie_in_the_scan(tmp_path: Path, signals: np.ndarray) -> None:
    labels = np.zeros(signals.shape, np.uint16)
    labels[5:20, 5:15, 5:15], labels[0, 0, 0] = 1, 700
    image = sitk.GetImageFromArray(labels)
    sitk.WriteImage(image, str(tmp_path / "bones.nrrd"))
    found = read_bone_labels(tmp_path / "bones.nrrd")
    assert found.GetPixelID() == sitk.sitkUInt8 and set(np.unique(sitk.GetArrayViewFromImage(found))) == {0, 1}
    check_overlap(found, image)
    image.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(InputError, match="outside the MR"):
        check_overlap(found, image)
    sitk.WriteImage(sitk.GetImageFromArray(signals + np.float32(0.5)), str(tmp_path / "gray.nrrd"))
    with pytest.raises(InputError, match="no whole numbers"):
        read_bone_labels(tmp_path / "gray.nrrd")


def test_of_several_echoes_one_is_read(tmp_path: Path, signals: np.ndarray) -> None:
    for echo in (1, 2):
        name, as_mr = f"e{echo}_{{:03d}}.dcm".format, mr(EchoTime=6.3 * echo)

        def edit(ds: Dataset, number: int, as_mr=as_mr, echo=echo) -> None:
            as_mr(ds, number)
            ds.SOPInstanceUID += f".{echo}"

        write_series(tmp_path, stored(signals // echo), FINE, name=name, edit=edit)
    scan = read_mr(tmp_path)
    assert np.array_equal(sitk.GetArrayViewFromImage(scan.image), signals)
    (notice,) = [n for n in scan.notices if n.code == "several-acquisitions"]
    assert "echo time" in notice.text


@pytest.mark.parametrize("slopes", [(1.0, 1.0), (1.0, 2.0)], ids=["one scale", "two scales"])
def test_signals_of_16_bits_are_scaled_and_not_cut_off(
    tmp_path: Path, signals: np.ndarray, slopes: tuple[float, float]
) -> None:
    large = signals.astype(np.int32) * 70  # to 62,930, as some scanners store them
    written = large // np.where(np.arange(len(large)) % 2, slopes[1], slopes[0]).astype(int)[:, None, None]

    def edit(ds: Dataset, index: int) -> None:
        mr()(ds, index)
        ds.RescaleSlope, ds.BitsStored, ds.HighBit = slopes[index % 2], 16, 15

    write_series(tmp_path, stored(written), FINE, edit=edit)
    found = sitk.GetArrayFromImage(read_mr(tmp_path).image).astype(float)
    assert found.max() > 32000
    assert found / found.max() == pytest.approx(large / large.max(), abs=1e-4)


@pytest.mark.parametrize("slopes", [(0.001, 0.00075), (0.0004, 0.0004), (0.5, 0.5), (1.0, 1e-9)])
@pytest.mark.parametrize("intercept", [0.0, 0.02])
def test_no_signal_is_lost_by_small_scales(
    tmp_path: Path, signals: np.ndarray, slopes: tuple[float, float], intercept: float
) -> None:
    written = (signals * 4 + 5).astype(np.int16)  # to 3,605
    slope = np.where(np.arange(len(written)) % 2, slopes[1], slopes[0])[:, None, None]

    def edit(ds: Dataset, index: int) -> None:
        mr()(ds, index)
        ds.RescaleSlope, ds.RescaleIntercept = slopes[index % 2], intercept

    write_series(tmp_path, stored(written), FINE, edit=edit)
    found = sitk.GetArrayFromImage(read_mr(tmp_path).image).astype(float)
    true = written * slope + intercept
    assert found / found.max() == pytest.approx(true / true.max(), abs=2e-4)
    assert len(np.unique(found[::2])) == len(np.unique(written[::2]))
