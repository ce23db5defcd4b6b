"""A worker that is stopped at any moment leaves a complete result or none."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from CTSMALib.jobs.analyze import run
from CTSMALib.jobs.protocol import Event, Failed, Finished, Progressed, Started, decode
from CTSMALib.jobs.request import AnalyzeRequest
from Testing.core.jobs.slow_worker import FILES, slow_steps

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("slow_worker.py")
COMPLETE = sorted([*FILES, "analysis.json", "report.html"])

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@contextmanager
def a_worker(out: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "CTSMA"), str(ROOT)])}
    command = [sys.executable, str(WORKER), str(out), *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_event(process: subprocess.Popen[str]) -> Event:
    assert process.stdout is not None
    return decode(process.stdout.readline())


def wait_for(process: subprocess.Popen[str], stage: str) -> None:
    while (event := next_event(process)) and getattr(event, "stage", "") != stage:
        assert not isinstance(event, Finished | Failed), event


def assert_complete(out: Path, marker: str) -> None:
    assert sorted(part.name for part in out.iterdir()) == ["left", "right"]
    for part in out.iterdir():
        assert sorted(file.name for file in part.iterdir()) == COMPLETE
        assert {file.read_text() for file in part.iterdir()} == {marker}


def test_a_run_to_the_end_tells_its_story(tmp_path: Path) -> None:
    out = tmp_path / "result"
    with a_worker(out) as process:
        output, errors = process.communicate(timeout=30)
    events = [decode(line) for line in output.splitlines()]
    assert process.returncode == 0, errors
    assert isinstance(events[0], Started)
    assert events[-1] == Finished(str(out))
    fractions = [event.fraction for event in events if isinstance(event, Progressed)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert_complete(out, "new")
    assert os.listdir(tmp_path) == ["result"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("stage", ["Finding the bones", "Writing"])
def test_a_signal_cancels(tmp_path: Path, number: signal.Signals, code: int, stage: str) -> None:
    with a_worker(tmp_path / "deep" / "result") as process:
        wait_for(process, stage)
        process.send_signal(number)
        output, _ = process.communicate(timeout=3)
    assert process.returncode == code
    last = decode(output.splitlines()[-1])
    assert isinstance(last, Failed)
    assert last.kind == "cancelled"
    assert os.listdir(tmp_path) == []


def test_a_signal_cancels_compiled_code_within_three_seconds(tmp_path: Path) -> None:
    with a_worker(tmp_path / "result", "--stuck") as process:
        wait_for(process, "Computing")
        time.sleep(0.5)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
        elapsed = time.monotonic() - started
    assert process.returncode == 143
    assert elapsed < 3.0
    assert isinstance(decode(output.splitlines()[-1]), Failed)
    assert os.listdir(tmp_path) == []


def test_a_reader_that_goes_away_cancels(tmp_path: Path) -> None:
    with a_worker(tmp_path / "result") as process:
        wait_for(process, "Finding the bones")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=5) != 0
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_killed_at_any_moment_a_result_is_complete_or_absent(tmp_path: Path, overwrite: bool) -> None:
    out = tmp_path / "result"
    request = AnalyzeRequest(Path("none"), out, side="both", overwrite=True)
    moments = random.Random(7 + overwrite)
    outcomes = set()
    for _ in range(8):
        if overwrite:
            run(request, steps=slow_steps("old"))
        with a_worker(out, *(["--overwrite"] if overwrite else [])) as process:
            wait_for(process, moments.choice(["Starting", "Finding the bones", "Writing", "Finishing"]))
            time.sleep(moments.uniform(0.0, 0.06))
            process.kill()
        if out.exists():
            marker = (out / "left" / "analysis.json").read_text()
            assert_complete(out, marker)
            outcomes.add(marker)
            shutil.rmtree(out)
        else:
            outcomes.add("none")
    assert len(outcomes) > 1, "every kill came at the same moment: the test shows nothing"
    run(request, steps=slow_steps("last"))
    assert_complete(out, "last")
    assert os.listdir(tmp_path) == ["result"], "leftovers of killed workers"
