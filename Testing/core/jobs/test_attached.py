"""A worker that is attached to the program that started it ends with that program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from CTSMALib.jobs.commands import worker_command, worker_environment
from CTSMALib.jobs.protocol import Failed, Progressed, Started, decode
from Testing.core.jobs.worker_tools import ENTRY, LONGEST_END_S, ROOT, alive, still_alive, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
# Starts a worker as a runner does and repeats what it says, until it is killed.
_PARENT = """
import subprocess, sys
pipe = subprocess.PIPE
worker = subprocess.Popen(sys.argv[1:], bufsize=0, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
while data := worker.stdout.read(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""


@contextmanager
def a_program_with_a_worker(*command: str) -> Iterator[subprocess.Popen[str]]:
    environment = worker_environment({**os.environ, "PYTHONPATH": str(ROOT)})
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, *command], stdout=subprocess.PIPE, text=True, env=environment
    )
    with parent:
        try:
            yield parent
        finally:
            parent.kill()


def told_until(program: subprocess.Popen[str], stage: str) -> tuple[int, list[int]]:
    """The numbers of the worker and its children, when it has reached the stage."""
    pid, children = 0, []
    assert program.stdout is not None
    for line in program.stdout:
        if line.startswith("children "):
            children = [int(number) for number in line.split()[1:]]
            continue
        event = decode(line)
        if isinstance(event, Started):
            pid = event.pid
        if isinstance(event, Progressed) and event.stage == stage:
            return pid, children
    raise AssertionError("the worker ended too early")


@pytest.mark.parametrize(
    ("flags", "stage", "launcher"),
    [
        ([], "Finding the bones", False),
        ([], "Writing", False),
        (["--stuck"], "Computing", False),
        ([], "Writing", True),
    ],
)
def test_a_worker_does_not_outlive_a_program_that_is_killed(
    tmp_path: Path, flags: list[str], stage: str, launcher: bool
) -> None:
    entry = [LAUNCHER, *ENTRY] if launcher else ENTRY
    arguments = ["--out", str(tmp_path / "deep" / "result"), "--children", *flags]
    with a_program_with_a_worker(*worker_command(arguments, sys.executable, entry)) as program:
        worker, children = told_until(program, stage)
        assert alive(worker)
        assert os.getpgid(worker) == worker != os.getpgid(program.pid)
        assert len(children) == 2
        program.kill()
        assert still_alive([worker, *children], LONGEST_END_S) == []
        assert wait_until(lambda: os.listdir(tmp_path) == [], 0.5)


def the_worker(*arguments: str, **options: object) -> subprocess.Popen[str]:
    environment = worker_environment({**os.environ, "PYTHONPATH": str(ROOT)})
    return subprocess.Popen(  # type: ignore[call-overload]
        worker_command(arguments, sys.executable, ENTRY), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, **options,
    )  # fmt: skip


def test_the_end_of_its_input_cancels_the_job(tmp_path: Path) -> None:
    with the_worker("--out", str(tmp_path / "result"), stdin=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write("words mean nothing\n")
        worker.stdin.flush()
        event = None
        while not isinstance(event, Progressed) or event.stage != "Finding the bones":
            event = decode(worker.stdout.readline())
        began = time.monotonic()
        worker.stdin.close()
        *_, last = worker.stdout
        worker.wait(timeout=3)
    assert time.monotonic() - began < LONGEST_END_S
    event = decode(last)
    assert isinstance(event, Failed)
    assert event.kind == "cancelled"
    assert worker.returncode == -signal.SIGKILL, "it has ended itself together with its group"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("source", [subprocess.DEVNULL, "closed"])
def test_without_an_input_it_is_cancelled_at_once(tmp_path: Path, source: int | str) -> None:
    options = {"preexec_fn": lambda: os.close(0)} if source == "closed" else {"stdin": source}
    with the_worker("--out", str(tmp_path / "result"), **options) as worker:
        output, _ = worker.communicate(timeout=20)
    event = decode(output.splitlines()[-1])
    assert isinstance(event, Failed)
    assert event.kind == "cancelled"
    assert os.listdir(tmp_path) == []


def test_an_attached_worker_gives_way_to_other_programs(tmp_path: Path) -> None:
    with the_worker("--out", str(tmp_path / "result"), "--stuck", stdin=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        started = decode(worker.stdout.readline())
        assert isinstance(started, Started)
        assert started.pid == worker.pid
        niceness = os.getpriority(os.PRIO_PROCESS, worker.pid)
        worker.kill()
    assert niceness == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)


def test_the_real_worker_can_be_attached(tmp_path: Path) -> None:
    command = worker_command(["analyze", str(tmp_path / "absent"), "--out", str(tmp_path / "result")], sys.executable)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=worker_environment()) as worker:
        assert worker.stdout is not None
        start, *_, error = [decode(line) for line in worker.stdout]
    assert isinstance(start, Started)
    assert start.pid == worker.pid
    assert isinstance(error, Failed)
    assert error.kind == "input"
    assert worker.returncode == 2
