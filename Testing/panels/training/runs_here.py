"""A runner that does the jobs in the process of the test."""

from __future__ import annotations

from collections.abc import Callable

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.__main__ import _JOBS, _parser
from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.jobs.protocol import failure
from Testing.panels.reading.fake_runner import FakeRunner


class RunsHere(FakeRunner):
    """What a worker would do is done at once."""

    def __init__(self, on_change: Callable[[JobMonitor], None]) -> None:
        super().__init__(on_change)
        self.done: list[list[str]] = []

    def start(self, arguments: list[str]) -> None:
        """Do a job."""
        super().start(arguments)
        self.done.append(list(arguments))
        options = _parser().parse_args(arguments)
        try:
            path = _JOBS[options.job](options)(self._progress)
        except CTSMAError as error:
            told = failure(error)
            self.fail_with(told.message, told.remedy, told.kind)
        else:
            self.say(event="result", path=str(path))
            self.end()

    def _progress(self, stage: str, fraction: float, message: str = "") -> None:
        self.say(event="progress", stage=stage, fraction=min(max(fraction, 0.0), 1.0), message=message)
