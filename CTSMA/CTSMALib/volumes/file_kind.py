"""What a file is, told from its first bytes and its name."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.errors import InputError

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"Rar!")
_DICOM_GROUPS = (b"\x02\x00", b"\x08\x00")  # files without preamble begin with one of these
_NIFTI_SIZES = (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c")  # 348, the length of the header


def kind_of(path: Path) -> str:
    """Return ``"DICOM"``, ``"NIfTI"``, ``"NRRD"``, ``"MetaImage"``, ``"archive"``, ``"empty"`` or ``"unknown"``.

    Args:
        path: an existing regular file.

    Raises:
        InputError: the file may not be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(352)
    except OSError as error:
        raise InputError(
            f"The file '{path.name}' cannot be read: {error.strerror or 'input/output error'}.",
            "Check that it is complete and that you may read it.",
        ) from error
    name = path.name.lower()
    if not start:
        return "empty"
    if start[128:132] == b"DICM" or _begins_like_bare_dicom(start):
        return "DICOM"
    if start.startswith(b"NRRD") or name.endswith((".nrrd", ".nhdr")):
        return "NRRD"
    if name.endswith((".nii", ".nii.gz")) or start[344:347] in (b"n+1", b"ni1"):
        return "NIfTI"
    if name.endswith((".mha", ".mhd")):
        return "MetaImage"
    if start.startswith(_ARCHIVES) or start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar":
        return "archive"
    return "unknown"


def _begins_like_bare_dicom(start: bytes) -> bool:
    """A DICOM file without preamble: the first element is of group 2 or 8, with a small element number and length."""
    if start[:2] not in _DICOM_GROUPS or start[:4] in _NIFTI_SIZES or len(start) < 12:
        return False
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    length = int.from_bytes(start[6:8] if explicit else start[4:8], "little")
    return start[3:4] == b"\x00" and length < 128
