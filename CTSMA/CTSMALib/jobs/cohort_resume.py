"""Whether a pair of a cohort that was registered before is the same pair, registered in the same way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import CTSMAError

if TYPE_CHECKING:
    from CTSMALib.registration.record import RegistrationRecord


def otherwise_made(record: RegistrationRecord, engine: str, local: bool) -> str:
    """How a registration was made, where that differs from what is wanted; empty where it does not.

    Args:
        record: of it.
        engine: name of the wanted engine.
        local: whether a local refinement is wanted.
    """
    from CTSMALib.registration.names import BONES, LOCAL
    from CTSMALib.registration.record import GOOD

    made_by = next((stage.made_by for stage in record.stages if stage.stage == BONES), engine)
    if made_by.split(" ")[0] != engine:
        return f"with {made_by}"
    refined = any(stage.stage == LOCAL for stage in record.stages)
    could_be = any(bone.verdict == GOOD for bone in record.bones)
    if refined != local and (refined or could_be):
        return "with local refinement" if refined else "without local refinement"
    return ""


def changed_scan(record: RegistrationRecord, ct: Path, mr: Path) -> str:
    """``"CT"`` or ``"MR"`` where that is not what was registered, or cannot be read any more; otherwise empty.

    Only scans that are newer than the registration are read.
    """
    from CTSMALib.volumes import read_mr, read_scan

    made = datetime.fromisoformat(record.created).timestamp()
    for name, path, identity, read in (("CT", ct, record.fixed, read_scan), ("MR", mr, record.moving, read_mr)):
        try:
            if _newest(path) > made and read(path).identity.sha256 != identity.sha256:
                return name
        except (CTSMAError, OSError):
            return name
    return ""


def _newest(path: Path) -> float:
    """When a file, or any file in a folder, was last written."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return max(file.stat().st_mtime for file in files)
