"""Running a worker from a script or a notebook, without a user interface."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

from CTSMALib.jobs import process_tree
from CTSMALib.jobs.commands import WORKER_ENTRY, worker_command, worker_environment
from CTSMALib.jobs.monitor import JobMonitor, JobOutcome
from CTSMALib.jobs.supervision import TICK_S, Supervision

_CHUNK = 65_536  # bytes
_WAITING_CHUNKS = 64  # a worker that says more than is taken in waits
_DRAIN_S = 2.0  # how long output is awaited from a worker that has ended

OnChange = Callable[[JobMonitor], None]


class JobRunner:
    """Runs one worker at a time::

        outcome = JobRunner().run(analyze_arguments(request), on_change=print_progress)

    or :meth:`start`, :meth:`cancel` and :meth:`wait`.

    Args:
        program: the Python that runs the worker; :func:`~CTSMALib.jobs.commands.worker_program` if left out.
        entry: what that Python runs.
        threads: of the worker; 0 for as many as there are cores.
    """

    def __init__(self, program: str | None = None, entry: Sequence[str] = WORKER_ENTRY, threads: int = 0) -> None:
        self._program, self._threads = program, threads
        self._entry = tuple(entry)
        self._supervision = Supervision(self._changed)
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._done = threading.Event()
        self._done.set()
        self._on_change: OnChange | None = None
        self._error: BaseException | None = None

    @property
    def monitor(self) -> JobMonitor:
        """What is known of the job."""
        return self._supervision.monitor

    def is_busy(self) -> bool:
        """A job runs."""
        return self.monitor.busy

    def run(self, arguments: Sequence[str], on_change: OnChange | None = None) -> JobOutcome:
        """Run a job to its end; an interrupt (Ctrl-C) cancels it.

        Args:
            arguments: from :func:`~CTSMALib.jobs.commands.analyze_arguments` and its like.
            on_change: as for :meth:`start`.

        Raises:
            JobBusyError: a job runs.
        """
        self.start(arguments, on_change)
        try:
            return self.wait()
        except KeyboardInterrupt:
            self.cancel()
            self.wait()
            raise

    def start(self, arguments: Sequence[str], on_change: OnChange | None = None) -> None:
        """Start a job and return at once. A program that cannot be started is an outcome, no exception.

        Args:
            arguments: from :func:`~CTSMALib.jobs.commands.analyze_arguments` and its like.
            on_change: called with the monitor on every change and each second, from a thread of the runner or the
                one that starts or cancels. If it raises, the job is cancelled and :meth:`wait` raises the same.

        Raises:
            JobBusyError: a job runs.
        """
        with self._lock:
            self._supervision.begin(arguments)
            self._on_change, self._error = on_change, None
            self._done = done = threading.Event()  # one for each job: a listener may start the next one
            try:
                self._process = self._popen(arguments)
            except (OSError, ValueError) as error:
                self._supervision.failed_to_start(str(error))
                done.set()
                return
            self._supervision.started(self._process.pid)
        threading.Thread(target=self._supervise, args=(self._process, done), daemon=True).start()

    def cancel(self) -> None:
        """Stop the job: it and all its children are gone within three seconds. Does nothing where none runs."""
        with self._lock:
            if self._supervision.cancel() and self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self, timeout_s: float | None = None) -> JobOutcome:
        """Wait for the end of the job.

        Raises:
            TimeoutError: it did not end in time.
            RuntimeError: no job was started.
            BaseException: what ``on_change`` raised.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        # In short turns, so that Ctrl-C is noticed on every system.
        while not self._done.wait(TICK_S) or (self.is_busy() and self._error is None):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"The job did not end within {timeout_s} s.")
        if self._error is not None:
            raise self._error
        outcome = self.monitor.outcome
        if outcome is None:
            raise RuntimeError("No job was started.")
        return outcome

    def _popen(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            worker_command(arguments, self._program, self._entry),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(threads=self._threads),
            start_new_session=os.name == "posix",  # Ctrl-C in a terminal reaches this program, which then cancels
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def _supervise(self, process: subprocess.Popen[bytes], done: threading.Event) -> None:
        try:
            self._follow(process)
        except BaseException as error:  # never leave somebody waiting
            self._error = self._error or error
            process_tree.kill((self.monitor.worker_pid, process.pid))
            process.wait()
            with self._lock, suppress(Exception):
                self._supervision.ended(process.returncode)
        finally:
            done.set()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Take in all output, let time pass, and close the books when the process has ended."""
        chunks: queue.Queue[tuple[str, bytes]] = queue.Queue(_WAITING_CHUNKS)
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            threading.Thread(target=_pump, args=(name, stream, chunks), daemon=True).start()
        open_streams, deadline = 2, float("inf")
        while process.poll() is None or (open_streams and time.monotonic() < deadline):
            try:
                name, data = chunks.get(timeout=TICK_S)
            except queue.Empty:
                name, data = "", b""
            with self._lock:
                if data:
                    self._supervision.read(**{name: data})
                elif name:
                    open_streams -= 1
                self._supervision.tick()
                if deadline == float("inf") and process.returncode is not None:
                    deadline = time.monotonic() + _DRAIN_S
                    self._supervision.release_output()
        with self._lock:
            self._supervision.ended(process.returncode)
            if process.stdin is not None:
                process.stdin.close()

    def _changed(self, monitor: JobMonitor) -> None:
        if self._on_change is None or self._error is not None:
            return
        try:
            self._on_change(monitor)
        except BaseException as error:  # it is raised where somebody waits
            self._error = error
            self.cancel()


def _pump(name: str, stream: IO[bytes] | None, chunks: queue.Queue[tuple[str, bytes]]) -> None:
    """Pass on what a stream holds, and an empty piece at its end."""
    assert stream is not None
    with stream:
        while data := stream.read(_CHUNK):
            chunks.put((name, data))
    chunks.put((name, b""))
