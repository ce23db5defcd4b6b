"""What is done to which process, on POSIX and on Windows."""

from __future__ import annotations

import os
import signal

import pytest

from CTSMALib.jobs import process_tree
from CTSMALib.jobs.process_tree import KILL_AFTER_S, Due, Means, Stopping, end_own_tree, kill, kill_orphans, terminate

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Recorder:
    """Stands in for the operating system; ``leaders`` lead a group, ``strangers`` belong to somebody else."""

    def __init__(self, leaders: tuple[int, ...] = (), strangers: tuple[int, ...] = ()) -> None:
        self.done: list[tuple[str, int, int]] = []
        self.leaders, self.strangers = leaders, strangers

    def kill(self, pid: int, number: int) -> None:
        self.done.append(("process", pid, number))
        raise ProcessLookupError

    def kill_group(self, pid: int, number: int) -> None:
        if pid in self.strangers:
            raise PermissionError
        if pid not in self.leaders:
            raise ProcessLookupError
        self.done.append(("group", pid, number))

    def taskkill(self, pid: int) -> None:
        self.done.append(("taskkill", pid, 0))

    def posix(self) -> Means:
        return Means(self.kill, self.kill_group, self.taskkill, (10, 11))

    def windows(self) -> Means:
        return Means(None, None, self.taskkill, (10,))


def test_a_group_is_preferred_to_a_process() -> None:
    system = Recorder(leaders=(500,))
    terminate([500, 600, 500], system.posix())
    assert system.done == [("group", 500, signal.SIGTERM), ("process", 600, signal.SIGTERM)]
    system.done.clear()
    kill([500, 600], system.posix())
    assert system.done == [("group", 500, SIGKILL), ("process", 600, SIGKILL)]


def test_orphans_are_found_by_their_group_alone() -> None:
    system = Recorder(leaders=(500,))
    kill_orphans([500, 600], system.posix())
    assert system.done == [("group", 500, SIGKILL)]


@pytest.mark.parametrize("pid", [-1, 0, 1, 10, 11, 700])
def test_this_process_the_system_and_strangers_are_left_alone(pid: int) -> None:
    system = Recorder(leaders=(-1, 0, 1, 10, 11), strangers=(700,))
    for act in (terminate, kill, kill_orphans):
        act([pid], system.posix())
    assert system.done == []


def test_on_windows_there_is_only_force() -> None:
    system = Recorder()
    terminate([500], system.windows())
    kill_orphans([500], system.windows())
    assert system.done == []
    kill([500, 600, 0, 10], system.windows())
    assert system.done == [("taskkill", 500, 0), ("taskkill", 600, 0)]


def test_a_worker_can_end_itself_with_its_children() -> None:
    group = os.getpgrp() if os.name == "posix" else 500
    system = Recorder(leaders=(group,))
    end_own_tree(False, system.posix())
    assert system.done == []
    if os.name == "posix":
        end_own_tree(True, system.posix())
        assert system.done.pop() == ("group", group, SIGKILL)
    end_own_tree(False, system.windows())
    assert system.done == [("taskkill", os.getpid(), 0)]


def test_the_means_of_this_system_spare_this_process() -> None:
    assert os.getpid() in process_tree.means().own


def test_taskkill_that_is_missing_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    process_tree._taskkill(2**22 + 1)


def test_stopping_asks_once_and_then_forces_once() -> None:
    stopping = Stopping()
    steps = [stopping.due(elapsed) for elapsed in (0.0, 0.1, KILL_AFTER_S - 0.01, KILL_AFTER_S, 9.0)]
    assert steps == [Due.TERMINATE, Due.NOTHING, Due.NOTHING, Due.KILL, Due.NOTHING]
    assert stopping.forced
    assert not Stopping().forced
