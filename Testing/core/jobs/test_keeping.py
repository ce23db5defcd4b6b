"""What is told of jobs whose parts stay, in a terminal and by the workers of panels alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib import cli
from CTSMALib.errors import CancelledError
from CTSMALib.jobs import patches, register, register_cohort, train_diagnosis, train_student
from CTSMALib.jobs.__main__ import _kept, _parser, main
from CTSMALib.jobs.keeping import KEPT
from CTSMALib.jobs.protocol import Failed, decode

TRAINING = ["--patches", "set", "--out", "out"]
JOBS = {
    "register --cohort": (["register", "--cohort", "m.csv", "--out", "out"], register_cohort),
    "patches": (["patches", "cohort", "--out", "out"], patches),
    "train teacher": (["train", "teacher", *TRAINING], train_student),
    "train student": (["train", "student", *TRAINING], train_student),
    "train diagnosis": (["train", "diagnosis", *TRAINING, "--predictions", "mr"], train_diagnosis),
}
ONE_PAIR = ["register", "ct", "mr", "--out", "out"]


def fail_with(monkeypatch: pytest.MonkeyPatch, module: object, error: Exception) -> None:
    def fails(*given: object) -> Path:
        raise error

    monkeypatch.setattr(module, "run", fails)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), CancelledError()], ids=["failed", "cancelled"])
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("run", [main, cli.main], ids=["worker", "command"])
def test_what_is_kept_is_told(job: str, run, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    words, module = JOBS[job]
    fail_with(monkeypatch, module, error)
    assert run(words) != 0
    said = "".join(capsys.readouterr())
    assert KEPT[job] in said and "Nothing was written" not in said


@pytest.mark.parametrize("run", [main, cli.main], ids=["worker", "command"])
def test_of_a_single_pair_nothing_is_kept(run, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    fail_with(monkeypatch, register, RuntimeError("a bug"))
    assert run(ONE_PAIR) == 1
    assert "Nothing was written" in "".join(capsys.readouterr())


def test_the_panel_reads_it_in_the_protocol(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    fail_with(monkeypatch, train_student, RuntimeError("a bug"))
    assert main(JOBS["train student"][0]) == 1
    last = decode(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(last, Failed) and last.remedy.startswith(KEPT["train student"])


def test_workers_are_named_as_the_table_names_them() -> None:
    for job, (words, _) in JOBS.items():
        assert _kept(_parser().parse_args(words)) == job
    assert _kept(_parser().parse_args(ONE_PAIR)) not in KEPT
