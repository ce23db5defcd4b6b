"""Signals that have to wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from CTSMALib.errors import CancelledError
from CTSMALib.jobs.cancel import Cancellation, deferred, held, went_on
from CTSMALib.jobs.execute import EXIT_OK, execute
from CTSMALib.jobs.protocol import Failed, Finished, Started
from CTSMALib.jobs.staging import Target, staged
from CTSMALib.progress import Progress

DEAF = """
import hashlib, os, signal, threading
from CTSMALib.jobs.cancel import Cancellation, deferred, went_on
with Cancellation():
    with deferred():
        pass
    went_on()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    print("on", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 60_000_000)  # minutes in compiled code
"""


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.end: Finished | Failed | None = None

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        self.stages.append(stage)

    def start(self, event: Started) -> None:
        pass

    def finish(self, event: Finished) -> None:
        signal.raise_signal(signal.SIGINT)  # just before the job has said that it finished
        self.end = event

    def fail(self, event: Failed) -> None:
        self.end = event


def a_result(out: Path) -> Path:
    with staged(Target(out, overwrite=False, is_result=lambda folder: True)):
        pass
    return out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_while_it_is_held_back(number: signal.Signals) -> None:
    went_on = False
    with pytest.raises(CancelledError), Cancellation() as cancellation:
        with held():
            signal.raise_signal(number)
            went_on = True
        raise AssertionError("it was to be cancelled at the end of the block")
    assert went_on
    assert cancellation.cancelled
    assert cancellation.exit_code == 128 + number


def test_a_signal_wins_over_what_it_met() -> None:
    with pytest.raises(CancelledError), Cancellation(), held():
        signal.raise_signal(signal.SIGTERM)
        raise ImportError


def test_without_a_signal_nothing_happens() -> None:
    with held():
        pass
    with Cancellation() as cancellation:
        with held():
            pass
        with pytest.raises(ImportError), held():
            raise ImportError
    assert not cancellation.cancelled


def test_a_result_that_is_being_moved_is_not_cancelled() -> None:
    with Cancellation() as cancellation, deferred():
        signal.raise_signal(signal.SIGTERM)
    assert not cancellation.cancelled


def test_of_blocks_in_one_another_the_outermost_counts() -> None:
    reached = []
    with pytest.raises(CancelledError), Cancellation(), held():
        with held():
            reached.append("inner")
        signal.raise_signal(signal.SIGTERM)
        reached.append("outer")
        with held():
            reached.append("again")
        reached.append("end")
    assert reached == ["inner", "outer", "again", "end"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_only_result_does_not_say_that_nothing_was_written(
    tmp_path: Path, number: signal.Signals
) -> None:
    told = Told()

    def work(progress: Progress) -> Path:
        out = a_result(tmp_path / "result")
        signal.raise_signal(number)
        progress("Finishing", 1.0)
        return out

    assert execute("one", work, told) == EXIT_OK
    assert told.end == Finished(str(tmp_path / "result"))


@pytest.mark.parametrize("comes", ["while it is moved", "before it goes on", "later"])
def test_a_job_of_several_results_can_be_cancelled_after_the_first(tmp_path: Path, comes: str) -> None:
    told = Told()

    def work(progress: Progress) -> Path:
        progress("first", 0.0)
        a_result(tmp_path / "first")
        if comes == "before it goes on":
            signal.raise_signal(signal.SIGTERM)
        progress("second", 0.5)
        signal.raise_signal(signal.SIGTERM)
        return a_result(tmp_path / "second")

    with pytest.MonkeyPatch.context() as patch:
        if comes == "while it is moved":
            moved = Target.commit

            def interrupted(target: Target, folder: Path, path: Path) -> None:
                signal.raise_signal(signal.SIGTERM)
                moved(target, folder, path)

            patch.setattr(Target, "commit", interrupted)
        assert execute("several", work, told) == 128 + signal.SIGTERM
    assert isinstance(told.end, Failed) and told.end.kind == "cancelled"
    assert told.stages == (["first", "second"] if comes == "later" else ["first"])
    assert os.listdir(tmp_path) == ["first"]


def test_a_signal_that_waited_may_have_to_wait_longer() -> None:
    reached = False
    with pytest.raises(CancelledError), Cancellation():
        with deferred():
            signal.raise_signal(signal.SIGTERM)
        with held():
            went_on()
            reached = True
    assert reached


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_compiled_code_after_a_result_is_ended_by_force() -> None:
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "CTSMA")}
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True, env=surroundings) as process:
        assert process.stdout is not None and process.stdout.readline() == "on\n"
        started = time.monotonic()
        try:
            assert process.wait(timeout=10) == 128 + signal.SIGTERM
        finally:
            process.kill()
    assert time.monotonic() - started < 0.5 + 3.0
