"""A worker that a panel runs through Qt's event loop: its story, its failures, and that it is gone when it is to be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import slicer

from CTSMALib.jobs.lines import LOG_SIZE
from CTSMALib.jobs.monitor import JobBusyError, JobMonitor, JobState
from CTSMAPanels.process import QtJobRunner
from Testing.core.jobs.worker_tools import (
    ENTRY,
    LONGEST_END_S,
    children_in,
    environment,
    reached,
    still_alive,
    ten_moments,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the made-up worker needs POSIX")


class Seen:
    """What a panel is told."""

    def __init__(self) -> None:
        self.states: list[JobState] = []
        self.fractions: list[float] = []
        self.seconds: list[int] = []

    def __call__(self, monitor: JobMonitor) -> None:
        self.states.append(monitor.state)
        self.fractions.append(monitor.fraction)
        self.seconds.append(int(monitor.elapsed_s))


@pytest.fixture
def make_runner(scene: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., QtJobRunner]]:
    """Makes runners of the slow worker; ``scene`` sees to it that no exception in a slot goes unnoticed."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    made: list[QtJobRunner] = []

    def make(on_change: Callable[[JobMonitor], None] | None = None, **options: Any) -> QtJobRunner:
        made.append(QtJobRunner(on_change, **{"entry": ENTRY, **options}))
        return made[-1]

    yield make
    for runner in made:
        runner.close()


def spin(until: Callable[[], bool], patience_s: float = 20.0) -> bool:
    """Let Qt's event loop turn until something has happened; false if it does not in time."""
    deadline = time.monotonic() + patience_s
    while not until():
        if time.monotonic() >= deadline:
            return False
        slicer.app.processEvents()
        time.sleep(0.005)
    return True


def test_a_job_tells_its_story_and_its_result(tmp_path: Path, make_runner: Callable[..., QtJobRunner]) -> None:
    seen = Seen()
    runner = make_runner(seen)
    runner.start(["--out", str(tmp_path / "result")])
    assert runner.is_busy()
    assert spin(lambda: not runner.is_busy())
    outcome = runner.monitor.outcome
    assert (outcome.state, outcome.path, outcome.exit_code) == (JobState.FINISHED, tmp_path / "result", 0)
    assert list(dict.fromkeys(seen.states)) == [JobState.STARTING, JobState.RUNNING, JobState.FINISHED]
    assert seen.fractions == sorted(seen.fractions)
    assert seen.fractions[-1] == 1.0
    assert seen.states.count(JobState.FINISHED) == 1
    assert runner.monitor.device.startswith("CPU, ")
    assert os.listdir(tmp_path) == ["result"]


def test_it_is_gone_with_its_children_whenever_it_is_cancelled(
    tmp_path: Path, make_runner: Callable[..., QtJobRunner]
) -> None:
    runner, slowest = make_runner(), 0.0
    for moment in ten_moments(seed=2):
        runner.start(["--out", str(tmp_path / "deep" / "result"), *moment.flags])
        assert not moment.stage or spin(lambda stage=moment.stage: reached(runner.monitor, stage)), moment
        until = time.monotonic() + moment.delay_s
        spin(lambda until=until: time.monotonic() >= until)
        assert runner.is_busy(), moment
        began = time.monotonic()
        runner.cancel()
        assert runner.monitor.state is JobState.CANCELLING
        runner.cancel()  # once more does no harm
        assert spin(lambda: not runner.is_busy(), 10)
        elapsed = time.monotonic() - began
        slowest = max(slowest, elapsed)
        assert runner.monitor.outcome.state is JobState.CANCELLED, moment
        assert elapsed < LONGEST_END_S, moment
        children = children_in(runner.monitor.log)
        assert not moment.stage or len(children) == 2, moment
        assert still_alive([runner.monitor.worker_pid or 2**22 + 1, *children], LONGEST_END_S - elapsed) == [], moment
        assert os.listdir(tmp_path) == [], moment
    print(f"slowest end after cancelling: {slowest:.2f} s")


@pytest.mark.parametrize("flag", ["--children", "--deaf"])
def test_closing_ends_a_job_at_once_and_tells_of_it(
    tmp_path: Path, make_runner: Callable[..., QtJobRunner], flag: str
) -> None:
    seen = Seen()
    runner = make_runner(seen)
    runner.start(["--out", str(tmp_path / "result"), flag])
    assert seen.states == [JobState.STARTING]
    assert spin(lambda: reached(runner.monitor, "Computing"))
    if flag == "--deaf":
        second = int(runner.monitor.elapsed_s) + 1
        assert spin(lambda: second in seen.seconds, 2), "seconds are told while nothing else happens"
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < LONGEST_END_S + 0.2
    assert seen.states[-1] is JobState.CANCELLED
    told = len(seen.states)
    spin(lambda: False, 0.3)
    assert len(seen.states) == told
    assert still_alive([runner.monitor.worker_pid, *children_in(runner.monitor.log)]) == []
    assert os.listdir(tmp_path) == []
    runner.close()  # nothing runs
    runner.start(["--out", str(tmp_path / "result")])
    assert spin(lambda: not runner.is_busy())
    assert seen.states[-1] is JobState.FINISHED


@pytest.mark.parametrize(("fault", "words"), [("abort", "SIGABRT"), ("exit", "exit code 3"), ("silent", "exit code 0")])
def test_a_worker_that_dies_is_an_outcome(
    tmp_path: Path, make_runner: Callable[..., QtJobRunner], fault: str, words: str
) -> None:
    runner = make_runner()
    runner.start(["--out", str(tmp_path / "deep" / "result"), "--children", "--fault", fault])
    assert spin(lambda: not runner.is_busy())
    outcome = runner.monitor.outcome
    assert (outcome.state, outcome.kind, outcome.path) == (JobState.FAILED, "crash", None)
    assert words in outcome.message
    assert still_alive(children_in(runner.monitor.log), 1.0) == []
    assert os.listdir(tmp_path) == []


def test_a_flood_of_words_is_kept_within_bounds(tmp_path: Path, make_runner: Callable[..., QtJobRunner]) -> None:
    seen = Seen()
    runner = make_runner(seen)
    runner.start(["--out", str(tmp_path / "result"), "--fault", "flood"])
    assert spin(lambda: not runner.is_busy())
    assert runner.monitor.outcome.state is JobState.FAILED
    assert runner.monitor.outcome.last_lines[-1].startswith("line 49999 ")
    assert len(runner.monitor.log) < LOG_SIZE + 100
    assert len(seen.states) < 200, "the panel is not told of every piece of the log"


def test_a_program_that_does_not_exist_is_an_outcome(tmp_path: Path, make_runner: Callable[..., QtJobRunner]) -> None:
    seen = Seen()
    runner = make_runner(seen, program=str(tmp_path / "no such program"))
    for _ in range(2):
        runner.start(["--out", str(tmp_path / "result")])
        assert spin(lambda: not runner.is_busy())
        outcome = runner.monitor.outcome
        assert (outcome.state, outcome.kind, outcome.exit_code) == (JobState.FAILED, "start", None)
        assert outcome.remedy
    assert seen.states.count(JobState.FAILED) == 2


def test_the_next_job_may_be_started_by_the_end_of_one(tmp_path: Path, make_runner: Callable[..., QtJobRunner]) -> None:
    ends: list[JobState] = []

    def on_change(monitor: JobMonitor) -> None:
        if not monitor.busy:
            ends.append(monitor.state)
            if len(ends) == 1:
                runner.start(["--out", str(tmp_path / "second")])

    runner = make_runner(on_change)
    runner.start(["--out", str(tmp_path / "first")])
    assert spin(lambda: len(ends) == 2)
    assert ends == [JobState.FINISHED] * 2
    assert sorted(os.listdir(tmp_path)) == ["first", "second"]


def test_only_one_job_runs_at_a_time(tmp_path: Path, make_runner: Callable[..., QtJobRunner]) -> None:
    runner = make_runner()
    runner.cancel()  # nothing runs
    assert runner.monitor.state is JobState.IDLE
    runner.start(["--out", str(tmp_path / "result")])
    with pytest.raises(JobBusyError, match="cancel it or wait"):
        runner.start(["--out", str(tmp_path / "other")])
    assert spin(lambda: not runner.is_busy())
    assert runner.monitor.outcome.state is JobState.FINISHED
    assert os.listdir(tmp_path) == ["result"]
