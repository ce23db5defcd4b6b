"""Reading a scan: DICOM, NIfTI, NRRD or MetaImage in, one checked CT or MR volume out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.notices import Notice, Severity
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.volumes import virtual_mark
from CTSMALib.volumes.checks import to_signal
from CTSMALib.volumes.dicom_files import DicomFile, read_headers
from CTSMALib.volumes.dicom_series import CT, MR, SeriesInfo, Wanted, candidates_of, chosen, other_series_notice
from CTSMALib.volumes.dicom_uniform import common_kernel, common_voltage
from CTSMALib.volumes.dicom_volume import read_hu, read_signals, scan_header
from CTSMALib.volumes.file_kind import kind_of
from CTSMALib.volumes.geometry import image_from_array
from CTSMALib.volumes.identity import image_sha256
from CTSMALib.volumes.image_files import read_image_file
from CTSMALib.volumes.scalar_image import read_scalar_image
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader

_HEADERS_DONE, _SLICES_DONE = 0.2, 0.9  # parts of the whole work
_FORMATS = "Give a DICOM folder, or a .nii, .nii.gz, .nrrd, .mha or .mhd file."


def read_scan(path: str | Path, series: str | None = None, progress: Progress = silent) -> Scan:
    """Read a knee CT.

    Args:
        path: a DICOM folder (searched with its subfolders), a DICOM file (its series is gathered from its folder,
            or it is a multi-frame file), or a NIfTI, NRRD or MetaImage file.
        series: which series of a DICOM folder: a series number, a series UID, or a place in the list of
            :func:`list_series` beginning with 1, tried in this order. ``None`` reads the likely knee CT.
        progress: told the stage and the fraction done.

    Returns:
        HU as ``int16``, LPS, right-handed axes, with everything a reader must know in ``notices``.

    Raises:
        InputError: the input cannot be used; the message says why and what to do.
        MissingDecoderError: the DICOM files are compressed and no decoder is installed.
    """
    return _read(path, series, CT, progress)


def read_mr(path: str | Path, series: str | None = None, progress: Progress = silent) -> Scan:
    """Read a knee MR.

    Args:
        path, series, progress: as of :func:`read_scan`; without a series, that of a balanced sequence is preferred, and
            one with fat suppression avoided.

    Returns:
        Signals of magnitude, ``int16`` from DICOM (as stored where all slices share one scale, which no parameter
        depends on, and fit; else scaled and rounded), ``float32`` from files; LPS, right-handed axes.

    Raises:
        InputError: the input cannot be used; the message says why and what to do.
        MissingDecoderError: the DICOM files are compressed and no decoder is installed.
    """
    return _read(path, series, MR, progress)


def _read(path: str | Path, series: str | None, wanted: Wanted, progress: Progress) -> Scan:
    source = existing_path(path)
    kind = "DICOM" if source.is_dir() else _file_kind(source)
    if kind == "DICOM":
        with _pydicom_silenced():
            scan = _read_dicom(source, series, wanted, progress)
    elif series is not None:
        raise InputError(f"'{source.name}' has no series to choose from.", "Leave out the series.")
    elif wanted is CT:
        image, notices = read_image_file(source, kind, part_of(progress, 0.0, _SLICES_DONE))
        scan = _scan(image, ScanHeader(), source.name, kind, notices)
    else:
        scan = _read_mr_file(source)
    progress("Reading slices", 1.0)
    return scan


def _read_mr_file(source: Path) -> Scan:
    found = read_scalar_image(source)
    checked = to_signal(found.array, f"The image '{source.name}'")
    image = image_from_array(
        checked.array, found.grid.spacing_mm, found.grid.origin_mm, np.reshape(found.grid.direction, (3, 3))
    )
    return Scan(image, ScanHeader(modality="MR"), found.identity, (*found.notices, *checked.notices))


def list_series(path: str | Path, wanted: Wanted = CT) -> list[SeriesInfo]:
    """List the series of a DICOM folder or file, the likely knee CT first.

    Args:
        path: as for :func:`read_scan`.
        wanted: which are usable, and in what order they come.

    Returns:
        One entry per series; an empty list for other formats, which hold one image.

    Raises:
        InputError: the path holds nothing that can be read.
    """
    source = existing_path(path)
    if not source.is_dir() and _file_kind(source) != "DICOM":
        return []
    with _pydicom_silenced():
        files, _ = read_headers(source, silent)
        return [candidate.info for candidate in candidates_of(files, wanted)]


@contextmanager
def _pydicom_silenced() -> Iterator[None]:
    """Headers of real scanners break small rules all the time, and pydicom warns of each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        yield


def _file_kind(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"'{path.name}' is neither a folder nor a file.", _FORMATS)
    kind = kind_of(path)
    if kind == "empty":
        raise InputError(f"The file '{path.name}' is empty.", "Export or copy it again.")
    if kind == "archive":
        raise InputError(f"'{path.name}' is an archive.", "Unpack it and give the folder that comes out.")
    if kind == "unknown":
        raise InputError(f"'{path.name}' is not a medical image that can be read.", _FORMATS)
    return kind


def _read_dicom(source: Path, series: str | None, wanted: Wanted, progress: Progress) -> Scan:
    files, damaged = read_headers(source, part_of(progress, 0.0, _HEADERS_DONE))
    candidates = candidates_of(files, wanted)
    candidate = chosen(candidates, series, source.name, wanted)
    assert candidate.stack is not None  # chosen() raises otherwise
    read = read_hu if wanted is CT else read_signals
    image, notices = read(candidate.stack, candidate.label, part_of(progress, _HEADERS_DONE, _SLICES_DONE))
    if damaged:
        text = f"{len(damaged)} damaged DICOM files were left out, for example '{damaged[0].name}'."
        notices = (Notice("damaged-files", text), *notices)
    found = (*_whole_series_notice(source, files), *other_series_notice(candidates, candidate))
    notices = (*found, *candidate.stack.notices, *notices)
    if virtual_mark.dicom_is_virtual(candidate.header):
        notices = (virtual_mark.NOTICE, *notices)
    kind = "DICOM" if candidate.frame is None else "Enhanced DICOM"
    frames = candidate.stack.frames
    header = replace(
        scan_header(candidate.header, candidate.frame or 0),
        kvp=common_voltage(frames),
        convolution_kernel=common_kernel(frames),
    )
    return _scan(image, header, source.name, kind, notices)


def _whole_series_notice(source: Path, files: list[DicomFile]) -> tuple[Notice, ...]:
    """One file was given, and its whole series was read."""
    if len(files) < 2 or all(file.path != source for file in files):
        return ()
    text = f"'{source.name}' is one of the {len(files)} files of its series; the whole series was read."
    return (Notice("series-of-file", text, Severity.INFO),)


def _scan(image: sitk.Image, header: ScanHeader, name: str, kind: str, notices: tuple[Notice, ...]) -> Scan:
    return Scan(image, header, InputIdentity(name, kind, image_sha256(image)), notices)
