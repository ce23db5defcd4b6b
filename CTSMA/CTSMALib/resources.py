"""The files that ship with the package: atlas, sample scan and, later, models."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.errors import MissingDependencyError

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (
    _PACKAGE.parent / "Resources",  # source tree and Slicer: Resources lies beside CTSMALib
    _PACKAGE / "Resources",  # installed wheel
    *sorted(_PACKAGE.parents[1].glob("CTSMA*/Resources")),  # source tree: those of the other modules
)


def resource(relative: str) -> Path:
    """The path of a shipped file, given relative to ``Resources``.

    Raises:
        MissingDependencyError: the file is not part of this installation.
    """
    for root in _ROOTS:
        if (root / relative).exists():
            return root / relative
    raise MissingDependencyError(f"The file {relative} of CTSMA is missing.", "Install CTSMA again.")
