"""The first look at what the user gives as input, before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.errors import InputError


def existing_path(path: str | Path) -> Path:
    """``path`` made absolute.

    Raises:
        InputError: nothing is there.
    """
    source = Path(path)
    try:
        exists = source.exists()
    except (OSError, ValueError):  # a name too long, or with a null character
        exists = False
    if not exists:
        raise InputError(f"'{path}' does not exist.", "Check the spelling of the path.")
    return source.absolute()
