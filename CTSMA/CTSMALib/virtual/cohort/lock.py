"""Only one process at a time writes to a cohort."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from CTSMALib.errors import OutputError

try:
    import fcntl

    CAN_LOCK = True
except ImportError:  # Windows
    CAN_LOCK = False


@contextmanager
def locked(cohort: Path) -> Iterator[None]:
    """Hold the folder; the system lets go of it when this process ends, however it ends.

    Raises:
        OutputError: another process holds it.
    """
    if not CAN_LOCK:
        yield
        return
    descriptor = os.open(cohort, os.O_RDONLY)
    try:
        _lock(descriptor, cohort)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, cohort: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        remedy = "Wait until it ends, or name another folder with --out."
        raise OutputError(f"Another process is at work in {cohort}.", remedy) from error
    except OSError:  # a file system without locks
        return
