"""Running a worker from a panel: a child process and Qt's event loop, no thread.

The runner knows nothing of the scene; whoever is told of the end of a job loads its result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import qt

from CTSMALib.jobs.commands import WORKER_ENTRY, worker_command, worker_environment
from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.jobs.supervision import TICK_S, Supervision
from CTSMAPanels.settings.store import read_settings

CLOSING_S = 3.0


class QtJobRunner:
    """Runs one worker at a time; the twin of :class:`CTSMALib.jobs.runner.JobRunner` for panels.

    Args:
        on_change: called with the monitor, from Qt's event loop or the method that causes it, after every change
            and every second while a job runs. The last call tells of the outcome.
        program: the Python that runs the worker; :func:`CTSMALib.jobs.commands.worker_program` if left out.
        entry: what that Python runs.

    Attributes:
        on_change: may be replaced.
    """

    def __init__(
        self,
        on_change: Callable[[JobMonitor], None] | None = None,
        program: str | None = None,
        entry: Sequence[str] = WORKER_ENTRY,
    ) -> None:
        self.on_change = on_change
        self._program = program
        self._entry = tuple(entry)
        self._silent = False
        self._supervision = Supervision(self._changed)
        # One process object serves all jobs, so that none is deleted while it still tells of its end.
        self._process = qt.QProcess()
        self._process.started.connect(self._on_started)
        self._process.readyReadStandardOutput.connect(self._read_output)
        self._process.readyReadStandardError.connect(self._read_error)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._timer = qt.QTimer()
        self._timer.timeout.connect(self._supervision.tick)

    @property
    def monitor(self) -> JobMonitor:
        """What is known of the job."""
        return self._supervision.monitor

    def is_busy(self) -> bool:
        """A job runs."""
        return self.monitor.busy

    def start(self, arguments: Sequence[str]) -> None:
        """Start a job and return at once. A program that cannot be started is an outcome, no exception.

        Args:
            arguments: from :func:`CTSMALib.jobs.commands.analyze_arguments` and its like.

        Raises:
            JobBusyError: a job runs.
        """
        self._silent = False
        self._supervision.begin(arguments)
        environment = qt.QProcessEnvironment()
        for name, value in worker_environment(threads=read_settings().threads).items():
            environment.insert(name, value)
        self._process.setProcessEnvironment(environment)
        program, *rest = worker_command(arguments, self._program, self._entry)
        self._timer.start(int(TICK_S * 1000))
        self._process.start(program, rest)
        self._supervision.tick()  # tells that it is starting

    def cancel(self) -> None:
        """Begin to stop the job: it and all its children are gone within three seconds."""
        if self._supervision.cancel():
            self._process.closeWriteChannel()

    def close(self) -> None:
        """Stop the job and wait for its end, of which ``on_change`` is told before this returns, or never.

        For the end of a panel, a scene or the application; another job may be started afterwards.
        """
        self.cancel()
        deadline = time.monotonic() + CLOSING_S
        while self.is_busy() and time.monotonic() < deadline:
            self._process.waitForFinished(int(TICK_S * 1000))
            self._supervision.tick()
        self._silent = self.is_busy()

    def _on_started(self) -> None:
        self._supervision.started(int(self._process.processId()))

    def _read_output(self) -> None:
        self._supervision.read(stdout=bytes(self._process.readAllStandardOutput().data()))

    def _read_error(self) -> None:
        self._supervision.read(stderr=bytes(self._process.readAllStandardError().data()))

    def _on_error(self, *_error: object) -> None:
        """Only a program that could not be started ends without :meth:`_on_finished`."""
        if self.is_busy() and not self._supervision.pid and self._process.state() == qt.QProcess.NotRunning:
            self._timer.stop()
            self._supervision.failed_to_start(str(self._process.errorString()))

    def _on_finished(self, *_status: object) -> None:
        if not self.is_busy():
            return
        self._timer.stop()
        self._read_output()
        self._read_error()
        crashed = self._process.exitStatus() == qt.QProcess.CrashExit
        self._supervision.ended(int(self._process.exitCode()), crashed)

    def _changed(self, monitor: JobMonitor) -> None:
        if self.on_change is not None and not self._silent:
            self.on_change(monitor)
