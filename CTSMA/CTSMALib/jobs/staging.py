"""Writing a result folder so that it is either complete or absent, however the process ends.

The result grows in a hidden sibling ``.NAME.partial-PID-RANDOM`` and is renamed at the end. A folder that
it replaces waits as ``.NAME.previous-PID-RANDOM`` until the new one is in place. Both are locked by the
process that works on them; whatever a dead process left behind is put right by the next run.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from CTSMALib.errors import OutputError
from CTSMALib.inputs import NOT_UTF8, is_utf8, printable
from CTSMALib.jobs.cancel import deferred

try:
    import fcntl

    CAN_LOCK = True
except ImportError:  # Windows
    CAN_LOCK = False

ABANDONED_AFTER_S = 24 * 3600.0  # where folders cannot be locked, their age tells
_open_folders: dict[Path, list[Path]] = {}  # each with the parents that were made for it


@dataclass(frozen=True)
class Target:
    """Where a result goes and what may be replaced there.

    Attributes:
        path: the folder the user named.
        overwrite: whether a result that is there may be replaced.
        is_result: tells whether a folder holds a result of this program, so that nothing else is ever deleted.
        keep: paths, such as the input, that must not lie in a replaced folder.
    """

    path: Path
    overwrite: bool
    is_result: Callable[[Path], bool]
    keep: tuple[Path, ...] = ()

    def check(self) -> Path:
        """Return the resolved path, to which a result may be written.

        Raises:
            OutputError: a file is in the way, or a folder that may not be replaced.
        """
        path = resolved(self.path)
        blocked = next((p for p in (path, *path.parents) if _exists(p) and not p.is_dir()), None)
        if blocked is not None:
            raise OutputError(f"{blocked} is a file, not a folder.", "Name another folder with --out.")
        if os.path.ismount(path):
            raise OutputError(f"{path} is a whole file system.", "Name a new folder inside it with --out.")
        if not _exists(path) or not _has_content(path):
            return path
        if not self.overwrite:
            raise OutputError(f"The folder {path} already exists.", "Name a new folder, or add --overwrite.")
        if not self.is_result(path):
            raise OutputError(f"The folder {path} holds no CTSMA result, so it is kept.", "Name a new folder.")
        if any(path in (kept, *kept.parents) for kept in map(followed, self.keep)):
            raise OutputError(f"The scan lies in the folder {path}.", "Name a folder that does not hold the scan.")
        return path

    def commit(self, folder: Path, path: Path) -> None:
        """Rename the finished ``folder`` to ``path``; what was there comes back if that fails."""
        _commit(folder, path)


class Destination(Protocol):
    """What :func:`staged` writes to, such as a :class:`Target`."""

    @property
    def path(self) -> Path:
        """What the hidden folder is made beside and named after."""

    def check(self) -> Path:
        """The resolved path, or an :class:`~CTSMALib.errors.OutputError`."""

    def commit(self, folder: Path, path: Path) -> None:
        """Move what is in ``folder`` to its place, completely or not at all."""


@contextmanager
def staged(target: Destination) -> Iterator[Path]:
    """Give a hidden folder to write to; move it to the target when the block ends well, delete it otherwise.

    A result that is there is replaced as a whole, or kept.

    Raises:
        OutputError: the folder may not or cannot be written; an :class:`OSError` in the block becomes one too.
    """
    with _explained(resolved(target.path)):
        recover(resolved(target.path))
        path = target.check()
        folder, lock = _make_locked(path)
    try:
        with _explained(path):
            yield folder
            with deferred():
                target.check()  # another program may have written there meanwhile
                target.commit(folder, path)
    except BaseException as error:
        _discard(folder)
        if isinstance(error, OutputError):  # users know the folder by the name they gave
            raise OutputError(error.message.replace(str(folder), str(path)), error.remedy) from error
        raise
    finally:
        _open_folders.pop(folder, None)
        _unlock(lock)


def discard_open_folders() -> None:
    """Delete what this process has begun to write; for a process about to be ended."""
    for folder in tuple(_open_folders):
        _discard(folder)


def _discard(folder: Path) -> None:
    _remove(folder)
    for parent in reversed(_open_folders.get(folder, [])):
        with suppress(OSError):
            parent.rmdir()


def recover(target: Path, dead: int = 0) -> None:
    """Put right what dead processes left beside ``target``: delete partial results, restore a previous one.

    Args:
        target: the result folder.
        dead: id of a process that is known to have ended; tells where folders cannot be locked.
    """
    parent, name = target.parent, target.name
    if not parent.is_dir():
        return
    for left in sorted(parent.glob(f".{glob.escape(name)}.previous-*")):
        if _abandoned(left, dead):
            if _exists(target):
                _remove(left)
            else:
                left.rename(target)
    for left in sorted(parent.glob(f".{glob.escape(name)}.partial-*")):
        if _abandoned(left, dead):
            _remove(left)


def resolved(path: Path) -> Path:
    """Where something is written: ``path`` made absolute, with ``~`` and links followed.

    Raises:
        OutputError: a loop of links, a home folder that does not exist, or a name that is not in UTF-8.
    """
    found = followed(path)
    if not is_utf8(found):
        raise OutputError(f"{printable(found)} {NOT_UTF8}.", "Name another place with --out.")
    return found


def followed(path: Path) -> Path:
    """``path`` made absolute, with ``~`` and links followed, whatever its name.

    Raises:
        OutputError: a loop of links, or a home folder that does not exist.
    """
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"The path {path} cannot be followed.", "Name another folder with --out.") from error


def output_error(error: OSError, target: Path, remedy: str = "Name another folder with --out.") -> OutputError:
    """What a failed write means to the user; ``remedy`` is for other reasons than a full disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full: the result could not be written to {target}.", "Free some space first.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"You may not write to {target if _exists(target) else target.parent}.", remedy)
    reason = error.strerror or str(error)
    return OutputError(f"The result could not be written to {target} ({reason}).", remedy)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise output_error(error, target) from error


def _commit(folder: Path, target: Path) -> None:
    """Rename ``folder`` to ``target``; what was there comes back if that fails."""
    if not _exists(target):
        folder.rename(target)
        return
    if not target.is_dir():
        raise FileExistsError(errno.EEXIST, "a file of that name appeared", str(target))
    previous = _sibling(target, "previous")
    lock = _lock(target)
    try:
        target.rename(previous)
        try:
            folder.rename(target)
        except BaseException:
            previous.rename(target)
            raise
        _remove(previous)
    finally:
        _unlock(lock)


def _make_parents(parent: Path) -> list[Path]:
    """Create ``parent``; the folders that were missing, outermost first."""
    missing = [p for p in (parent, *parent.parents) if not _exists(p)][::-1]
    parent.mkdir(parents=True, exist_ok=True)
    return missing


def _make_locked(target: Path) -> tuple[Path, int | None]:
    made = _make_parents(target.parent)
    folder = _sibling(target, "partial")
    folder.mkdir()
    _open_folders[folder] = made
    return folder, _lock(folder)


def _sibling(target: Path, kind: str) -> Path:
    return target.with_name(f".{target.name}.{kind}-{os.getpid()}-{secrets.token_hex(4)}")


def _lock(folder: Path) -> int | None:
    """Mark ``folder`` as in use; the system drops the mark when this process ends, even by SIGKILL."""
    if not CAN_LOCK:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # a file system without locks: age tells instead
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _unlock(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _abandoned(folder: Path, dead: int) -> bool:
    """Whether the process that made ``folder`` is gone; ``dead`` is one that is known to be."""
    if dead and f"-{dead}-" in folder.name.rpartition(".")[2]:
        return True
    try:
        if not CAN_LOCK:
            return time.time() - folder.stat().st_mtime > ABANDONED_AFTER_S
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return time.time() - os.fstat(descriptor).st_mtime > ABANDONED_AFTER_S
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path) -> None:
    """Delete a folder tree as far as possible; the next run tries again."""
    for _ in range(3):  # another thread may still be writing into it
        shutil.rmtree(folder, ignore_errors=True)
        if not _exists(folder):
            return
        time.sleep(0.05)


def _exists(path: Path) -> bool:
    """Like :meth:`Path.exists`, but a parent that is a file or may not be entered is no surprise."""
    try:
        return path.exists()
    except OSError:
        return False


def _has_content(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError as error:
        raise output_error(error, folder) from error
