"""What a worker left that could not clear up itself: known again, and cleared up."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.staging import recover, resolved

REPORTS = "report"  # what exported reports grow beside, in the folder they go to


def holds_only_leftovers(folder: Path, *known: str) -> bool:
    """Whether a folder holds nothing, or nothing but files that a process wrote aside when it was killed.

    A job that was killed while it wrote its first file goes on in such a folder.

    Args:
        folder: that a job is to go on in.
        known: names that may be there besides.
    """
    return all(path.match(".*.part-*") or path.name in known for path in folder.iterdir())


class Leftovers:
    """Knows the place a job writes to as it was before.

    Args:
        out: the folder the job writes to; ``None`` where it writes to none.
    """

    def __init__(self, out: Path | None) -> None:
        self._out: Path | None = None
        self._missing: list[Path] = []
        with suppress(CTSMAError, OSError):
            if out is not None:
                self._out = resolved(out)
                self._missing = [p for p in (self._out, *self._out.parents) if not os.path.lexists(p)]

    def clear(self, dead: int = 0) -> None:
        """Delete partial results of dead workers, bring back what they were replacing, and remove empty folders.

        Args:
            dead: process id of the worker, which has ended.
        """
        if self._out is None:
            return
        with suppress(OSError):
            recover(self._out, dead)
            recover(self._out / REPORTS, dead)
        for folder in self._missing:
            with suppress(OSError):
                folder.rmdir()  # only if it is empty
