"""The tie between a worker and the program that started it (``--attached``).

An attached worker leads a process group of its own, so that whoever knows its process id can end it
together with its children, and it cancels its job when the program that started it closes the worker's
standard input, stops reading its standard output, or dies, which does both.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import suppress
from typing import TextIO

from CTSMALib.jobs.process_tree import end_own_tree

NICENESS = 5  # below the program that shows the results, which has to stay responsive
_POSIX = os.name == "posix"


class Attachment:
    """Made at the very start of a worker; takes over its standard input.

    Attributes:
        lost: the program that started the worker has let go of it.
    """

    def __init__(self) -> None:
        self.lost = threading.Event()
        self._leads_group = _POSIX and _lead_group()
        if _POSIX:
            with suppress(OSError):
                os.nice(NICENESS)
        self._input = _taken_input()

    def watch(self, output: TextIO | None = None) -> None:
        """Begin to watch; to be called while signals cancel the job.

        Args:
            output: the stream of the protocol, whose reader is watched too. Between the program and the worker
                there may be a launcher that keeps the standard input open, but it passes on the output.
        """
        threading.Thread(target=self._watch, args=(_descriptor(output),), daemon=True).start()

    def last_act(self) -> None:
        """End what is left of the worker's children, and the worker, if it was let go."""
        if self.lost.is_set():
            with suppress(OSError, ValueError):
                sys.stderr.flush()
            end_own_tree(self._leads_group)

    def _watch(self, output: int | None) -> None:
        if hasattr(select, "poll"):
            _wait_for_loss(self._input, output)
        else:
            _read_to_end(self._input)
        self.lost.set()
        self._cancel()

    def _cancel(self) -> None:
        """Do what a signal from outside would have done."""
        if not _POSIX:
            signal.raise_signal(signal.SIGINT)  # of all signals, this one wakes a sleeping main thread on Windows
        elif self._leads_group:
            os.killpg(os.getpgrp(), signal.SIGTERM)  # the children too
        else:
            os.kill(os.getpid(), signal.SIGTERM)


def _lead_group() -> bool:
    with suppress(OSError):  # it leads one already
        os.setsid()
    return os.getpgrp() == os.getpid()


def _taken_input() -> int | None:
    """A private copy of standard input, which itself becomes empty: nothing else shall read or inherit it."""
    try:
        own = os.dup(0)
    except OSError:  # closed
        return None
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return own


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return stream.fileno() if stream else None
    except (OSError, ValueError):  # nothing of the operating system behind it
        return None


def _wait_for_loss(source: int | None, output: int | None) -> None:
    """Return when ``source`` has ended or nobody reads ``output`` any more; words in ``source`` mean nothing."""
    if source is None:
        return
    poller = select.poll()
    poller.register(source, select.POLLIN)
    if output is not None:
        poller.register(output, 0)  # errors are always told, and a pipe without a reader is one
    while True:
        for descriptor, event in poller.poll():
            if descriptor == output or not event & select.POLLIN or not _read(source):
                return


def _read_to_end(source: int | None) -> None:
    while source is not None and _read(source):
        pass


def _read(source: int) -> bytes:
    try:
        return os.read(source, 4096)
    except OSError:
        return b""
