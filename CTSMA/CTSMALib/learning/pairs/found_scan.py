"""A scan that was found in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundScan:
    """A CT or an MR.

    Attributes:
        path: to give to whatever reads it: a file, or a folder of DICOM files that holds this series alone.
        kind: ``"CT"`` or ``"MR"``.
        subject: whose it is, as the header or the names say; may be empty.
        side: ``"left"``, ``"right"``, or empty.
        group: first folder under that of the cohort, in which the scans of a person often lie together.
        date: of the study, YYYYMMDD; empty where unknown.
        title: for people, for example ``"b-FFE knee, 120 slices, 0.3 × 0.3 × 1.5 mm"``.
        uid: of a DICOM series; empty for others.
        score: how well it suits; the highest of several is taken.
        doubts: what is not certain about it, one sentence each.
    """

    path: Path
    kind: str
    subject: str
    side: str
    group: str
    date: str = ""
    title: str = ""
    uid: str = ""
    score: float = 0.0
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """A file or series that is none.

    Attributes:
        path: of it.
        reason: one sentence.
        kind: ``"CT"`` or ``"MR"`` where it would have been one; empty otherwise.
        group: as of :class:`FoundScan`.
    """

    path: Path
    reason: str
    kind: str = ""
    group: str = ""
