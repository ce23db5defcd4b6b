"""What is known of a worker, from its output and its end. Knows no process and no user interface."""

from __future__ import annotations

import enum
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import CancelledError
from CTSMALib.jobs.lines import Lines, Log
from CTSMALib.jobs.protocol import Event, Failed, Finished, Progressed, ProtocolError, Started, decode

LAST_LINES = 200  # of standard error, for the details of a failure
LONGEST_LAST_LINE = 2000  # characters


class JobState(enum.Enum):
    """Where a job is."""

    IDLE = "idle"  # none was begun
    STARTING = "starting"  # the process was started and has not spoken yet
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


BUSY = (JobState.STARTING, JobState.RUNNING, JobState.CANCELLING)


class JobBusyError(RuntimeError):
    """A job was to be started while another one runs."""

    def __init__(self) -> None:
        super().__init__("A job is running; cancel it or wait for its end before starting another one.")


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        state: ``FINISHED``, ``FAILED`` or ``CANCELLED``.
        path: the result; ``None`` unless finished.
        message: what is wrong, one sentence for the user; empty if finished.
        remedy: what to do next, one sentence for the user; empty if finished.
        kind: as in :class:`~CTSMALib.jobs.protocol.Failed`, or ``"crash"`` for a worker that ended without a
            word, or ``"start"`` for one that could not be started; empty if finished.
        last_lines: the end of what the worker wrote to standard error.
        exit_code: of the process; ``None`` if there was none.
    """

    state: JobState
    path: Path | None = None
    message: str = ""
    remedy: str = ""
    kind: str = ""
    last_lines: tuple[str, ...] = ()
    exit_code: int | None = None


class JobMonitor:
    """Follows one job after another; told of everything by whoever runs the process.

    Attributes:
        state: where the job is.
        job: its name; empty until the worker has spoken, as are the next four.
        stage: what it does.
        fraction: the share done, 0 to 1, never falling.
        message: more about the stage.
        device: what it computes on.
        worker_pid: the worker's own process id; 0 until it has spoken.
        outcome: how it ended; ``None`` until then.
    """

    outcome: JobOutcome | None
    _begun: float | None
    _ended: float | None

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.state = JobState.IDLE
        self._reset()

    @property
    def busy(self) -> bool:
        """A job runs."""
        return self.state in BUSY

    @property
    def said_last_word(self) -> bool:
        """The worker has told how the job ended; its process ends by itself."""
        return isinstance(self._last_event, Finished | Failed)

    @property
    def elapsed_s(self) -> float:
        """How long the job runs, or has run."""
        if self._begun is None:
            return 0.0
        return (self._clock() if self._ended is None else self._ended) - self._begun

    @property
    def log(self) -> str:
        """What the worker said to people, and its stages; the newest part of it."""
        return str(self._log)

    def begin(self) -> None:
        """A process is about to be started.

        Raises:
            JobBusyError: a job runs.
        """
        if self.busy:
            raise JobBusyError
        self._reset()
        self.state = JobState.STARTING
        self._begun = self._clock()

    def feed_stdout(self, data: bytes) -> None:
        """Bytes from the worker's standard output; lines that are no events go to the log."""
        for line in self._stdout.feed(data):
            self._hear(line)

    def feed_stderr(self, data: bytes) -> None:
        """Bytes from the worker's standard error."""
        for line in self._stderr.feed(data):
            self._note(line)

    def cancel_requested(self) -> None:
        """The user wants the job to stop; nothing happens where none runs."""
        if self.busy:
            self.state = JobState.CANCELLING

    def failed_to_start(self, reason: str) -> None:
        """There is no process: the system could not start it."""
        self._log.add(reason)
        self._end(
            JobOutcome(
                JobState.FAILED,
                message=f"The program that does the computing could not be started: {reason}",
                remedy="Check that CTSMA and its Python are installed completely, or install them again.",
                kind="start",
            )
        )

    def ended(self, exit_code: int, crashed: bool = False) -> None:
        """The process has ended; nothing follows from it.

        Args:
            exit_code: its exit code, or the number of the signal (positive or negative) that ended it.
            crashed: it was ended by a signal, or by an exception of the operating system.
        """
        for line in self._stdout.feed(b"", last=True):
            self._hear(line)
        for line in self._stderr.feed(b"", last=True):
            self._note(line)
        self._end(self._judge(exit_code, crashed or exit_code < 0))

    def _reset(self) -> None:
        self.job = self.stage = self.message = self.device = ""
        self.fraction = 0.0
        self.worker_pid = 0
        self.outcome = self._begun = self._ended = None
        self._stdout, self._stderr, self._log = Lines(), Lines(), Log()
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._last_event: Event | None = None

    def _hear(self, line: str) -> None:
        try:
            event = decode(line)
        except ProtocolError as error:
            self._log.add(str(error) if "protocol" in line else line)
            return
        if isinstance(event, Started):
            self._meet(event)
        elif self._last_event is None:  # without a greeting, or with one of another protocol, nothing can be trusted
            self._log.add(line)
        elif isinstance(event, Progressed):
            self._advance(event)
        else:
            self._last_event = event

    def _meet(self, event: Started) -> None:
        self._last_event = event
        self.job, self.device, self.worker_pid = event.job, event.device, event.pid
        if self.state is JobState.STARTING:
            self.state = JobState.RUNNING
        told = [event.job, f"CTSMA {event.software_version}", event.device, f"process {event.pid}"]
        self._log.add(", ".join(filter(None, told)))

    def _advance(self, event: Progressed) -> None:
        self.fraction = max(self.fraction, min(event.fraction, 1.0))
        if event.stage != self.stage:
            self._log.add(f"[{self.fraction * 100:3.0f}%] {event.stage}")
        self.stage, self.message = event.stage, event.message

    def _note(self, line: str) -> None:
        self._log.add(line)
        self._last_lines.append(line[:LONGEST_LAST_LINE])

    def _judge(self, exit_code: int, crashed: bool) -> JobOutcome:
        last = self._last_event
        if isinstance(last, Finished):
            return JobOutcome(JobState.FINISHED, Path(last.path), exit_code=exit_code)
        lines = tuple(self._last_lines)
        if self.state is JobState.CANCELLING or (isinstance(last, Failed) and last.kind == "cancelled"):
            told = CancelledError()
            return JobOutcome(JobState.CANCELLED, None, told.message, told.remedy, "cancelled", lines, exit_code)
        if isinstance(last, Failed):
            return JobOutcome(JobState.FAILED, None, last.message, last.remedy, last.kind, lines, exit_code)
        message, remedy = _crash_words(exit_code, crashed)
        return JobOutcome(JobState.FAILED, None, message, remedy, "crash", lines, exit_code)

    def _end(self, outcome: JobOutcome) -> None:
        self._ended = self._clock()
        self.state = outcome.state
        self.outcome = outcome


def _crash_words(exit_code: int, crashed: bool) -> tuple[str, str]:
    """What the user is told of a worker that ended without a word."""
    name = _signal_name(exit_code) if crashed else ""
    if name == "SIGKILL":
        message = "The system ended the computing process, most likely because memory ran out."
        return message, "Close other programs, or crop the scan to the knee, and start again."
    reason = f"({name})" if name else f"(exit code {exit_code})"
    message = f"The computing process ended unexpectedly {reason}."
    return message, "Start again; if it happens again, report it to the project with the details."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(abs(number)).name
    except ValueError:
        return ""
