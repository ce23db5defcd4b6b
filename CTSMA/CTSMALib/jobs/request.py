"""What is asked of an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SIDES = ("auto", "left", "right", "both")
FORMATS = ("html", "pdf", "csv")


@dataclass(frozen=True)
class AnalyzeRequest:
    """One run of the main job.

    Attributes:
        input_path: the scan, a file or a DICOM folder.
        out: the result folder to make.
        side: one of :data:`SIDES`.
        series: DICOM series number or UID; ``None`` takes the likely knee CT.
        formats: reports to write, of :data:`FORMATS`.
        pseudonymise: leave identifying entries out of the whole result folder.
        overwrite: replace a result that is in ``out``.
    """

    input_path: Path
    out: Path
    side: str = "auto"
    series: str | None = None
    formats: tuple[str, ...] = FORMATS
    pseudonymise: bool = False
    overwrite: bool = False
