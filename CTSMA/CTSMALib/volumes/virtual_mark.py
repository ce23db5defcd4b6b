"""How a file says that nobody was scanned, so that every result of it can say the same."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from CTSMALib.notices import Notice
from CTSMALib.volumes.dicom_frames import text

MARK = "CTSMA virtual scan; nobody was scanned"
NOTICE = Notice("virtual-scan", "This scan is virtual: it was computed from a model, and nobody was scanned.")
DESCRIPTION = slice(148, 228)  # the field for any text of a NIfTI-1 header


def mark_nifti(path: Path) -> None:
    """Write the mark into the description of an unpacked NIfTI-1 file."""
    with path.open("r+b") as file:
        file.seek(DESCRIPTION.start)
        file.write(MARK.encode("ascii").ljust(DESCRIPTION.stop - DESCRIPTION.start, b"\0"))


def nifti_is_virtual(header: bytes) -> bool:
    """Whether the header of a NIfTI-1 file bears the mark."""
    return header[DESCRIPTION].startswith(MARK.encode("ascii"))


def dicom_is_virtual(dataset: Dataset) -> bool:
    """Whether a DICOM header states Synthetic Data (0008,001C)."""
    return text(dataset, "SyntheticData").upper() == "YES"
