"""How a file says that nobody was scanned, or that no scanner made it, so that no result can hide it."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from CTSMALib.notices import Notice
from CTSMALib.volumes.dicom_frames import text

MARK = "CTSMA virtual scan; nobody was scanned"
SYNTHETIC_MARK = "CTSMA synthetic CT made of an MR; for registration only"
NOTICE = Notice("virtual-scan", "This scan is virtual: it was computed from a model, and nobody was scanned.")
DESCRIPTION = slice(148, 228)  # the field for any text of a NIfTI-1 header


def mark_nifti(path: Path, mark: str = MARK) -> None:
    """Write a mark into the description of an unpacked NIfTI-1 file."""
    with path.open("r+b") as file:
        file.seek(DESCRIPTION.start)
        file.write(mark.encode("ascii").ljust(DESCRIPTION.stop - DESCRIPTION.start, b"\0"))


def nifti_is_virtual(header: bytes) -> bool:
    """Whether the header of a NIfTI-1 file bears the mark."""
    return header[DESCRIPTION].startswith(MARK.encode("ascii"))


def nifti_is_synthetic(header: bytes) -> bool:
    """Whether the header of a NIfTI-1 file says that a network made it of an MR."""
    return header[DESCRIPTION].startswith(SYNTHETIC_MARK.encode("ascii"))


def dicom_is_virtual(dataset: Dataset) -> bool:
    """Whether a DICOM header states Synthetic Data (0008,001C)."""
    return text(dataset, "SyntheticData").upper() == "YES"
