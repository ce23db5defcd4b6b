"""Telling of jobs whose finished parts stay when they fail or are stopped: the same command goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from CTSMALib.jobs.protocol import Failed, Finished, Started
from CTSMALib.jobs.reporters import Reporter

PAIRS = "Finished registrations are kept;"
KNEES = "Finished knees are kept;"
CHECKS = "Finished knees and the last check are kept;"
LAST_CHECK = "Finished networks and the last check are kept;"
FOLDS = "Finished folds are kept;"
STEPS = "Finished steps are kept;"
COHORT = "register --cohort"
KEPT = {
    COHORT: PAIRS, "virtual": KNEES, "patches": KNEES, "train synthesis": CHECKS, "train teacher": LAST_CHECK,
    "train student": LAST_CHECK, "train diagnosis": FOLDS, "train all": STEPS, "reproduce": STEPS,
}  # fmt: skip
"""What stays of every job whose parts stay."""
_NOTHING = "Nothing was written;"


def keeping(job: str) -> Callable[[Reporter], Reporter]:
    """A reporter that says what is kept.

    Args:
        job: as :data:`KEPT` calls it; of others nothing is kept.

    Returns:
        Puts it around another reporter.
    """
    kept = KEPT.get(job, "")
    return lambda reporter: _Keeping(reporter, kept) if kept else reporter


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
