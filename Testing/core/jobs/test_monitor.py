"""What a monitor makes of a worker's words and of its end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from CTSMALib.jobs.lines import LOG_SIZE, LONGEST_LINE, Lines
from CTSMALib.jobs.monitor import LAST_LINES, LONGEST_LAST_LINE, JobBusyError, JobMonitor, JobState
from CTSMALib.jobs.protocol import PROTOCOL, Event, Failed, Finished, Progressed, Started, encode


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def line(event: Event) -> bytes:
    return encode(event).encode() + b"\n"


START = line(Started("analyze", "0.1.0", pid=4711, device="CPU, 2 cores"))


def running(*events: Event) -> JobMonitor:
    monitor = JobMonitor()
    monitor.begin()
    monitor.feed_stdout(START)
    for event in events:
        monitor.feed_stdout(line(event))
    return monitor


def test_the_life_of_a_job() -> None:
    clock = Clock()
    monitor = JobMonitor(clock)
    assert (monitor.state, monitor.elapsed_s, monitor.busy, monitor.outcome) == (JobState.IDLE, 0.0, False, None)
    monitor.begin()
    assert (monitor.state, monitor.busy) == (JobState.STARTING, True)
    clock.now += 1.5
    monitor.feed_stdout(START)
    assert (monitor.state, monitor.worker_pid, monitor.device) == (JobState.RUNNING, 4711, "CPU, 2 cores")
    monitor.feed_stdout(line(Progressed("Reading", 0.25, "slice 3")))
    assert (monitor.stage, monitor.fraction, monitor.message) == ("Reading", 0.25, "slice 3")
    clock.now += 1.0
    assert monitor.elapsed_s == 2.5
    monitor.feed_stdout(line(Finished("/data/result")))
    assert monitor.state is JobState.RUNNING, "the process has not ended yet"
    monitor.ended(0)
    clock.now += 60.0
    assert (monitor.state, monitor.elapsed_s, monitor.busy) == (JobState.FINISHED, 2.5, False)
    assert monitor.outcome is not None
    assert monitor.outcome.path == Path("/data/result")
    assert monitor.log.splitlines() == ["analyze, CTSMA 0.1.0, CPU, 2 cores, process 4711", "[ 25%] Reading"]


def test_a_second_job_begins_with_nothing_of_the_first() -> None:
    monitor = running(Progressed("Reading", 0.25))
    monitor.feed_stderr(b"warning\nunfinished")
    with pytest.raises(JobBusyError):
        monitor.begin()
    monitor.ended(1)
    monitor.begin()
    assert (monitor.state, monitor.stage, monitor.fraction, monitor.log) == (JobState.STARTING, "", 0.0, "")
    assert (monitor.worker_pid, monitor.device, monitor.outcome) == (0, "", None)
    monitor.ended(0)
    assert monitor.outcome is not None
    assert monitor.outcome.last_lines == ()


def test_bytes_may_come_in_any_pieces() -> None:
    text = START + line(Progressed("Messung µ", 0.5)) + line(Finished("/data/Ergebnis ü"))
    for size in (1, 2, 7, 1000):
        monitor = JobMonitor()
        monitor.begin()
        for begin in range(0, len(text), size):
            monitor.feed_stdout(text[begin : begin + size])
        assert monitor.stage == "Messung µ"
        monitor.ended(0)
        assert monitor.outcome is not None
        assert monitor.outcome.path == Path("/data/Ergebnis ü")


def test_a_last_line_without_an_end_counts() -> None:
    monitor = running()
    monitor.feed_stdout(line(Finished("r")).rstrip())
    monitor.feed_stderr("ü".encode()[:1])
    monitor.ended(0)
    assert monitor.state is JobState.FINISHED
    assert monitor.log.endswith("\N{REPLACEMENT CHARACTER}")


def test_fractions_never_fall_and_stay_within_one() -> None:
    monitor = running()
    seen = []
    for fraction in (0.5, 0.2, float("nan"), 7.0, 0.1):
        text = f'{{"event": "progress", "stage": "a", "fraction": {fraction}, "message": ""}}\n'
        monitor.feed_stdout(text.replace("nan", "NaN").encode())
        seen.append(monitor.fraction)
    assert seen == [0.5, 0.5, 0.5, 1.0, 1.0]


def test_other_words_go_to_the_log_and_change_nothing() -> None:
    monitor = running(Progressed("Reading", 0.25))
    garbage = [b"hello\n", b"\xff\xfe\x00\n", b"[" * 100_000 + b"\n", b"null\n", b'{"event": "party"}\n', b"\n" * 5]
    for piece in garbage:
        monitor.feed_stdout(piece)
    assert "hello" in monitor.log
    monitor.feed_stdout(b"x" * 3_000_000)
    monitor.feed_stderr(b"y" * 3_000_000 + b"\n")
    assert (monitor.state, monitor.stage, monitor.fraction) == (JobState.RUNNING, "Reading", 0.25)
    assert len(monitor.log) < LOG_SIZE + 100
    monitor.ended(1)
    assert monitor.outcome is not None
    assert max(map(len, monitor.outcome.last_lines)) <= LONGEST_LAST_LINE


def test_nothing_is_believed_before_the_greeting() -> None:
    for first in (b"", line(Started("analyze", "9.0", PROTOCOL + 1))):
        monitor = JobMonitor()
        monitor.begin()
        monitor.feed_stdout(first + line(Progressed("Reading", 0.5)) + line(Finished("r")))
        assert (monitor.state, monitor.fraction) == (JobState.STARTING, 0.0)
        monitor.ended(0)
        assert monitor.state is JobState.FAILED
    assert f"speaks protocol {PROTOCOL + 1}" in monitor.log


@pytest.mark.parametrize(
    ("last", "cancelled", "exit_code", "state", "kind"),
    [
        (Finished("r"), False, 0, JobState.FINISHED, ""),
        (Finished("r"), True, 0, JobState.FINISHED, ""),  # too late to cancel
        (Finished("r"), False, -11, JobState.FINISHED, ""),  # it crashed when all was done
        (Failed("a", "b", "input"), False, 2, JobState.FAILED, "input"),
        (Failed("a", "b", "input"), True, 2, JobState.CANCELLED, "cancelled"),
        (Failed("a", "b", "cancelled"), True, 143, JobState.CANCELLED, "cancelled"),
        (Failed("a", "b", "cancelled"), False, 143, JobState.CANCELLED, "cancelled"),  # the system shuts down
        (None, True, -9, JobState.CANCELLED, "cancelled"),
        (None, False, -9, JobState.FAILED, "crash"),
        (None, False, 0, JobState.FAILED, "crash"),
    ],
)
def test_every_end_is_judged(last: Event | None, cancelled: bool, exit_code: int, state: JobState, kind: str) -> None:
    monitor = running(*([last] if last else []))
    if cancelled:
        monitor.cancel_requested()
        assert monitor.state is JobState.CANCELLING
    monitor.ended(exit_code)
    outcome = monitor.outcome
    assert outcome is not None
    assert (monitor.state, outcome.state, outcome.kind, outcome.exit_code) == (state, state, kind, exit_code)
    assert (outcome.path is not None) == (state is JobState.FINISHED)
    assert bool(outcome.message and outcome.remedy) == (state is not JobState.FINISHED)


@pytest.mark.parametrize(
    ("exit_code", "crashed", "words"),
    [
        (-signal.SIGSEGV, False, "SIGSEGV"),
        (int(signal.SIGSEGV), True, "SIGSEGV"),
        (-signal.SIGKILL, False, "memory"),
        (3, False, "exit code 3"),
        (-1073741819, True, "exit code -1073741819"),
    ],
)
def test_a_crash_is_told_in_words(exit_code: int, crashed: bool, words: str) -> None:
    monitor = running()
    monitor.feed_stderr("".join(f"line {number}\r\n" for number in range(1000)).encode())
    monitor.ended(exit_code, crashed)
    assert monitor.outcome is not None
    assert words in monitor.outcome.message
    assert monitor.outcome.last_lines == tuple(f"line {number}" for number in range(1000 - LAST_LINES, 1000))


def test_a_cancelled_start_stays_cancelled_when_the_worker_greets() -> None:
    monitor = JobMonitor()
    monitor.cancel_requested()
    assert monitor.state is JobState.IDLE
    monitor.begin()
    monitor.cancel_requested()
    monitor.feed_stdout(START)
    assert (monitor.state, monitor.worker_pid) == (JobState.CANCELLING, 4711)


def test_a_start_that_failed() -> None:
    monitor = JobMonitor()
    monitor.begin()
    monitor.failed_to_start("No such file: python")
    assert (monitor.state, monitor.busy) == (JobState.FAILED, False)
    assert monitor.outcome is not None
    assert monitor.outcome.kind == "start"
    assert "No such file: python" in monitor.outcome.message
    monitor.begin()


def test_lines_as_a_terminal_shows_them() -> None:
    lines = Lines()
    assert lines.feed(b"one\r\ntwo\r 50%\r100%\nthr") == ["one", "100%"]
    assert lines.feed(b"ee", last=True) == ["three"]
    assert [len(line) for line in Lines().feed(b"x" * (LONGEST_LINE * 2 + 1))] == [LONGEST_LINE, LONGEST_LINE]
