"""What the jobs of all panels have in common: one worker at a time, in a folder that goes with it. No widgets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from CTSMALib.errors import CTSMAError, OutputError
from CTSMALib.jobs.monitor import JobMonitor, JobState


class Runner(Protocol):
    """What runs a worker process, for example :class:`CTSMAPanels.process.QtJobRunner`."""

    monitor: JobMonitor

    def start(self, arguments: list[str]) -> None:
        """Start a worker; :meth:`PanelJobs.changed` is called on every change."""

    def cancel(self) -> None:
        """Stop the worker."""

    def is_busy(self) -> bool:
        """Whether a worker runs."""

    def close(self) -> None:
        """Stop the worker and wait until it is gone."""


NewRunner = Callable[[Callable[[JobMonitor], None]], Runner]


def user_folder(text: str) -> Path:
    """The folder that a user has written.

    Raises:
        OutputError: there is none, or it begins with the home folder of somebody who is unknown here.
    """
    if not text:
        raise OutputError("No folder is given.", "Choose a folder.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise OutputError(f"The folder {text} is unknown.", "Choose another folder.") from error


@dataclass(frozen=True)
class JobHost:
    """What jobs need of the panel that starts them.

    Attributes:
        new_runner: makes a runner that calls the given function with its monitor on every change.
        temporary_folder: where files go that only this session needs.
        on_change: called with the monitor on every change.
        on_problem: called with what went wrong when a job has ended well and its result cannot be used.
    """

    new_runner: NewRunner
    temporary_folder: Path
    on_change: Callable[[JobMonitor], None]
    on_problem: Callable[[Exception], None]


class PanelJobs:
    """Runs one job at a time, and hands on its result only when it has ended well.

    Args:
        host: the panel that starts them.
    """

    def __init__(self, host: JobHost) -> None:
        self._host = host
        self._finish: Callable[[Path], None] | None = None
        self._work: Path | None = None
        self.runner = host.new_runner(self.changed)

    def changed(self, monitor: JobMonitor) -> None:
        """To be called by the runner on every change."""
        if monitor.state in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED):
            finish, self._finish = self._finish, None
            if finish is not None and monitor.state is JobState.FINISHED and monitor.outcome is not None:
                try:
                    finish(Path(monitor.outcome.path))
                except Exception as error:  # the bar must show the end of the job, whatever happens
                    self._host.on_problem(error)
            if finish is not None:
                self._discard_work()
        self._host.on_change(monitor)

    def close(self) -> None:
        """Stop what runs, and delete its files: they hold the patient's data."""
        self._finish = None
        self.runner.close()
        self._discard_work()

    def _refuse_if_busy(self) -> None:
        if self.runner.is_busy():
            raise CTSMAError("Another job is running.", "Wait for it, or cancel it first.")

    def _new_work(self) -> Path:
        self._discard_work()
        try:
            self._host.temporary_folder.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix="CTSMA-", dir=self._host.temporary_folder))
        except OSError as error:
            raise OutputError(
                f"Temporary files could not be written to {self._host.temporary_folder}.", "Free some space there."
            ) from error
        return self._work

    def _discard_work(self) -> None:
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        self._work = None
