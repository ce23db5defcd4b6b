"""Paths, files and volumes that are not a CT of a knee, or not complete."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Testing.core.volumes.bad_inputs import bad, cut, noise, patch, write_nifti
from Testing.core.volumes.dicom_writer import write_series


def data_file(name: str, sentence: str, file: str, content: bytes) -> None:
    """Register a file with fixed content."""

    def make(folder: Path, _: np.ndarray) -> Path:
        (folder / file).write_bytes(content)
        return folder / file

    bad(name, sentence)(make)


def image(name: str, sentence: str, change: Callable[[np.ndarray], np.ndarray], file: str = "knee.nii.gz") -> None:
    """Register an image file with changed voxels and a usual geometry."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        data = sitk.GetImageFromArray(change(hu), isVector=False)
        data.SetSpacing((0.8, 0.7, 1.5)[: data.GetDimension()] + (1.0,) * (data.GetDimension() - 3))
        sitk.WriteImage(data, str(folder / file))
        return folder / file

    bad(name, sentence)(make)


def nifti(name: str, sentence: str, *edits: tuple[int, str, tuple[float, ...]]) -> None:
    """Register a NIfTI file of which header fields (offset, format, values) are overwritten."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        path = write_nifti(folder / "knee.nii", hu)
        patch(path, *edits)
        return path

    bad(name, sentence)(make)


bad("nothing there", "does not exist")(lambda folder, _: folder / "absent")
bad("a null character in the path", "does not exist")(lambda folder, _: folder / "a\0b")
bad("an endless name", "does not exist")(lambda folder, _: folder / ("a" * 5000))
bad("an empty folder", "is empty")(lambda folder, _: folder)
data_file("an empty file", "is empty", "knee.nii.gz", b"")
data_file("a text file", "not a medical image", "knee.txt", b"hello")
data_file("a picture", "not a medical image", "knee.png", b"\x89PNG\r\n\x1a\n" + bytes(500))
data_file("noise named NIfTI", "is not a NIfTI image", "knee.nii", noise(4000))
data_file("text named NIfTI", "is not a NIfTI image", "knee.nii", b"0.5, 0.25\n" * 500_000)
data_file("text named packed NIfTI", "is not a NIfTI image", "knee.nii.gz", b"hello")
data_file("packed text named NIfTI", "is not a NIfTI image", "knee.nii.gz", gzip.compress(b"hello" * 100))
data_file("a NIfTI beginning and no more", "damaged", "knee.nii", b"\x5c\x01\x00\x00")
data_file("noise named NIfTI, packed", "damaged or incomplete", "knee.nii.gz", b"\x1f\x8b" + noise(4000))
data_file("noise named NRRD", "is not a NRRD image", "knee.nrrd", noise(4000))
data_file("noise named DICOM", "not a medical image", "knee.dcm", b"\xee" * 4000)
data_file("a DICOM beginning and no more", "is damaged", "IM1", bytes(128) + b"DICM")
data_file("a packed tar", "is an archive", "ct.tar.gz", b"\x1f\x8b\x08" + bytes(300))


@bad("a named pipe", "neither a folder nor a file")
def _(folder: Path, _: np.ndarray) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@bad("a folder with a named pipe", "is empty")
def _(folder: Path, _: np.ndarray) -> Path:
    os.mkfifo(folder / "pipe")
    return folder


@bad("a zip file", "is an archive")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_series(folder / "ct", hu[:3])
    with zipfile.ZipFile(folder / "ct.zip", "w") as archive:
        for file in (folder / "ct").iterdir():
            archive.write(file)
    return folder / "ct.zip"


@bad("a folder with a zip file", "but the archive 'ct.zip'")
def _(folder: Path, hu: np.ndarray) -> Path:
    with zipfile.ZipFile(folder / "ct.zip", "w") as archive:
        archive.writestr("a", "b")
    return folder


@bad("a folder with text", "holds no DICOM files")
def _(folder: Path, _: np.ndarray) -> Path:
    (folder / "readme").write_text("hello")
    return folder


@bad("a folder with a NIfTI file", "but 'knee.nii'")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_nifti(folder / "knee.nii", hu)
    return folder


@bad("NIfTI under another name", "by content but not by name")
def _(folder: Path, hu: np.ndarray) -> Path:
    return write_nifti(folder / "knee.nii", hu).rename(folder / "knee.img")


image("two dimensions", "is a single slice", lambda hu: hu[0])
image("four dimensions", "holds 3 volumes", lambda hu: np.stack([hu] * 3))
image("a constant image", "all voxels are 0", lambda hu: np.zeros_like(hu))
image("mostly without values", "have no value", lambda hu: np.where(hu < 0, np.nan, hu).astype(np.float32))
image("a label map", "does not look like a CT", lambda hu: (hu > 200).astype(np.uint8))
image("an MR", "does not look like a CT", lambda hu: (np.abs(hu % 977) * 0.9).astype(np.uint16))
image("values between 0 and 1", "does not look like a CT", lambda hu: ((hu + 1024) / 4096).astype(np.float32))
image("complex values", "several values per voxel", lambda hu: hu.astype(np.complex64), "knee.mha")
image("a thin slab", "too small to show a knee", lambda hu: hu[:9], "knee.nrrd")


@bad("colors", "several values per voxel")
def _(folder: Path, hu: np.ndarray) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((*hu.shape, 3), np.uint8), isVector=True), str(folder / "c.nii"))
    return folder / "c.nii"


for _name, _file in (("NIfTI", "k.nii"), ("packed NIfTI", "k.nii.gz"), ("NRRD", "k.nrrd"), ("MetaImage", "k.mha")):

    @bad(f"truncated {_name}", "damaged")
    def _(folder: Path, hu: np.ndarray, file: str = _file) -> Path:
        return cut(write_nifti(folder / file, hu))


@bad("a packed NIfTI with a changed byte", "damaged")
def _(folder: Path, hu: np.ndarray) -> Path:
    path = write_nifti(folder / "k.nii.gz", hu)
    patch(path, (path.stat().st_size // 2, "B", (path.read_bytes()[path.stat().st_size // 2] ^ 0xFF,)))
    return path


@bad("a NIfTI header without voxels", "damaged")
def _(folder: Path, hu: np.ndarray) -> Path:
    path = write_nifti(folder / "k.nii", hu)
    path.write_bytes(path.read_bytes()[:352])
    return path


@bad("a MetaImage header whose data are gone", "damaged or incomplete")
def _(folder: Path, hu: np.ndarray) -> Path:
    path = write_nifti(folder / "k.mhd", hu)
    next(folder.glob("k.*raw")).unlink()
    return path


nifti("NIfTI voxel size 0", "no usable voxel size", (80, "f", (0.0,)))
nifti("NIfTI voxel size NaN", "no usable voxel size", (80, "f", (float("nan"),)))
nifti("NIfTI voxel size negative", "no usable voxel size", (80, "f", (-0.8,)))
nifti("NIfTI in micrometers", "in another unit", (123, "B", (3,)))
nifti("NIfTI voxel size of a house", "in another unit", (123, "B", (1,)))
nifti("NIfTI sheared", "not perpendicular", (252, "2h", (0, 1)), (280, "8f", (0.8, 0.2, 0, 0, 0, 0.67, 0, 0)))
nifti("NIfTI singular", "not perpendicular", (252, "2h", (0, 1)), (280, "8f", (0.8, 0.7, 0, 0, 0, 0, 0, 0)))
nifti("NIfTI two voxel sizes", "two different voxel sizes", (252, "2h", (0, 1)), (280, "f", (-1.2,)))
nifti("NIfTI too large", "too large to analyze", (40, "4h", (3, 3000, 3000, 3000)))
nifti("NIfTI too large on disk", "damaged or ends too early", (40, "4h", (3, 64, 56, 60)))


def text_header(name: str, sentence: str, file: str, header: str) -> None:
    """Register an NRRD or MetaImage with a header of its own and the voxels of the phantom."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        (folder / file).write_bytes(header.encode() + hu.astype("<i2").tobytes())
        return folder / file

    bad(name, sentence)(make)


NRRD_HEADER = "NRRD0004\ntype: short\ndimension: 3\nsizes: 64 56 40\nencoding: raw\nendian: little\n"
_LPS = NRRD_HEADER + "space: left-posterior-superior\nspace origin: (0,0,0)\nspace directions: {}\n\n"
text_header("NRRD sheared", "not perpendicular", "k.nrrd", _LPS.format("(.8,0,0) (.2,.6,0) (0,0,1.5)"))
text_header("NRRD singular", "not perpendicular", "k.nrrd", _LPS.format("(.8,0,0) (.8,0,0) (0,0,1.5)"))
text_header("NRRD in meters", "in another unit", "k.nrrd", _LPS.format("(.0008,0,0) (0,.0007,0) (0,0,.0015)"))
text_header("NRRD spacing 0", "no usable voxel size", "k.nrrd", NRRD_HEADER + "spacings: 0 1 1\n\n")

_META = (
    "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nDimSize = 64 56 40\n"
    "{}\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
)
text_header("MetaImage spacing 0", "no usable voxel size", "k.mha", _META.format("ElementSpacing = 0 0.7 1.5"))
text_header("MetaImage spacing NaN", "no usable voxel size", "k.mha", _META.format("ElementSpacing = nan 0.7 1.5"))


@bad("a default voxel size that cannot be", "its voxel size seems to be lost")
def _(folder: Path, _: np.ndarray) -> Path:
    sitk.WriteImage(sitk.Image(600, 600, 30, sitk.sitkUInt8), str(folder / "k.mha"), True)
    return folder / "k.mha"
