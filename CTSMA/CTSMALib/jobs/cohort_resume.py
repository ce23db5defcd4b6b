"""Whether a pair of a cohort that was registered before is the same pair, registered in the same way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.register_guide import guide_told

if TYPE_CHECKING:
    from CTSMALib.registration.record import RegistrationRecord
    from CTSMALib.volumes.scan import InputIdentity


def otherwise_made(record: RegistrationRecord, engine: str, local: bool, led_by: str = "") -> str:
    """How a registration was made, where that differs from what is wanted; empty where it does not.

    Args:
        record: of it.
        engine: name of the wanted engine.
        local: whether a local refinement is wanted.
        led_by: what is to lead, as :func:`~CTSMALib.jobs.register_guide.led_by` says it.
    """
    from CTSMALib.registration.names import BONES, LOCAL
    from CTSMALib.registration.record import GOOD

    if record.earlier:  # a person went on from it
        return ""
    made_by = next((stage.made_by for stage in record.stages if stage.stage == BONES), "")
    if made_by and made_by.split(" ")[0] != engine:
        return f"with {made_by}"
    if made_by and guide_told(made_by) != led_by:
        return f"with {guide_told(made_by) or 'the MR alone'}"
    refined = any(stage.stage == LOCAL for stage in record.stages)
    could_be = any(bone.verdict == GOOD for bone in record.bones)
    if refined != local and (refined or could_be):
        return "with local refinement" if refined else "without local refinement"
    return ""


def changed_scan(record: RegistrationRecord, ct: Path, mr: Path) -> str:
    """``"CT"`` or ``"MR"`` where that is not what was registered; otherwise empty.

    Only scans that are newer than the registration, or have another name, are read; one that cannot be read is not
    called changed, as a disk may be away for a while.
    """
    made = datetime.fromisoformat(record.created).timestamp()
    for name, path, then, identity_of in (("CT", ct, record.fixed, _of_ct), ("MR", mr, record.moving, _of_mr)):
        try:
            suspect = _newest(path) > made or path.name != then.name
            if suspect and identity_of(path).sha256 != then.sha256:
                return name
        except (CTSMAError, OSError):
            continue
    return ""


def _of_ct(path: Path) -> InputIdentity:
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.jobs.knee_folders import knee_folders
    from CTSMALib.volumes import read_scan

    results = knee_folders(path) if path.is_dir() else []
    return load_analysis(results[0]).identity if results else read_scan(path).identity


def _of_mr(path: Path) -> InputIdentity:
    from CTSMALib.volumes import read_mr

    return read_mr(path).identity


def _newest(path: Path) -> float:
    """When a file, or any file in a folder, was last written."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return max(file.stat().st_mtime for file in files)
