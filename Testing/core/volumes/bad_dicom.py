"""DICOM series that are not a CT of a knee, or not complete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from Testing.core.volumes.bad_inputs import Maker, attribute, bad, cut, noise
from Testing.core.volumes.dicom_writer import Edit, Geometry, write_enhanced, write_series


def series(name: str, sentence: str, edit: Edit) -> None:
    """Register a series of which every header is edited."""

    def make(folder: Path, hu: np.ndarray) -> Path:
        write_series(folder, hu, edit=edit)
        return folder

    bad(name, sentence)(make)


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
