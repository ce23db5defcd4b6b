"""What is made once for all the processes among which tests are distributed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_S = 600.0


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that is the same in all processes of this run of the tests."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Fill a folder, or wait until another process has filled it.

    Args:
        folder: whole when it is there.
        make: fills an empty folder.

    Raises:
        TimeoutError: the process that began to fill it did not end.
    """
    lock, partial = folder.with_name(f"{folder.name}.lock"), folder.with_name(f"{folder.name}.partial")
    deadline = time.monotonic() + PATIENCE_S
    while not folder.is_dir():
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The process that makes {folder} does not end.") from None
            time.sleep(0.05)
            continue
        try:
            if not folder.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                make(partial)
                partial.rename(folder)
        finally:
            lock.unlink(missing_ok=True)
    return folder
