"""Ending a worker together with its children, and when to do what.

Only numbers of processes are needed, so that it does not matter who started the worker, and how. On POSIX an
attached worker leads a process group, which a signal reaches as a whole, children of children included.
On Windows ``taskkill`` follows the parents; nothing can be asked for there, and a worker is cancelled by
closing its standard input alone.
"""

from __future__ import annotations

import enum
import os
import signal
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

KILL_AFTER_S = 2.5  # a worker ends itself within 2 s
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def _taskkill(pid: int) -> None:
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )


@dataclass(frozen=True)
class Means:
    """What the operating system offers to end processes; replaceable for tests.

    Attributes:
        kill: sends a signal to a process; ``None`` on Windows.
        kill_group: sends a signal to a process group; ``None`` on Windows.
        taskkill: ends a process and its children; for Windows.
        own: numbers that must never be touched: this process and its group.
    """

    kill: Callable[[int, int], None] | None
    kill_group: Callable[[int, int], None] | None
    taskkill: Callable[[int], None]
    own: tuple[int, ...]


def means() -> Means:
    """Those of this operating system."""
    if os.name == "posix":
        return Means(os.kill, os.killpg, _taskkill, (os.getpid(), os.getpgrp()))
    return Means(None, None, _taskkill, (os.getpid(),))


def terminate(pids: Iterable[int], by: Means | None = None) -> None:
    """Ask workers to end (SIGTERM), each with its group; does nothing on Windows.

    Args:
        pids: process ids; 0 and ids of processes that have ended do no harm.
        by: replacement for the means of this system.
    """
    _send(pids, signal.SIGTERM, by or means(), groups_only=False)


def kill(pids: Iterable[int], by: Means | None = None) -> None:
    """End workers at once, each with its children."""
    by = by or means()
    if by.kill_group is None:
        for pid in _allowed(pids, by):
            by.taskkill(pid)
    else:
        _send(pids, _KILL, by, groups_only=False)


def kill_orphans(pids: Iterable[int], by: Means | None = None) -> None:
    """End what is left of the groups of workers that have ended themselves.

    Never the process of that number: the system may have given the number to another one already.
    """
    _send(pids, _KILL, by or means(), groups_only=True)


def end_own_tree(leads_group: bool, by: Means | None = None) -> None:
    """End this process and its children at once; does nothing on POSIX where this process leads no group."""
    by = by or means()
    if by.kill_group is None:
        by.taskkill(os.getpid())
    elif leads_group:
        by.kill_group(os.getpgrp(), _KILL)


class Due(enum.Enum):
    """What to do to a worker that is being stopped."""

    NOTHING = "nothing"
    TERMINATE = "terminate"  # close its standard input and ask it to end
    KILL = "kill"


class Stopping:
    """The steps of stopping a worker: asked at once, ended by force after :data:`KILL_AFTER_S`.

    Attributes:
        forced: the worker had to be killed.
    """

    def __init__(self) -> None:
        self._asked = False
        self.forced = False

    def due(self, elapsed_s: float) -> Due:
        """The step that is due now, each only once.

        Args:
            elapsed_s: time since stopping began.
        """
        if not self._asked:
            self._asked = True
            return Due.TERMINATE
        if elapsed_s >= KILL_AFTER_S and not self.forced:
            self.forced = True
            return Due.KILL
        return Due.NOTHING


def _allowed(pids: Iterable[int], by: Means) -> list[int]:
    return [pid for pid in dict.fromkeys(pids) if pid > 1 and pid not in by.own]


def _send(pids: Iterable[int], number: int, by: Means, groups_only: bool) -> None:
    if by.kill_group is None or by.kill is None:
        return
    for pid in _allowed(pids, by):
        try:
            by.kill_group(pid, number)
        except ProcessLookupError:  # it leads no group, or has ended
            if not groups_only:
                with suppress(OSError):
                    by.kill(pid, number)
        except OSError:  # it belongs to somebody else
            pass
