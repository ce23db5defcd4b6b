"""Stopping a job on SIGINT (Ctrl-C) or SIGTERM, within three seconds, whatever it is doing.

The signal raises :class:`~CTSMALib.errors.CancelledError` in the main thread. Python runs signal handlers
only between its own instructions, so a long call into compiled code delays that; a watching thread then
cleans up and ends the process when :data:`GRACE_S` have passed.

A signal that comes after a result was moved into place waits: it cancels a job that has more to do, see
:func:`went_on`, and is forgotten by one that ends there.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from CTSMALib.errors import CancelledError

GRACE_S = 2.0
_LOOK_S = 0.1  # how often the watching thread looks whether the job may be ended yet
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_committing = threading.Event()
_held_blocks = 0  # that are open, one in another


@contextmanager
def deferred() -> Iterator[None]:
    """Hold signals back while a result is moved into place, and until the job goes on with something else.

    Of a job with one result that is its end: it completes.
    """
    _committing.set()
    try:
        yield
    except BaseException:
        _committing.clear()
        raise
    # Left set on success: the result is there, so it is too late to cancel, unless the job goes on (went_on).


def went_on() -> None:
    """A job has more to do: from here on it can be cancelled, whatever it has moved into place before.

    Raises:
        CancelledError: a signal has waited.
    """
    _committing.clear()
    if _running is not None and threading.current_thread() is threading.main_thread():
        _running.catch_up()


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait for the end of the block, for example while compiled packages are imported.

    VTK crashes where an exception rises while one of its modules is loaded. Of blocks in one another, the end of the
    outermost counts.

    Raises:
        CancelledError: a signal came.
    """
    global _held_blocks
    _held_blocks += 1
    try:
        yield
    finally:
        _held_blocks -= 1
        if not _held_blocks and _running is not None:
            _running.catch_up()


class Cancellation:
    """Context in which SIGINT and SIGTERM cancel the work.

    Outside the main thread it does nothing: Python delivers no signals there.

    Args:
        on_forced_exit: called with the exit code by the watching thread just before it ends the process.

    Attributes:
        exit_code: 128 plus the signal's number, as shells count; 130 when no signal came.
        cancelled: a signal came and raised :class:`~CTSMALib.errors.CancelledError`.
    """

    def __init__(self, on_forced_exit: Callable[[int], None] = lambda code: None) -> None:
        self.exit_code = 128 + int(signal.SIGINT)
        self._on_forced_exit = on_forced_exit
        self._process = os.getpid()
        self._active = threading.current_thread() is threading.main_thread()
        self.cancelled = False
        self._ended = threading.Event()
        self._waiting = 0

    def __enter__(self) -> Cancellation:
        global _running
        _committing.clear()
        _running = self
        if self._active:
            self._handlers = {number: signal.signal(number, self._handle) for number in _SIGNALS}
            self._reader, self._writer = socket.socketpair()
            self._writer.setblocking(False)
            self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _running
        _running = None
        self._ended.set()
        if not self._active:
            return
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._writer.close()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a forked child, which the parent ends
            if number != signal.SIGINT:  # a terminal sends Ctrl-C to all
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            return
        if self.cancelled:  # a second Ctrl-C must not disturb the cleaning up
            return
        if _committing.is_set() or _held_blocks:
            self._waiting = number
            return
        self.cancelled = True
        self.exit_code = 128 + number
        raise CancelledError

    def catch_up(self) -> None:
        """Do what a signal asked for that had to wait, unless it has to wait longer.

        Raises:
            CancelledError: there was one.
        """
        number, self._waiting = self._waiting, 0
        if number:
            self._handle(number, None)

    def _watch(self) -> None:
        """Wait for the byte that the C-level handler writes at once, whatever the main thread is doing."""
        with self._reader:  # to the end, or a second signal would find nobody who reads
            while received := self._reader.recv(1):
                if received[0] in _SIGNALS:
                    break
            else:
                return
            since = time.monotonic()
            while time.monotonic() - since < GRACE_S:
                if self._ended.wait(_LOOK_S):
                    return
                if _committing.is_set():  # a job that goes on after a result has all the time to clean up
                    since = time.monotonic()
        code = 128 + received[0]
        try:
            self._on_forced_exit(code)
        finally:
            os._exit(code)  # also where nobody listens any more, so that the last words fail


def end_children() -> None:
    """End the processes that Python started to share the work, such as those that draw samples for a training."""
    sharing = sys.modules.get("multiprocessing")  # not loaded, nothing was started
    for process in sharing.active_children() if sharing else ():
        process.terminate()


_running: Cancellation | None = None
