"""How a result folder is laid out when it holds one knee, and when it holds both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

ANALYSIS_FILE = "analysis.json"
_KNEE_NAME = re.compile(r"(left|right|unknown)(-\d)?")


def knee_folders(folder: Path) -> list[Path]:
    """The folders of the single knees: ``folder`` itself, or ``left`` and ``right`` in it.

    Returns:
        An empty list where ``folder`` is no result. It is one of both knees only if nothing else is
        in it, so that a folder in which a user collects results never passes for a result.
    """
    if (folder / ANALYSIS_FILE).is_file():
        return [folder]
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    is_result = all(_KNEE_NAME.fullmatch(part.name) and (part / ANALYSIS_FILE).is_file() for part in inside)
    return inside if is_result else []


def holds_result(folder: Path) -> bool:
    """Whether ``folder`` is the result folder of an analysis."""
    return bool(knee_folders(folder))


def folder_names(sides: Sequence[str], side_asked: str) -> list[str]:
    """Where each knee goes, relative to the result folder.

    Args:
        sides: the sides found, one per knee: ``"left"``, ``"right"`` or ``"unknown"``.
        side_asked: the side in the request; ``"both"`` always makes sub-folders.
    """
    if len(sides) == 1 and side_asked != "both":
        return ["."]
    names: list[str] = []
    for side in sides:
        names.append(side if side not in names else f"{side}-{len(names) + 1}")
    return names
