"""What everyone who runs a worker has to do, whatever starts the process and tells of its output."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from CTSMALib.jobs import process_tree
from CTSMALib.jobs.commands import output_of
from CTSMALib.jobs.leftovers import Leftovers
from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.process_tree import Due, Stopping

TICK_S = 0.1  # how often a runner should call Supervision.tick()


class Supervision:
    """Follows one worker at a time with a :class:`JobMonitor`, ends it and its children, and clears up after it.

    A runner calls :meth:`begin`, starts the process, and passes on everything it learns of it.

    Args:
        on_change: called with the monitor after every change, and every second while a job runs.
        clock: tells the time in seconds.

    Attributes:
        monitor: what is known of the job.
        on_change: may be replaced.
        pid: number of the process that was started, 0 before.
    """

    def __init__(
        self, on_change: Callable[[JobMonitor], None] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.monitor = JobMonitor(clock)
        self.on_change = on_change
        self._clock = clock
        self.pid = 0
        self._stopping: Stopping | None = None
        self._told: tuple[object, ...] = ()
        self._log_grew = False

    def begin(self, arguments: Sequence[str]) -> None:
        """A worker is about to be started.

        Raises:
            JobBusyError: one runs.
        """
        self.monitor.begin()
        self.pid = 0
        self._stopping = None
        self._stop_began = 0.0
        self._leftovers = Leftovers(output_of(arguments))

    def started(self, pid: int) -> None:
        """The process runs; ``pid`` is the number of what was started, perhaps a launcher."""
        self.pid = pid
        self._tell()

    def failed_to_start(self, reason: str) -> None:
        """The system could not start the process."""
        self.monitor.failed_to_start(reason)
        self._tell()

    def read(self, stdout: bytes = b"", stderr: bytes = b"") -> None:
        """Output of the worker."""
        self.monitor.feed_stdout(stdout)
        self.monitor.feed_stderr(stderr)
        self._log_grew = True
        self._tell_if_changed(log=False)

    def cancel(self) -> bool:
        """Begin to stop the worker.

        Returns:
            Whether it is time to close the worker's standard input: false where none runs, and the second time.
        """
        if not self.monitor.busy or self._stopping is not None:
            return False
        self._stopping = Stopping()
        self._stop_began = self._clock()
        self.monitor.cancel_requested()
        self._stop()
        self._tell()
        return True

    def tick(self) -> None:
        """Time passes; to be called every :data:`TICK_S` while a worker runs."""
        if self._stopping is not None:
            self._stop()
        self._tell_if_changed(log=True)

    def ended(self, exit_code: int, crashed: bool = False) -> None:
        """The process that was started has ended, and all its output was passed on."""
        process_tree.kill_orphans(self._pids)
        self.monitor.ended(exit_code, crashed)
        if self.monitor.state is not JobState.FINISHED:
            if self.monitor.worker_pid != self.pid and not self.monitor.said_last_word:  # only a launcher has ended
                process_tree.kill([self.monitor.worker_pid])
            self._leftovers.clear(self.monitor.worker_pid or self.pid)
        self._stopping = None
        self._tell()

    def release_output(self) -> None:
        """End what may still hold the output of a worker that has ended."""
        process_tree.kill_orphans(self._pids)

    @property
    def _pids(self) -> tuple[int, ...]:
        return (self.monitor.worker_pid, self.pid)

    def _stop(self) -> None:
        assert self._stopping is not None
        due = self._stopping.due(self._clock() - self._stop_began)
        if due is Due.TERMINATE:
            # A launcher is left alone as long as possible: it ends with its child, and the output runs through it.
            process_tree.terminate([self.monitor.worker_pid or self.pid])
        elif due is Due.KILL:
            process_tree.kill(self._pids)

    def _tell_if_changed(self, log: bool) -> None:
        if self._snapshot() != self._told or (log and self._log_grew):
            self._tell()

    def _tell(self) -> None:
        self._told = self._snapshot()
        self._log_grew = False
        if self.on_change is not None:
            self.on_change(self.monitor)

    def _snapshot(self) -> tuple[object, ...]:
        monitor = self.monitor
        return (monitor.state, monitor.stage, monitor.fraction, monitor.message, int(monitor.elapsed_s))
