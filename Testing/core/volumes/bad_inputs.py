"""Inputs that cannot be used, each with a part of the sentence that must say why."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from Testing.core.volumes.dicom_writer import Edit, Geometry, write_enhanced, write_series

Maker = Callable[[Path, np.ndarray], Path]
BAD: dict[str, tuple[str, Maker]] = {}


def bad(name: str, sentence: str) -> Callable[[Maker], Maker]:
    """Register a maker: it writes into a folder and returns the path to give to ``read_scan``."""

    def register(make: Maker) -> Maker:
        BAD[name] = (sentence, make)
        return make

    return register


def series(name: str, sentence: str, edit: Edit) -> None:
    """Register a series of which every header is edited."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        write_series(folder, hu, edit=edit)
        return folder

    bad(name, sentence)(make)


def attribute(keyword: str, value: object) -> Edit:
    """An edit that sets an element, or deletes it if the value is ``None``."""

    def edit(ds: Dataset, _: int) -> None:
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)

    return edit


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


def write_nifti(path: Path, hu: np.ndarray) -> Path:
    data = sitk.GetImageFromArray(hu)
    data.SetSpacing((0.8, 0.7, 1.5))
    sitk.WriteImage(data, str(path))
    return path


def patch(path: Path, *edits: tuple[int, str, tuple[float, ...]]) -> None:
    """Overwrite fields of a file in place."""
    raw = bytearray(path.read_bytes())
    for offset, form, values in edits:
        struct.pack_into("<" + form, raw, offset, *values)
    path.write_bytes(raw)


def cut(path: Path, fraction: float = 0.5) -> Path:
    """Truncate a file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * fraction)])
    return path


def data_file(name: str, sentence: str, file: str, content: bytes) -> None:
    """Register a file with fixed content."""

    def make(folder: Path, _: np.ndarray) -> Path:
        (folder / file).write_bytes(content)
        return folder / file

    bad(name, sentence)(make)


def noise(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


# Paths and files that are no images.
bad("nothing there", "does not exist")(lambda folder, _: folder / "absent")
bad("a null character in the path", "does not exist")(lambda folder, _: folder / "a\0b")
bad("an endless name", "does not exist")(lambda folder, _: folder / ("a" * 5000))
bad("an empty folder", "is empty")(lambda folder, _: folder)
data_file("an empty file", "is empty", "knee.nii.gz", b"")
data_file("a text file", "not a medical image", "knee.txt", b"hello")
data_file("a picture", "not a medical image", "knee.png", b"\x89PNG\r\n\x1a\n" + bytes(500))
data_file("noise named NIfTI", "damaged or incomplete", "knee.nii", noise(4000))
data_file("noise named NIfTI, packed", "damaged or incomplete", "knee.nii.gz", b"\x1f\x8b" + noise(4000))
data_file("noise named NRRD", "damaged or incomplete", "knee.nrrd", noise(4000))
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


# DICOM that is not a CT of a knee.
series("MR", "is an MR series", attribute("Modality", "MR"))
series("PET", "is a PET series", attribute("Modality", "PT"))
series("ultrasound", "is an ultrasound series", attribute("Modality", "US"))
series("no modality", "without a modality", attribute("Modality", None))
series("secondary capture", "Secondary Capture", attribute("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"))
series("iodine map", "'MGML', not HU", attribute("RescaleType", "MGML"))
series("localizer only", "is a localizer", attribute("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
series("no pixel spacing", "does not say where", attribute("PixelSpacing", None))
series("no positions", "does not say where", attribute("ImagePositionPatient", None))
series("zero pixel spacing", "does not say where", attribute("PixelSpacing", [0, 0]))
series("one position for all", "do not run across", attribute("ImageOrientationPatient", [0, 1, 0, 0, 0, 1]))
series("oblique axes", "not perpendicular", attribute("ImageOrientationPatient", [1, 0, 0, 0.5, 0.8, 0]))
series("no pixel data", "has no pixel data", attribute("PixelData", None))
series("coarse pixels", "too coarse", attribute("PixelSpacing", [1.7, 1.7]))
series("microscopic pixels", "too small", attribute("PixelSpacing", [0.02, 0.02]))


def _contours(ds: Dataset, _: int) -> None:
    ds.Modality, ds.SOPClassUID = "RTSTRUCT", "1.2.840.10008.5.1.4.1.1.481.3"
    del ds.PixelData, ds.Rows, ds.Columns


def _colored(ds: Dataset, _: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = bytes(ds.Rows * ds.Columns * 3)


def _mr_like(ds: Dataset, i: int) -> None:
    values = np.random.default_rng(i).gamma(4.0, 150.0, (ds.Rows, ds.Columns))
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.PixelData = values.astype("<u2").tobytes()


def _constant(ds: Dataset, _: int) -> None:
    ds.PixelData = bytes(ds.Rows * ds.Columns * 2)


series("contours", "without images", _contours)
series("color", "is in color", _colored)
series("values of no CT, no rescale", "does not look like a CT", _mr_like)
series("a constant series", "all voxels are -1024", _constant)


def spaced(name: str, sentence: str, places: Callable[[int], float], spacing: float = 1.5, count: int = 40) -> None:
    """Register a series with slices at ``places``, in units of ``spacing``."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        geometry = Geometry((0.8, 0.7, spacing))
        write_series(folder, hu[:count], geometry, positions=[places(i) for i in range(count)])
        return folder

    bad(name, sentence)(make)


spaced("a wide gap", "lacks 5 slices", lambda i: i + 5 * (i > 20))
spaced("many gaps", "lacks 6 slices", lambda i: i + i // 6)
spaced("uneven spacing", "unevenly spaced", lambda i: i + 0.45 * (i % 2))
spaced("thick slices", "too coarse", lambda i: i, spacing=6.0)
spaced("few slices", "too small to show a knee", lambda i: i, count=8)
spaced("one slice", "a single slice", lambda i: i, count=1)


@bad("two time points", "different images at the same place")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_series(folder, np.concatenate([hu, hu + 5]), positions=[*range(40), *range(40)])
    return folder


@bad("several series, none usable", "None of the 2 series")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_series(folder / "mr", hu[:5], edit=attribute("Modality", "MR"))
    write_series(folder / "pet", hu[:5], edit=attribute("Modality", "PT"), series_number=4)
    return folder


@bad("a truncated slice", "is damaged or incomplete")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_series(folder, hu)
    cut(folder / "0020.dcm", 0.8)
    return folder


@bad("an enhanced file without frames' places", "does not say where")
def _(folder: Path, hu: np.ndarray) -> Path:
    def edit(ds: Dataset) -> None:
        for groups in ds.PerFrameFunctionalGroupsSequence:
            del groups.PlanePositionSequence

    write_enhanced(folder / "e.dcm", hu, edit=edit)
    return folder / "e.dcm"


@bad("an enhanced file cut short", "is damaged or incomplete")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_enhanced(folder / "e.dcm", hu)
    return cut(folder / "e.dcm", 0.7)


def damaged_stream(syntax: str) -> Maker:
    """A compressed series in which one stream is noise."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        write_series(folder, hu, transfer_syntax=syntax)
        raw = bytearray((folder / "0020.dcm").read_bytes())
        start = raw.rindex(b"\xe0\x7f\x10\x00") + 32  # after the heads of the element, the offset table and the frame
        raw[start : start + 560] = noise(560)
        (folder / "0020.dcm").write_bytes(raw)
        return folder

    return make


@bad("a compressed slice cut short", "has no pixel data, or they end too early")
def _(folder: Path, hu: np.ndarray) -> Path:
    write_series(folder, hu, transfer_syntax=JPEG2000Lossless)
    cut(folder / "0020.dcm", 0.8)
    return folder


for _syntax in (JPEG2000Lossless, JPEGLSLossless, RLELossless):
    bad(f"a damaged stream, {_syntax.name[:12]}", "damaged or incomplete")(damaged_stream(_syntax))


# Image files.
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


_NRRD = "NRRD0004\ntype: short\ndimension: 3\nsizes: 64 56 40\nencoding: raw\nendian: little\n"
_LPS = _NRRD + "space: left-posterior-superior\nspace origin: (0,0,0)\nspace directions: {}\n\n"
text_header("NRRD sheared", "not perpendicular", "k.nrrd", _LPS.format("(.8,0,0) (.2,.6,0) (0,0,1.5)"))
text_header("NRRD singular", "not perpendicular", "k.nrrd", _LPS.format("(.8,0,0) (.8,0,0) (0,0,1.5)"))
text_header("NRRD in meters", "in another unit", "k.nrrd", _LPS.format("(.0008,0,0) (0,.0007,0) (0,0,.0015)"))
text_header("NRRD spacing 0", "no usable voxel size", "k.nrrd", _NRRD + "spacings: 0 1 1\n\n")

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
