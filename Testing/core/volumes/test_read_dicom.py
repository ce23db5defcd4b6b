"""Whatever way a DICOM series is stored, the same voxels are at the same places."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from CTSMALib.errors import CancelledError, InputError, MissingDecoderError
from CTSMALib.volumes import dicom_pixels as pixels
from CTSMALib.volumes import list_series, read_scan
from Testing.core.volumes.dicom_writer import Geometry, write_enhanced, write_series
from Testing.core.volumes.same_scan import GEOMETRIES, OBLIQUE, assert_same, codes, voxels

COMPRESSED = {
    "deflated": DeflatedExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg-lossless": JPEGLosslessSV1,
    "jpeg-ls": JPEGLSLossless,
    "jpeg-2000": JPEG2000Lossless,
}


def test_plain_series(tmp_path: Path, a_phantom: np.ndarray) -> None:
    uid = write_series(tmp_path / "ct", a_phantom)
    scan = read_scan(tmp_path / "ct")
    np.testing.assert_array_equal(voxels(scan), a_phantom)
    np.testing.assert_allclose(scan.image.GetSpacing(), (0.8, 0.7, 1.5), rtol=1e-9)
    assert scan.notices == ()
    assert (scan.identity.name, scan.identity.format) == ("ct", "DICOM")
    header = scan.header
    assert (header.modality, header.laterality, header.patient_age, header.kvp) == ("CT", "L", "063Y", 120.0)
    assert (header.patient_name, header.series_uid, header.slice_thickness_mm) == ("Test^Knee", uid, 1.5)


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_geometry_is_exact(tmp_path: Path, a_phantom: np.ndarray, geometry: Geometry) -> None:
    write_series(tmp_path, a_phantom, geometry)
    assert_same(read_scan(tmp_path), a_phantom, geometry)


def test_names_order_and_folders_do_not_matter(tmp_path: Path, a_phantom: np.ndarray) -> None:
    names = [f"{'ab'[i % 2]}/IM{i}" for i in range(40)]
    random.Random(3).shuffle(names)
    write_series(tmp_path, a_phantom, name=names.__getitem__)
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    assert_same(read_scan(tmp_path), a_phantom, Geometry())


def test_one_file_stands_for_its_series(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom)
    write_series(tmp_path, a_phantom[::-1], name="other{}".format, series_number=9)
    assert_same(read_scan(tmp_path / "0007.dcm"), a_phantom, Geometry())


def test_file_without_preamble(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[132:])
    assert_same(read_scan(tmp_path), a_phantom, Geometry())


@pytest.mark.parametrize("syntax", COMPRESSED.values(), ids=COMPRESSED)
def test_compressed_series(tmp_path: Path, a_phantom: np.ndarray, syntax: str) -> None:
    if syntax == JPEGLosslessSV1:
        write_series(tmp_path, a_phantom)
        _compress_with_gdcm(tmp_path)
    else:
        write_series(tmp_path, a_phantom, transfer_syntax=syntax)
    np.testing.assert_array_equal(voxels(read_scan(tmp_path)), a_phantom)


def _compress_with_gdcm(folder: Path) -> None:
    """Pydicom cannot write JPEG lossless: let ITK's GDCM compress, and put its stream into our file."""
    import pydicom

    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        writer = sitk.ImageFileWriter()
        writer.SetImageIO("GDCMImageIO")
        writer.SetUseCompression(True)
        writer.SetCompressor("JPEG")
        writer.SetFileName(str(folder / "gdcm.dcm"))
        writer.Execute(sitk.GetImageFromArray(dataset.pixel_array[None]))
        packed = pydicom.dcmread(folder / "gdcm.dcm")
        dataset.PixelData = packed.PixelData
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = packed.file_meta.TransferSyntaxUID
        assert dataset.file_meta.TransferSyntaxUID == JPEGLosslessSV1
        dataset.save_as(path)
    (folder / "gdcm.dcm").unlink()


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("enhanced", [False, True])
def test_gdcm_steps_in_where_pydicom_has_no_decoder(
    tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch, syntax: str, enhanced: bool
) -> None:
    if enhanced:
        write_enhanced(tmp_path / "e.dcm", a_phantom, transfer_syntax=syntax)
    else:
        write_series(tmp_path, a_phantom, transfer_syntax=syntax)

    def no_decoder(_: Dataset) -> np.ndarray:
        raise RuntimeError("missing dependencies")

    monkeypatch.setattr(Dataset, "pixel_array", property(no_decoder))
    np.testing.assert_array_equal(voxels(read_scan(tmp_path)), a_phantom)


def test_missing_decoder_is_said(tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    from CTSMALib.errors import MissingDependencyError

    write_series(tmp_path, a_phantom, transfer_syntax=JPEG2000Lossless)
    monkeypatch.setattr(Dataset, "pixel_array", property(lambda _: 1 / 0))
    monkeypatch.setattr(pixels, "_write_frame", lambda *_: 1 / 0)
    with pytest.raises(InputError, match="damaged or incomplete"):
        read_scan(tmp_path)
    monkeypatch.setattr(type(pixels.pydicom.pixels.get_decoder(JPEG2000Lossless)), "is_available", False)
    with pytest.raises(MissingDependencyError, match="JPEG 2000") as caught:
        read_scan(tmp_path)
    assert "pip install" in caught.value.remedy


def test_copies_that_cannot_be_compared_leave_other_series_readable(
    tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=1, transfer_syntax=JPEG2000Lossless)
    copy = pydicom.dcmread(tmp_path / "a" / "0003.dcm")
    copy.PatientName = "Somebody^Else"
    copy.save_as(tmp_path / "a" / "copy.dcm")
    write_series(tmp_path / "b", a_phantom, series_number=2)
    monkeypatch.setattr(pixels, "_decoded", lambda path: (_ for _ in ()).throw(MissingDecoderError("None.", "Get it.")))
    listed = {s.number: s for s in list_series(tmp_path)}
    assert listed["2"].usable and listed["1"].reason == "None."


def test_enhanced_ct(tmp_path: Path, a_phantom: np.ndarray) -> None:
    order = list(range(40))
    random.Random(5).shuffle(order)
    geometry = Geometry(direction=OBLIQUE)
    write_enhanced(tmp_path / "e.dcm", a_phantom, geometry, order=order)
    scan = read_scan(tmp_path / "e.dcm")
    assert_same(scan, a_phantom, geometry)
    assert scan.identity.format == "Enhanced DICOM"
    assert (scan.header.convolution_kernel, scan.header.kvp) == ("BONE", 120.0)


def test_rescale_may_differ_by_slice(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = (0.5, -1100.5 - i) if i % 2 else (1, -1100 - i)
        stored = (a_phantom[i] - float(ds.RescaleIntercept)) / float(ds.RescaleSlope)
        ds.BitsStored, ds.HighBit = 16, 15
        ds.PixelData = np.rint(stored).astype("<u2").tobytes()

    write_series(tmp_path, a_phantom, edit=edit)
    np.testing.assert_array_equal(voxels(read_scan(tmp_path)), a_phantom)


def test_signed_twelve_bit_values(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        ds.PixelRepresentation, ds.RescaleIntercept = 1, 0
        ds.PixelData = (a_phantom[i].astype("<i2") & 0x0FFF).astype("<u2").tobytes()

    write_series(tmp_path, a_phantom, edit=edit)
    np.testing.assert_array_equal(voxels(read_scan(tmp_path)), a_phantom)


@pytest.mark.parametrize("value", [63536, -2000])
def test_padding_is_air(tmp_path: Path, a_phantom: np.ndarray, value: int) -> None:
    def edit(ds: Dataset, i: int) -> None:
        plane = a_phantom[i].astype("<i2")
        plane[:5] = -2000
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.RescaleIntercept = 16, 15, 1, 0
        ds.add_new("PixelPaddingValue", "US" if value > 0 else "SS", value)
        ds.PixelData = plane.tobytes()

    write_series(tmp_path, a_phantom, edit=edit)
    assert np.all(voxels(read_scan(tmp_path))[:, :5] == -1024)


@pytest.mark.parametrize("value", [0, -90], ids=["water", "fat"])
def test_padding_within_the_tissue_is_air_at_the_border_only(tmp_path: Path, a_phantom: np.ndarray, value: int) -> None:
    hu = a_phantom.copy()
    hu[:, :5], hu[:, 5], hu[:, 24:27, 30:34] = value, -1000, value  # the last lies inside

    def edit(ds: Dataset, i: int) -> None:
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.RescaleIntercept = 16, 15, 1, 0
        ds.add_new("PixelPaddingValue", "SS", value)
        ds.PixelData = hu[i].astype("<i2").tobytes()

    write_series(tmp_path, hu, edit=edit)
    found = voxels(read_scan(tmp_path))
    assert np.all(found[:, :5] == -1024)
    np.testing.assert_array_equal(found[:, 5:], hu[:, 5:])


def test_missing_rescale_of_offset_values_is_undone(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        del ds.RescaleSlope, ds.RescaleIntercept

    write_series(tmp_path, a_phantom, edit=edit)
    scan = read_scan(tmp_path)
    np.testing.assert_array_equal(voxels(scan), a_phantom)
    assert codes(scan) == {"offset-removed"}


def test_a_damaged_file_is_left_out_and_said(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom)
    (tmp_path / "0050.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\x00\x00\x00UL\x04\x00" + b"\xff" * 50)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"damaged-files"}


def test_progress_rises_to_one_and_may_cancel(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom)
    seen: list[tuple[str, float]] = []
    read_scan(tmp_path, progress=lambda stage, fraction, message="": seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert ("Reading slices", 1.0) in seen

    def cancel(stage: str, fraction: float, message: str = "") -> None:
        if stage == "Reading slices":
            raise CancelledError

    with pytest.raises(CancelledError):
        read_scan(tmp_path, progress=cancel)
