"""NIfTI, NRRD and MetaImage give the same scan as DICOM."""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.virtual.cohort.images import write_scan
from CTSMALib.volumes import list_series, read_scan
from Testing.core.volumes.bad_files import NRRD_HEADER
from Testing.core.volumes.bad_inputs import patch, write_nifti
from Testing.core.volumes.conftest import image_of
from Testing.core.volumes.dicom_writer import Geometry, write_series
from Testing.core.volumes.same_scan import GEOMETRIES, assert_same, codes, voxels

FORMATS = {"k.nii": "NIfTI", "k.nii.gz": "NIfTI", "k.nrrd": "NRRD", "k.nhdr": "NRRD", "k.mha": "MetaImage",
           "k.mhd": "MetaImage"}  # fmt: skip


@pytest.mark.parametrize("file", FORMATS)
def test_every_format_is_the_same_image(tmp_path: Path, a_phantom: np.ndarray, an_image: sitk.Image, file: str) -> None:
    write_series(tmp_path / "ct", a_phantom)
    sitk.WriteImage(an_image, str(tmp_path / file))
    scan = read_scan(tmp_path / file)
    assert_same(scan, a_phantom, Geometry())
    assert scan.notices == ()
    assert (scan.identity.name, scan.identity.format) == (file, FORMATS[file])
    assert scan.identity.sha256 == read_scan(tmp_path / "ct").identity.sha256
    assert list_series(tmp_path / file) == []


@pytest.mark.parametrize("file", ["k.nii.gz", "k.nrrd", "k.mha"])
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_geometry_is_exact(tmp_path: Path, a_phantom: np.ndarray, geometry: Geometry, file: str) -> None:
    sitk.WriteImage(image_of(a_phantom, geometry), str(tmp_path / file))
    assert_same(read_scan(tmp_path / file), a_phantom, geometry)


def test_left_handed_axes_keep_every_voxel_in_place(tmp_path: Path, a_phantom: np.ndarray) -> None:
    geometry = Geometry(direction=np.diag([-1.0, 1, 1]))
    sitk.WriteImage(image_of(a_phantom, geometry), str(tmp_path / "k.nii"))
    assert_same(read_scan(tmp_path / "k.nii"), a_phantom, geometry)


@pytest.mark.parametrize("kind", [np.int32, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("file", ["k.nii", "k.mha"])
def test_other_number_types(tmp_path: Path, a_phantom: np.ndarray, kind: type, file: str) -> None:
    stored = (a_phantom + 1024).astype(kind) if kind is np.uint16 else a_phantom.astype(kind)
    sitk.WriteImage(image_of(stored), str(tmp_path / file))
    scan = read_scan(tmp_path / file)
    np.testing.assert_array_equal(voxels(scan), a_phantom)
    assert codes(scan) == ({"offset-removed"} if kind is np.uint16 else set())


def test_nifti_scale_is_applied(tmp_path: Path, a_phantom: np.ndarray) -> None:
    path = write_nifti(tmp_path / "k.nii", ((a_phantom + 1100) // 2).astype(np.int16))
    patch(path, (112, "2f", (2.0, -1100.0)))
    assert np.abs(voxels(read_scan(path)) - a_phantom).max() <= 1


def test_big_endian_nifti(tmp_path: Path, a_phantom: np.ndarray) -> None:
    path = write_nifti(tmp_path / "k.nii", a_phantom)
    raw = path.read_bytes()
    fields = np.frombuffer(raw[:352], dtype=np.uint8).copy()
    shorts, words = [*range(40, 56, 2), 68, 70, 72, 74, 252, 254], [0, *range(76, 120, 4), *range(256, 328, 4)]
    for width, starts in ((2, shorts), (4, words)):
        for start in starts:
            fields[start : start + width] = fields[start : start + width][::-1]
    path.write_bytes(fields.tobytes() + a_phantom.astype(">i2").tobytes())
    np.testing.assert_array_equal(voxels(read_scan(path)), a_phantom)


def test_single_volume_of_four_dimensions(tmp_path: Path, a_phantom: np.ndarray) -> None:
    path = write_nifti(tmp_path / "k.nii", a_phantom)
    patch(path, (40, "5h", (4, 64, 56, 40, 1)))
    np.testing.assert_array_equal(voxels(read_scan(path)), a_phantom)


@pytest.mark.parametrize(("unit", "factor"), [(1, 1e-3), (3, 1e3)])
def test_meters_and_micrometers_are_converted(tmp_path: Path, a_phantom: np.ndarray, unit: int, factor: float) -> None:
    path = write_nifti(tmp_path / "k.nii", a_phantom)
    size = np.array([0.8, 0.7, 1.5]) * factor
    patch(path, (123, "B", (unit,)), (80, "3f", tuple(size)), (252, "2h", (1, 0)))
    np.testing.assert_allclose(read_scan(path).image.GetSpacing(), (0.8, 0.7, 1.5), rtol=1e-5)


def test_what_a_header_leaves_open_is_said(tmp_path: Path, a_phantom: np.ndarray) -> None:
    path = write_nifti(tmp_path / "k.nii", a_phantom)
    patch(path, (123, "B", (0,)), (252, "2h", (0, 0)))
    assert codes(read_scan(path)) == {"unit-assumed", "orientation-unknown"}
    header = NRRD_HEADER + "spacings: .8 .7 1.5\n\n"
    (tmp_path / "k.nrrd").write_bytes(header.encode() + a_phantom.astype("<i2").tobytes())
    assert codes(read_scan(tmp_path / "k.nrrd")) == {"orientation-unknown"}


@pytest.mark.parametrize("written", ["\nElementSpacing = ", "ElementSpacing : "])
def test_a_meta_image_may_be_written_by_hand(tmp_path: Path, an_image: sitk.Image, written: str) -> None:
    sitk.WriteImage(an_image, str(tmp_path / "k.mhd"))
    text = (tmp_path / "k.mhd").read_text()
    (tmp_path / "k.mhd").write_text(text.replace("ElementSpacing = ", written))
    assert read_scan(tmp_path / "k.mhd").image.GetSpacing() == pytest.approx(an_image.GetSpacing())


@pytest.mark.parametrize("written", ["", "elementspacing = .5 .5 .5\n"])  # libraries do not know it in small letters
def test_a_meta_image_without_voxel_size_is_refused(tmp_path: Path, an_image: sitk.Image, written: str) -> None:
    sitk.WriteImage(an_image, str(tmp_path / "k.mhd"))
    text = (tmp_path / "k.mhd").read_text()
    (tmp_path / "k.mhd").write_text(re.sub("ElementSpacing = .*\n", written, text))
    with pytest.raises(InputError, match="does not say how large its voxels are"):
        read_scan(tmp_path / "k.mhd")


@pytest.mark.parametrize("steps", ["", "spacings: .8 .7 nan\n", "spacings: nan nan nan\n", "spacings:=.8 .7 1.5\n"])
def test_an_nrrd_without_voxel_size_is_refused(tmp_path: Path, a_phantom: np.ndarray, steps: str) -> None:
    (tmp_path / "k.nrrd").write_bytes((NRRD_HEADER + steps + "\n").encode() + a_phantom.astype("<i2").tobytes())
    with pytest.raises(InputError, match="does not say how large its voxels are"):
        read_scan(tmp_path / "k.nrrd")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_in_utf8_is_refused(tmp_path: Path, an_image: sitk.Image) -> None:
    """As in old archives; libraries that are given one end the whole program."""
    folder = tmp_path / "kn\udcfc"
    folder.mkdir()
    sitk.WriteImage(an_image, str(tmp_path / "k.nii.gz"))
    (tmp_path / "k.nii.gz").rename(folder / "k.nii.gz")
    with pytest.raises(InputError, match="not in UTF-8"):
        existing_path(folder / "k.nii.gz")


@pytest.mark.parametrize("file", ["k.nii.gz", "k.mha"])
def test_few_voxels_without_value_become_air(tmp_path: Path, a_phantom: np.ndarray, file: str) -> None:
    values = a_phantom.astype(np.float32)
    values[5, 6, 7], values[8, 9, 10] = np.nan, np.inf
    sitk.WriteImage(image_of(values), str(tmp_path / file))
    scan = read_scan(tmp_path / file)
    assert codes(scan) == {"voxels-without-value"}
    assert voxels(scan)[5, 6, 7] == voxels(scan)[8, 9, 10] == -1024


def test_padding_below_air_becomes_air(tmp_path: Path, a_phantom: np.ndarray) -> None:
    padded = a_phantom.copy()
    padded[:, :4] = -3024
    assert np.all(voxels(read_scan(write_nifti(tmp_path / "k.nii", padded)))[:, :4] == -1024)


def test_clipped_values_are_said(tmp_path: Path, a_phantom: np.ndarray) -> None:
    scan = read_scan(write_nifti(tmp_path / "k.nii", np.minimum(a_phantom, 400)))
    assert codes(scan) == {"clipped-values"}
    assert "400 HU" in scan.notices[0].text


def test_a_crop_without_air_is_accepted(tmp_path: Path, a_phantom: np.ndarray) -> None:
    inner = np.where(a_phantom < -500, -95, a_phantom).astype(np.int16)
    np.testing.assert_array_equal(voxels(read_scan(write_nifti(tmp_path / "k.nii", inner))), inner)


def test_nifti_packed_in_two_pieces(tmp_path: Path, a_phantom: np.ndarray) -> None:
    path = write_nifti(tmp_path / "k.nii", a_phantom)
    packed = tmp_path / "p.nii.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()[:200_000]) + gzip.compress(path.read_bytes()[200_000:]))
    np.testing.assert_array_equal(voxels(read_scan(packed)), a_phantom)


def test_a_virtual_scan_says_so(tmp_path: Path, an_image: sitk.Image) -> None:
    write_scan(an_image, tmp_path / "virtual.nii.gz")
    sitk.WriteImage(an_image, str(tmp_path / "real.nii.gz"))
    virtual, real = read_scan(tmp_path / "virtual.nii.gz"), read_scan(tmp_path / "real.nii.gz")
    assert [notice.code for notice in virtual.notices] == ["virtual-scan"]
    assert real.notices == () and virtual.identity.sha256 == real.identity.sha256
