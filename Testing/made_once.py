"""What is made once for all the processes among which tests are distributed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

PATIENCE_S = 600.0


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that is the same in all processes of this run of the tests."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Fill a folder, or wait until another process has filled it.

    One that dies meanwhile holds up nobody: the lock is that of an empty database, which the system lets go of.

    Args:
        folder: whole when it is there.
        make: fills an empty folder.

    Raises:
        TimeoutError: the process that began to fill it did not end.
    """
    lock, partial = folder.with_name(f"{folder.name}.lock"), folder.with_name(f"{folder.name}.partial")
    if folder.is_dir():
        return folder
    with closing(sqlite3.connect(lock, timeout=PATIENCE_S, isolation_level=None)) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise TimeoutError(f"The process that makes {folder} does not end.") from error
        if not folder.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            make(partial)
            partial.rename(folder)
    return folder
