"""A worker that a script runs: its story, its failures, and that it is gone when it is to be."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from CTSMALib.jobs.lines import LOG_SIZE
from CTSMALib.jobs.monitor import LAST_LINES, JobBusyError, JobMonitor, JobState
from CTSMALib.jobs.runner import JobRunner
from Testing.core.jobs.worker_tools import (
    ENTRY,
    LONGEST_END_S,
    children_in,
    environment,
    reached,
    still_alive,
    ten_moments,
    wait_until,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the made-up worker needs POSIX")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> JobRunner:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    return JobRunner(entry=ENTRY)


def test_a_job_tells_its_story_and_its_result(tmp_path: Path, runner: JobRunner) -> None:
    fractions: list[float] = []
    states: list[JobState] = []

    def on_change(monitor: JobMonitor) -> None:
        fractions.append(monitor.fraction)
        states.append(monitor.state)

    outcome = runner.run(["--out", str(tmp_path / "result")], on_change)
    assert (outcome.state, outcome.path) == (JobState.FINISHED, tmp_path / "result")
    assert (outcome.exit_code, outcome.message, outcome.kind) == (0, "", "")
    assert list(dict.fromkeys(states)) == [JobState.STARTING, JobState.RUNNING, JobState.FINISHED]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert runner.monitor.device.startswith("CPU, ")
    assert runner.monitor.worker_pid > 0
    assert "Finding the bones" in runner.monitor.log
    assert not runner.is_busy()
    assert os.listdir(tmp_path) == ["result"]


def test_it_is_gone_with_its_children_whenever_it_is_cancelled(tmp_path: Path, runner: JobRunner) -> None:
    slowest = 0.0
    for moment in ten_moments(seed=1):
        runner.start(["--out", str(tmp_path / "deep" / "result"), *moment.flags])
        assert not moment.stage or wait_until(lambda stage=moment.stage: reached(runner.monitor, stage)), moment
        time.sleep(moment.delay_s)
        assert runner.is_busy(), moment
        began = time.monotonic()
        runner.cancel()
        assert runner.monitor.state is JobState.CANCELLING
        runner.cancel()  # once more does no harm
        outcome = runner.wait(timeout_s=10)
        elapsed = time.monotonic() - began
        slowest = max(slowest, elapsed)
        assert outcome.state is JobState.CANCELLED, moment
        assert outcome.message
        assert elapsed < LONGEST_END_S, moment
        children = children_in(runner.monitor.log)
        assert not moment.stage or len(children) == 2, moment
        assert still_alive([runner.monitor.worker_pid or 2**22 + 1, *children], LONGEST_END_S - elapsed) == [], moment
        assert os.listdir(tmp_path) == [], moment
    print(f"slowest end after cancelling: {slowest:.2f} s")


def test_a_launcher_between_goes_too(tmp_path: Path, runner: JobRunner) -> None:
    through = JobRunner(entry=(str(Path(__file__).with_name("launcher.py")), *ENTRY))
    for flag in ("--children", "--deaf"):
        through.start(["--out", str(tmp_path / "result"), "--children", flag])
        assert wait_until(lambda: reached(through.monitor, "Computing"))
        launcher = through._supervision.pid
        assert launcher != through.monitor.worker_pid
        began = time.monotonic()
        through.cancel()
        assert through.wait(timeout_s=10).state is JobState.CANCELLED
        elapsed = time.monotonic() - began
        assert elapsed < LONGEST_END_S
        pids = [launcher, through.monitor.worker_pid, *children_in(through.monitor.log)]
        assert len(pids) == 4
        assert still_alive(pids, LONGEST_END_S - elapsed) == []
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [("abort", "crash", "SIGABRT"), ("exit", "crash", "exit code 3"), ("silent", "crash", "exit code 0")],
)
def test_a_worker_that_dies_is_an_outcome(tmp_path: Path, runner: JobRunner, fault: str, kind: str, words: str) -> None:
    outcome = runner.run(["--out", str(tmp_path / "deep" / "result"), "--fault", fault])
    assert (outcome.state, outcome.kind, outcome.path) == (JobState.FAILED, kind, None)
    assert words in outcome.message
    assert outcome.remedy
    assert os.listdir(tmp_path) == []


def test_children_do_not_outlive_a_worker_that_dies(tmp_path: Path, runner: JobRunner) -> None:
    began = time.monotonic()
    outcome = runner.run(["--out", str(tmp_path / "result"), "--children", "--fault", "exit"])
    assert outcome.state is JobState.FAILED
    assert time.monotonic() - began < 20
    children = children_in("\n".join(outcome.last_lines))
    assert len(children) == 2
    assert still_alive(children, 1.0) == []


def test_a_flood_of_words_is_kept_within_bounds(tmp_path: Path, runner: JobRunner) -> None:
    outcome = runner.run(["--out", str(tmp_path / "result"), "--fault", "flood"])
    assert outcome.state is JobState.FAILED
    assert len(outcome.last_lines) == LAST_LINES
    assert outcome.last_lines[-1].startswith("line 49999 ")
    assert len(runner.monitor.log) < LOG_SIZE + 100
    assert "earlier lines are left out" in runner.monitor.log
    assert os.listdir(tmp_path) == []


def test_garbage_between_the_events_goes_to_the_log(tmp_path: Path, runner: JobRunner) -> None:
    outcome = runner.run(["--out", str(tmp_path / "result"), "--fault", "garbage"])
    assert outcome.state is JobState.FINISHED
    assert "hello" in runner.monitor.log
    assert "party" in runner.monitor.log


def test_a_program_that_does_not_exist_is_an_outcome(tmp_path: Path) -> None:
    runner = JobRunner(program=str(tmp_path / "no such program"))
    outcome = runner.run(["--out", str(tmp_path / "result")])
    assert (outcome.state, outcome.kind) == (JobState.FAILED, "start")
    assert "no such program" in outcome.message
    assert outcome.remedy
    assert outcome.exit_code is None


def test_only_one_job_runs_at_a_time(tmp_path: Path, runner: JobRunner) -> None:
    with pytest.raises(RuntimeError, match="No job was started"):
        runner.wait()
    runner.start(["--out", str(tmp_path / "result")])
    with pytest.raises(JobBusyError, match="cancel it or wait"):
        runner.start(["--out", str(tmp_path / "other")])
    with pytest.raises(TimeoutError):
        runner.wait(timeout_s=0.0)
    assert runner.wait(timeout_s=20).state is JobState.FINISHED
    assert runner.run(["--out", str(tmp_path / "other")]).state is JobState.FINISHED
    runner.cancel()  # nothing runs
    assert runner.monitor.state is JobState.FINISHED


def test_a_listener_may_start_the_next_job(tmp_path: Path, runner: JobRunner) -> None:
    def on_change(monitor: JobMonitor) -> None:
        if monitor.state is JobState.FINISHED and not (tmp_path / "second").exists():
            runner.start(["--out", str(tmp_path / "second")], on_change)

    runner.run(["--out", str(tmp_path / "first")], on_change)
    assert runner.wait(timeout_s=20).path == tmp_path / "second"


def test_a_listener_that_fails_cancels_the_job(tmp_path: Path, runner: JobRunner) -> None:
    def on_change(monitor: JobMonitor) -> None:
        if monitor.state is JobState.RUNNING:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runner.run(["--out", str(tmp_path / "result")], on_change)
    assert runner.monitor.state is JobState.CANCELLED
    assert os.listdir(tmp_path) == []


def test_an_interrupt_cancels_and_goes_on_to_the_caller(
    tmp_path: Path, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = threading.Event()
    wait = runner.wait

    def interrupted() -> object:
        if not waited.is_set():
            waited.set()
            raise KeyboardInterrupt
        return wait()

    monkeypatch.setattr(runner, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.run(["--out", str(tmp_path / "result")])
    assert runner.monitor.state is JobState.CANCELLED
    assert os.listdir(tmp_path) == []
