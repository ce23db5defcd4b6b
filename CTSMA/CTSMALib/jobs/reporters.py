"""Telling of a running job: to a program, on a terminal, or in a log."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import Protocol, TextIO

from CTSMALib.errors import CancelledError, OutputError
from CTSMALib.jobs.protocol import Event, Failed, Finished, Progressed, Started, encode

WIDEST_BAR = 100  # columns


class Reporter(Protocol):
    """A :class:`~CTSMALib.progress.Progress` that is also told how the job began and ended."""

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Report progress."""

    def start(self, event: Started) -> None:
        """The job begins."""

    def finish(self, event: Finished) -> None:
        """The job succeeded."""

    def fail(self, event: Failed) -> None:
        """The job failed or was cancelled."""


class JsonLines:
    """Writes the protocol's events; cancels the job when nobody reads them any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fraction = 0.0

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Report progress; fractions never fall.

        Raises:
            CancelledError: the reading program has gone.
            OutputError: the events cannot be written, for example to a full disk.
        """
        self._fraction = max(self._fraction, min(fraction, 1.0))
        self._write_or_stop(Progressed(stage, round(self._fraction, 4), message))

    def start(self, event: Started) -> None:
        """The job begins; raises as :meth:`__call__` does."""
        self._write_or_stop(event)

    def finish(self, event: Finished) -> None:
        """The job succeeded."""
        self._write(event)

    def fail(self, event: Failed) -> None:
        """The job failed; also told in words on standard error."""
        print(f"{event.message} {event.remedy}", file=sys.stderr)
        self._write(event)

    def _write_or_stop(self, event: Event) -> None:
        try:
            self._write(event)
        except BrokenPipeError as error:
            raise CancelledError from error
        except OSError as error:
            raise output_failure(error) from error

    def _write(self, event: Event) -> None:
        self._stream.write(encode(event) + "\n")
        self._stream.flush()


class TerminalBar:
    """A progress bar that one line of a terminal holds."""

    def __init__(self, stream: TextIO) -> None:
        from tqdm import tqdm

        self._stream = stream
        size = shutil.get_terminal_size()  # tqdm itself shows nothing on a terminal that does not tell its size
        self._bar = tqdm(
            total=100.0,
            file=stream,
            leave=False,
            ncols=min(size.columns - 1, WIDEST_BAR),
            nrows=size.lines,
            bar_format="{desc:<28} |{bar}| {percentage:3.0f}%  {elapsed}",
        )

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Move the bar forward."""
        self._bar.set_description_str(stage[:28], refresh=False)
        self._bar.update(max(0.0, min(fraction, 1.0) * 100.0 - self._bar.n))
        self._bar.refresh()

    def start(self, event: Started) -> None:
        """The job begins."""

    def finish(self, event: Finished) -> None:
        """Take the bar away."""
        self._bar.close()

    def fail(self, event: Failed) -> None:
        """Take the bar away and say what is wrong."""
        self._bar.close()
        _tell(self._stream, event)


class PlainLines:
    """One line per stage, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage = ""

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Name a stage when it begins."""
        if stage != self._stage:
            self._stage = stage
            with suppress(OSError):  # a log that cannot be written is no reason to stop
                print(f"[{fraction * 100:3.0f}%] {stage}", file=self._stream, flush=True)

    def start(self, event: Started) -> None:
        """The job begins."""

    def finish(self, event: Finished) -> None:
        """The job succeeded."""

    def fail(self, event: Failed) -> None:
        """Say what is wrong."""
        _tell(self._stream, event)


class OnlyFailures:
    """Passes failures on, for short jobs whose output is not a report of progress."""

    def __init__(self, reporter: Reporter) -> None:
        self.fail = reporter.fail

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Say nothing."""

    def start(self, event: Started) -> None:
        """Say nothing."""

    def finish(self, event: Finished) -> None:
        """Say nothing."""


def output_failure(error: OSError) -> OutputError:
    """Standard output does not take what is written to it."""
    reason = error.strerror or str(error)
    return OutputError(f"Standard output cannot be written ({reason}).", "Send it to another place.")


def reporter_for_people(stream: TextIO | None = None) -> Reporter:
    """A bar where ``stream`` (standard error) is a terminal, plain lines elsewhere."""
    stream = stream or sys.stderr
    return TerminalBar(stream) if stream.isatty() and find_spec("tqdm") else PlainLines(stream)


def protocol_stream() -> TextIO:
    """Keep the process's standard output for the protocol and send everything else there to standard error.

    Libraries print; one stray line would break the reader. Works on the file descriptor, so that it
    also catches prints of compiled code.
    """
    sys.stdout.flush()
    try:
        own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except (OSError, ValueError):  # no file descriptor behind the stream: a test or a notebook
        return sys.stdout
    return own


def _tell(stream: TextIO, event: Failed) -> None:
    print(f"{'Stopped' if event.kind == 'cancelled' else 'Error'}: {event.message}\n{event.remedy}", file=stream)
