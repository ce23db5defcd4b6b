"""Telling of jobs whose finished parts stay when they fail or are stopped: the same command goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from CTSMALib.jobs.protocol import Failed, Finished, Started
from CTSMALib.jobs.reporters import Reporter

KNEES = "Finished knees are kept;"
CHECKS = "Finished knees and the last check are kept;"
LAST_CHECK = "Finished networks and the last check are kept;"
FOLDS = "Finished folds are kept;"
STEPS = "Finished steps are kept;"
_NOTHING = "Nothing was written;"


def keeping(kept: str) -> Callable[[Reporter], Reporter]:
    """A reporter that says what is kept.

    Args:
        kept: :data:`KNEES`, :data:`CHECKS`, :data:`LAST_CHECK`, :data:`FOLDS` or :data:`STEPS`.

    Returns:
        Puts it around another reporter.
    """
    return lambda reporter: _Keeping(reporter, kept)


class _Keeping:
    def __init__(self, reporter: Reporter, kept: str) -> None:
        self._reporter, self._kept = reporter, kept

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        self._reporter(stage, fraction, message)

    def start(self, event: Started) -> None:
        """The job begins."""
        self._reporter.start(event)

    def finish(self, event: Finished) -> None:
        """The job succeeded."""
        self._reporter.finish(event)

    def fail(self, event: Failed) -> None:
        """The job failed or was cancelled."""
        if event.kind == "cancelled":
            event = replace(event, remedy=f"{self._kept} give the same command again to go on.")
        self._reporter.fail(replace(event, remedy=event.remedy.replace(_NOTHING, self._kept)))
