"""What tests of runners share: the slow worker's command line, and whether processes are gone."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.jobs.monitor import JobMonitor

ROOT = Path(__file__).parents[3]
ENTRY = (str(Path(__file__).with_name("slow_worker.py")), "--attached")
LONGEST_END_S = 3.0


@dataclass(frozen=True)
class Moment:
    """When a worker is stopped in a test.

    Attributes:
        flags: of the slow worker.
        stage: to wait for; empty stands for the start of the process.
        delay_s: to wait after that.
    """

    flags: tuple[str, ...]
    stage: str
    delay_s: float


def ten_moments(seed: int) -> Iterator[Moment]:
    """Random moments of every part of a worker's life; none of them lets it come to its end."""
    chance = random.Random(seed)
    for number in range(10):
        if number < 2:
            yield Moment(("--children",), "", chance.uniform(0.0, 0.3))
        elif number < 4:
            flag = "--stuck" if number == 2 else "--deaf"
            yield Moment(("--children", flag), "Computing", chance.uniform(0.0, 0.5))
        else:
            stage = chance.choice(["Children", "Finding the bones", "Writing"])
            yield Moment(("--children",), stage, chance.uniform(0.0, 0.05))


def environment() -> dict[str, str]:
    """Variables with which a worker finds the tests."""
    return {"PYTHONPATH": str(ROOT)}


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc").is_dir()


def children_in(log: str) -> list[int]:
    """The children that the slow worker has told of."""
    told = re.search(r"^children (\d+) (\d+)$", log, re.MULTILINE)
    return [int(number) for number in told.groups()] if told else []


def reached(monitor: JobMonitor, stage: str) -> bool:
    """Whether a stage has begun, even if it has passed already."""
    return f"%] {stage}" in monitor.log


def still_alive(pids: Iterable[int], patience_s: float = 0.0) -> list[int]:
    """Which of these processes run after that time."""
    wait_until(lambda: not any(map(alive, pids)), patience_s)
    return [pid for pid in pids if alive(pid)]


def wait_until(condition: Callable[[], bool], patience_s: float = 20.0) -> bool:
    """Wait for a condition; false if it does not come true in time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.005)
    return True
