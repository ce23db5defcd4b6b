"""Every CT and MR under a folder: DICOM series by headers, image files by names and, if need be, by values."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import NOT_UTF8, RENAME, is_utf8
from CTSMALib.learning.pairs.found_scan import FoundScan, LeftOut
from CTSMALib.learning.pairs.image_scan import image_scan
from CTSMALib.learning.pairs.naming import names_image
from CTSMALib.learning.pairs.series_scan import series_scans
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.volumes.dicom_files import headers_of
from CTSMALib.volumes.file_kind import kind_of

IMAGES = ("NIfTI", "NRRD", "MetaImage")
_USELESS = {"archive": "It is an archive; unpack it.", "empty": "The file is empty."}
# Each marks a folder that CTSMA wrote, in which images are copies of scans or computed from them.
RESULT_MARKS = frozenset(
    ("analysis.json", "registration.json", "morphometry.json", "patches.json", "training.json", "cohort.json")
)
_LISTED = 0.1  # part of the work


def find_scans(folder: Path, progress: Progress = silent) -> tuple[tuple[FoundScan, ...], tuple[LeftOut, ...]]:
    """Look for scans.

    Args:
        folder: searched with its subfolders, but for results of CTSMA; links to folders are not followed.
        progress: told of every folder; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The scans, and what is left out and why, both in the order of their paths.

    Raises:
        InputError: the folder may not be read, or holds nothing that could be a scan.
    """
    progress("Looking for scans", 0.0)
    found: list[FoundScan] = []
    left_out: list[LeftOut] = []
    places = sorted(_files_by_folder(folder, left_out, progress).items())
    with_dicom = [place for place, kinds in places if kinds.get("DICOM")]
    with warnings.catch_warnings():  # headers of real scanners break small rules all the time
        warnings.filterwarnings("ignore", module="pydicom")
        for number, (place, kinds) in enumerate(places):
            own = part_of(progress, *(_LISTED + (1 - _LISTED) * (number + k) / len(places) for k in (0, 1)))
            own("Reading headers", 0.0, place.name)
            if kinds.get("DICOM"):
                files, damaged = headers_of(kinds["DICOM"], own)
                left_out += [LeftOut(path, "The DICOM file is damaged.") for path in damaged]
                alone = not any(place in other.parents for other in with_dicom)
                _add(series_scans(files, folder, alone), found, left_out)
            for kind in IMAGES:
                for path in kinds.get(kind, ()):
                    own("Reading headers", 0.5, path.name)
                    _add([image_scan(path, kind, folder)], found, left_out)
    if not found and not left_out:
        raise InputError(
            f"'{folder.name}' holds no scans.",
            "Give the folder with the CT and MR scans: DICOM, NIfTI, NRRD or MetaImage.",
        )
    return _once(found), tuple(left_out)


def _add(scans: list[FoundScan | LeftOut], found: list[FoundScan], left_out: list[LeftOut]) -> None:
    found += [scan for scan in scans if isinstance(scan, FoundScan)]
    left_out += [scan for scan in scans if isinstance(scan, LeftOut)]


def _files_by_folder(
    folder: Path, left_out: list[LeftOut], progress: Progress
) -> dict[Path, dict[str, list[Path]]]:  # fmt: skip
    """Files by folder and kind; hidden ones are passed over, those that are of no use are left out."""
    places: dict[Path, dict[str, list[Path]]] = {}
    badly_named: set[Path] = set()
    for path in _files(folder, left_out):
        if len(places.setdefault(path.parent, {})) == 0:
            progress("Looking for scans", 0.0, path.parent.name)
        try:
            kind = kind_of(path)
        except InputError as error:
            left_out.append(LeftOut(path, error.message))
            continue
        if kind in _USELESS and (kind != "empty" or names_image(path.name)):
            left_out.append(LeftOut(path, _USELESS[kind]))
        elif kind in ("DICOM", *IMAGES) and not is_utf8(path):
            place = path if is_utf8(path.parent) else path.parent
            if place not in badly_named:
                badly_named.add(place)
                left_out.append(LeftOut(place, f"It {NOT_UTF8}. {RENAME}"))
        elif path.name.upper() != "DICOMDIR":
            places[path.parent].setdefault(kind, []).append(path)
    return places


def _files(folder: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    failed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=failed.append):
        if RESULT_MARKS & set(names):
            left_out.append(LeftOut(Path(parent), "The folder holds results of CTSMA."))
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():  # opening a pipe would wait for ever
                yield path
    closed = [Path(error.filename or "") for error in failed]
    left_out += [LeftOut(path, "The folder may not be read.") for path in closed]
    if folder in closed:
        raise InputError(f"The folder '{folder.name}' may not be read.", "Ask for permission to read it, or copy it.")


def _once(found: list[FoundScan]) -> tuple[FoundScan, ...]:
    """Every series once; one that lies in several folders, whole or in parts, is doubtful."""
    by_uid: dict[str, list[FoundScan]] = {}
    for scan in sorted(found, key=lambda scan: scan.path):
        by_uid.setdefault(scan.uid or str(scan.path), []).append(scan)
    scans = []
    for first, *others in by_uid.values():
        told = tuple(f"Images of the same series lie in '{other.path}' too." for other in others)
        scans.append(replace(first, doubts=(*first.doubts, *told)))
    return tuple(scans)
