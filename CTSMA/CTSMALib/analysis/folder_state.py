"""What a result folder says now, as a digest: files made from it can tell later whether they are outdated."""

from __future__ import annotations

import hashlib
from pathlib import Path

from CTSMALib.analysis.exclusions import EXCLUSIONS_FILE
from CTSMALib.diagnosis.record import FILE as DIAGNOSIS_FILE

ANALYSIS_FILE = "analysis.json"  # as in CTSMALib.analysis.folder, which needs packages that a fresh Slicer lacks
STATE_ATTRIBUTE = "CTSMA.FolderState"  # of a scene that was made from a folder, on the node of the result


def folder_state(folder: Path) -> str:
    """SHA-256 of the findings of a result folder, with its exclusions and its diagnosis.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for name in (ANALYSIS_FILE, EXCLUSIONS_FILE, DIAGNOSIS_FILE):
        path = folder / name
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
