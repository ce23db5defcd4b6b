"""Finding DICOM files in a folder and reading their headers."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from CTSMALib.errors import InputError
from CTSMALib.progress import Progress
from CTSMALib.volumes.file_kind import kind_of

MAX_FILES = 50_000

_TAGS: list[str] = [
    *("SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"),
    *("SyntheticData",),
    *("Modality", "ImageType", "PatientID", "PatientName", "PatientSex", "PatientBirthDate", "PatientAge"),
    *("StudyDate", "StudyDescription", "SeriesDescription", "SeriesNumber", "AccessionNumber", "ProtocolName"),
    *("BodyPartExamined", "Laterality", "ImageLaterality", "PatientPosition", "FrameOfReferenceUID"),
    *("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "KVP", "SliceThickness"),
    *("ContrastBolusAgent", "ContrastBolusAgentSequence", "LossyImageCompression"),
    *("EchoTime", "AcquisitionNumber", "AcquisitionTime", "TemporalPositionIdentifier", "TemporalPositionIndex"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "NumberOfFrames"),
    *("SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "RescaleType"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]


@dataclass(frozen=True)
class DicomFile:
    """A DICOM file and its header without pixel data."""

    path: Path
    header: Dataset


def read_headers(path: Path, progress: Progress) -> tuple[list[DicomFile], list[Path]]:
    """Read the headers that belong to what the user gave.

    Args:
        path: a folder (searched with its subfolders), a DICOM file (a multi-frame file stands for itself, another
            one for its series in the same folder), or a DICOMDIR (which stands for its folder).
        progress: told the fraction of files read.

    Returns:
        The files with their headers, and the files that begin like DICOM but cannot be read.

    Raises:
        InputError: there is no readable DICOM image file.
    """
    if path.is_dir():
        return _headers(_dicom_files(path, recursive=True), path, progress)
    header = _header(path)
    if header is not None and _is_directory(header):
        return read_headers(path.parent, progress)
    if header is None or not _describes_an_image_or_series(header):
        raise InputError(f"The DICOM file '{path.name}' is damaged.", "Export or copy it again.")
    if "PerFrameFunctionalGroupsSequence" in header or not header.get("SeriesInstanceUID"):
        return [DicomFile(path, header)], []
    files, damaged = _headers(_dicom_files(path.parent, recursive=False), path, progress)
    same = [f for f in files if f.header.get("SeriesInstanceUID") == header.SeriesInstanceUID]
    return same, damaged


def _describes_an_image_or_series(header: Dataset) -> bool:
    return bool(header.get("SeriesInstanceUID")) or "Rows" in header


def _is_directory(header: Dataset) -> bool:
    """A DICOMDIR, under whatever name."""
    return bool(header.file_meta.get("MediaStorageSOPClassUID", "") == MediaStorageDirectoryStorage)


def _headers(paths: list[Path], given: Path, progress: Progress) -> tuple[list[DicomFile], list[Path]]:
    files, damaged = headers_of(paths, progress)
    if not files:
        damage = f"; its {len(damaged)} DICOM files are damaged" if damaged else ""
        raise InputError(
            f"'{given.name}' holds no DICOM images{damage}.", "Give the folder with the CT slices, complete."
        )
    return files, damaged


def headers_of(paths: list[Path], progress: Progress) -> tuple[list[DicomFile], list[Path]]:
    """Read the headers of files that begin like DICOM.

    Args:
        paths: of the files.
        progress: told the fraction of files read.

    Returns:
        The files with their headers, and those that cannot be read.
    """
    files, damaged = [], []
    for number, path in enumerate(paths):
        if number % 32 == 0:
            progress("Reading headers", number / len(paths))
        header = _header(path)
        if header is not None and _describes_an_image_or_series(header):
            files.append(DicomFile(path, header))
        elif header is None or not _is_directory(header):
            damaged.append(path)
    return files, damaged


def _header(path: Path) -> Dataset | None:
    try:
        header = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=_TAGS)
        drop_malformed(header.file_meta)
        drop_malformed(header)
    except Exception:  # a damaged file can make the parser fail in any way
        return None
    return header


def drop_malformed(dataset: Dataset) -> None:
    """Delete elements whose values cannot be parsed: pydicom parses on access, and would fail then."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception:  # any error: see _header
            del dataset[tag]
            continue
        if element.VR == "SQ":
            for item in element.value or []:
                drop_malformed(item)


def _dicom_files(folder: Path, recursive: bool) -> list[Path]:
    """DICOM files under a folder, in the order of their names."""
    kinds: dict[str, list[Path]] = {}
    seen = 0
    for path in _walk(folder, recursive):
        seen += 1
        if seen > MAX_FILES:
            raise InputError(
                f"The folder '{folder.name}' holds more than {MAX_FILES} files.", "Give the folder of one study."
            )
        if path.name.upper() != "DICOMDIR":
            kinds.setdefault(_kind(path), []).append(path)
    if "DICOM" in kinds:
        return kinds["DICOM"]
    raise _no_dicom(folder, kinds, seen)


def _kind(path: Path) -> str:
    try:
        return kind_of(path)
    except InputError:
        return "unreadable"


def _walk(folder: Path, recursive: bool) -> list[Path]:
    failed: list[OSError] = []
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=failed.append):
        folders.sort()
        if not recursive:
            folders.clear()
        for name in sorted(names):
            path = Path(parent, name)
            try:
                regular = stat.S_ISREG(path.stat().st_mode)
            except OSError:  # a dangling link
                continue
            if regular:  # opening a pipe would wait for ever
                found.append(path)
        if len(found) > MAX_FILES:
            break
    if failed and not found:
        raise _forbidden(folder)
    return found


def _forbidden(folder: Path) -> InputError:
    return InputError(f"The folder '{folder.name}' may not be read.", "Ask for permission to read it, or copy it.")


def _no_dicom(folder: Path, kinds: dict[str, list[Path]], seen: int) -> InputError:
    if not seen:
        return InputError(f"The folder '{folder.name}' is empty.", "Give the folder with the DICOM slices of the scan.")
    if "unreadable" in kinds:
        return _forbidden(folder)
    for kind in ("NIfTI", "NRRD", "MetaImage"):
        if kind in kinds:
            return InputError(
                f"The folder '{folder.name}' holds no DICOM files, but '{kinds[kind][0].name}'.",
                f"Give the {kind} file itself.",
            )
    if "archive" in kinds:
        return InputError(
            f"The folder '{folder.name}' holds no DICOM files, but the archive '{kinds['archive'][0].name}'.",
            "Unpack the archive and give the folder that comes out.",
        )
    return InputError(
        f"The folder '{folder.name}' holds no DICOM files.", "Give the folder with the DICOM slices of the scan."
    )
