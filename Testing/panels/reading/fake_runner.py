"""A runner without a process: tests say what the worker does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from CTSMALib.jobs.monitor import JobMonitor, JobState


class FakeRunner:
    """Takes the place of :class:`CTSMAPanels.process.QtJobRunner`."""

    def __init__(self, on_change: Callable[[JobMonitor], None]) -> None:
        self.on_change = on_change
        self.monitor = JobMonitor()
        self.arguments: list[str] = []

    def start(self, arguments: list[str]) -> None:
        """Take a job."""
        self.arguments = list(arguments)
        self.monitor.begin()
        self.say(event="start", job=arguments[0], software_version="0.1.0", protocol=1, device="CPU, 2 cores", pid=4711)

    def cancel(self) -> None:
        """Be asked to stop."""
        self.monitor.cancel_requested()
        self.on_change(self.monitor)

    def close(self) -> None:
        """Stop at once."""
        if self.is_busy():
            self.monitor.cancel_requested()
            self.end(130)

    def is_busy(self) -> bool:
        """Whether a job was taken and not ended."""
        return self.monitor.busy

    @property
    def out(self) -> Path:
        """The folder the job writes to."""
        return Path(self.arguments[self.arguments.index("--out") + 1])

    def say(self, **event: object) -> None:
        """Let the worker say something."""
        self.monitor.feed_stdout(json.dumps(event).encode() + b"\n")
        self.on_change(self.monitor)

    def end(self, exit_code: int = 0) -> None:
        """Let the worker end."""
        self.monitor.ended(exit_code)
        self.on_change(self.monitor)

    def finish_with(self, folder: Path) -> None:
        """Let the worker leave a copy of a result and end well."""
        shutil.copytree(folder, self.out)
        self.say(event="result", path=str(self.out))
        self.end()

    def fail_with(self, message: str, remedy: str, kind: str = "anatomy") -> None:
        """Let the worker end with an error."""
        self.say(event="error", message=message, remedy=remedy, kind=kind)
        self.end(2)

    @property
    def state(self) -> JobState:
        """Where the job is."""
        return self.monitor.state
