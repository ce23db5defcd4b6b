"""The command that makes virtual knees: what it says, what it refuses, and how it stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from CTSMALib import cli
from CTSMALib.errors import InputError, OutputError
from CTSMALib.jobs import virtual
from CTSMALib.jobs.request import VirtualRequest
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.version import GENERATOR
from Testing.core.jobs.worker_tools import alive, environment, wait_until
from Testing.core.virtual.cohort.made_up_knees import MADE_UP, STARTED

ROOT = Path(__file__).parents[3]
ENDLESS_CLI = (
    "import sys; from CTSMALib import cli; from CTSMALib.jobs import virtual; "
    "from Testing.core.virtual.cohort.made_up_knees import ENDLESS; "
    "virtual.real_makers = lambda: ENDLESS; sys.exit(cli.main())"
)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "real_makers", lambda: MADE_UP)


def make(*arguments: object) -> int:
    return cli.main(["virtual", "make", *map(str, arguments)])


def test_a_cohort_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "cohort"
    assert make("--knees", 5, "--seed", 3, "--grades", "balanced", "--series", "pd_fs,bffe,t1", "--out", out) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"Cohort       {out}",
        "Knees        5 virtual (of grades 0 to 4: 1, 1, 1, 1, 1)",
        printed.out.splitlines()[2],
        f"Generator    {GENERATOR}, seed 3, mode whole",
        f"Manifest     {out / 'manifest.csv'}",
        "Virtual: these are not real people.",
        "Research use only: not a medical device.",
    ]
    assert printed.out.splitlines()[2].startswith("Splits       train ")
    assert "] vk0004: Scanning\n" in printed.err and "[100%] Finishing\n" in printed.err
    assert json.loads((out / "cohort.json").read_text())["arguments"]["series"] == ["t1", "pd_fs"]
    assert make("--knees", 6, "--seed", 3, "--grades", "balanced", "--series", "t1,pd_fs", "--out", out) == 0
    assert make("--knees", 6, "--seed", 4, "--grades", "balanced", "--series", "t1,pd_fs", "--out", out) == 2
    assert "--seed (3, now 4)" in capsys.readouterr().err


def test_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make("--knees", 2, "--out", tmp_path / "c", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in (events[0], events[-1])] == ["start", "result"]
    fractions = [event["fraction"] for event in events[1:-1]]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert any(event["message"] == "1 of 2 knees" for event in events[1:-1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--knees", 0], "A cohort cannot have 0 knees"),
        (["--knees", 1, "--jobs", 0], "0 knees cannot be made at a time"),
        (["--knees", 1, "--mode", "patches", "--dicom"], "makes no whole scans"),
    ],
)
def test_impossible_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[object], sentence: str
) -> None:
    assert make(*arguments, "--out", tmp_path / "c") == 2
    assert sentence in capsys.readouterr().err
    assert not list((tmp_path / "c").glob("*"))


def test_folders_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = VirtualRequest(tmp_path / "file", CohortOrder(1))
    request.out.write_text("kept")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        virtual.run(request)
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").touch()
    with pytest.raises(OutputError, match="so it is kept"):
        virtual.run(VirtualRequest(other, CohortOrder(1)))

    def refuse(path: Path, *others: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="You may not write"):
        virtual.run(VirtualRequest(tmp_path / "new", CohortOrder(1)))


def test_a_damaged_cohort_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cohort.json").write_text("{")
    with pytest.raises(InputError, match="holds no virtual cohort"):
        virtual.run(VirtualRequest(tmp_path, CohortOrder(1)))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_stopping_ends_all_processes_and_leaves_no_half_knee(tmp_path: Path, number: signal.Signals) -> None:
    out, started = tmp_path / "cohort", tmp_path / "started"
    started.mkdir()
    command = [sys.executable, "-c", ENDLESS_CLI, "virtual", "make", "--knees", "9", "--jobs", "2", "--out", str(out)]
    surroundings = {**environment(), STARTED: str(started)}
    with subprocess.Popen(command, env=surroundings, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert wait_until(lambda: len(list(started.iterdir())) == 2 and (out / "vk0001").is_dir(), 60.0)
        workers = [int(path.name) for path in started.iterdir()]
        process.send_signal(number)
        asked = time.monotonic()
        _, told = process.communicate(timeout=20)
        assert wait_until(lambda: not any(map(alive, workers)), 3.0)
        assert time.monotonic() - asked < 3.0
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "Finished knees are kept; give the same command again to go on." in told
        assert not list(out.glob(".*"))
    assert [path.name for path in out.glob("vk*")] == ["vk0001"]
    virtual.run(VirtualRequest(out, CohortOrder(3)))
    assert sorted(path.name for path in out.iterdir()) == ["cohort.json", "manifest.csv", "vk0001", "vk0002", "vk0003"]


def test_a_cohort_that_was_killed_at_its_very_beginning_can_be_made(tmp_path: Path) -> None:
    (tmp_path / ".cohort.json.part-12").write_text("{")
    assert make("--knees", 1, "--out", tmp_path) == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("kept")
    assert make("--knees", 1, "--out", tmp_path / "other") == 2
    assert (tmp_path / "other" / "mine.txt").exists()
