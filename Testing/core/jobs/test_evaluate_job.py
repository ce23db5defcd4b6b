"""``ctsma evaluate``: from a patch set and predictions to tables and a page, and what stops it."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from CTSMALib.cli import main
from CTSMALib.errors import CancelledError, OutputError
from CTSMALib.jobs.evaluate import RESAMPLINGS, TEST, EvaluateRequest, run
from CTSMALib.jobs.protocol import Finished, decode
from Testing.core.learning.evaluation.made_up_patch_set import (
    a_patch_set,
    some_predictions,
    write_predictions,
    write_rows,
)

FILES = ["differences.csv", "evaluation.html", "evaluation.json", "findings.csv"]


@pytest.fixture(scope="module")
def some_input(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("input")
    made = a_patch_set(folder / "set", subjects=5, patches=2)
    return str(made.folder), str(some_predictions(made, folder / "predictions"))


def command(some_input: tuple[str, str], out: Path, *more: str) -> int:
    return main(["evaluate", *some_input, "--out", str(out), "--resamplings", "100", *more])


def test_predictions_become_a_folder(some_input: tuple[str, str], tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "found"
    assert command(some_input, out, "--arm", "ridge") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert (
        lines[0] == f"Evaluation   {out}"
        and lines[1] == "Patches      40 of 5 patients that ridge predicted, split test"
    )
    assert lines[3].startswith("  reference: ridge on true parameters")
    assert [line.split()[0] for line in lines[4:6]] == ["ensemble", "student_none"]
    assert lines[-3:] == [
        "Virtual: these are not patients.",
        f"Page         {out / 'evaluation.html'}",
        "Research use only: not a medical device.",
    ]
    assert "Comparing with MR and truth" in printed.err
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert "ridge in detail" in (out / "evaluation.html").read_text(encoding="utf-8")
    assert command(some_input, out) == 2 and "already exists" in capsys.readouterr().err
    second = str(Path(some_input[1]) / "ensemble.csv")
    assert command(some_input, out, "--overwrite", "--split", "calibrate", "--rescan", second) == 0
    printed = capsys.readouterr()
    assert "split calibrate" in printed.out and "reference: second MR scan" in printed.out


def test_patients_are_those_of_the_arm_that_is_shown(some_input: tuple[str, str], tmp_path: Path, capsys) -> None:
    rows = list(csv.DictReader((Path(some_input[1]) / "ridge.csv").open()))
    ours = {row["knee"]: row for row in csv.DictReader((Path(some_input[0]) / "knees.csv").open())}
    tested = sorted({knee["subject"] for knee in ours.values() if knee["split"] == "test"})
    first = [row for row in rows if ours[row["knee"]]["subject"] in tested[:3]]
    shutil.copytree(some_input[1], tmp_path / "predictions")
    write_rows(tmp_path / "predictions" / "few.csv", first)
    given = ["evaluate", some_input[0], str(tmp_path / "predictions"), "--resamplings", "100", "--arm"]
    assert main([*given, "few", "--out", str(tmp_path / "few")]) == 0
    assert "Patches      24 of 3 patients that few predicted, split test" in capsys.readouterr().out
    page = (tmp_path / "few" / "evaluation.html").read_text(encoding="utf-8")
    assert "on 24 patches of 3 patients" in page and "on 40 patches of 5 patients" not in page
    write_rows(tmp_path / "predictions" / "few.csv", [row for row in rows if ours[row["knee"]]["split"] != "test"])
    assert main([*given, "few", "--out", str(tmp_path / "none")]) == 2
    assert "The arm 'few' predicted no patches of the split 'test'" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_only_an_evaluation_is_replaced(some_input: tuple[str, str], tmp_path: Path, capsys) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    assert command(some_input, tmp_path, "--overwrite") == 2
    assert "no CTSMA result" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_input_that_does_not_fit_is_told_and_nothing_is_left(
    some_input: tuple[str, str], tmp_path: Path, capsys
) -> None:
    patch_set, predictions = some_input
    write_predictions(tmp_path / "other" / "arm.csv", [("nobody_left", "FM-0")], [[1.0] * 4])
    (tmp_path / "none").mkdir()
    out = tmp_path / "out"
    for arguments, said in (
        ((patch_set, str(tmp_path / "gone")), "does not exist"),
        ((patch_set, str(tmp_path / "none")), "no predictions"),
        ((patch_set, str(tmp_path / "other")), "which the set lacks"),
        ((predictions, predictions), "patch set"),
        ((patch_set, predictions, "--split", "stop"), "no patches in the split"),
        ((patch_set, predictions, "--arm", "x"), "no predictions of an arm 'x'"),
        ((patch_set, predictions, "--resamplings", "9"), "So few resamplings"),
    ):
        assert main(["evaluate", *arguments, "--out", str(out)]) == 2, said
        told = capsys.readouterr().err
        assert said in told and "unexpected" not in told
    assert not out.exists() and not list(tmp_path.glob(".*"))


def test_an_evaluation_that_is_cancelled_leaves_nothing(some_input: tuple[str, str], tmp_path: Path) -> None:
    def told(stage: str, fraction: float, message: str = "") -> None:
        if stage == "Writing the page":
            raise CancelledError

    request = EvaluateRequest(Path(some_input[0]), Path(some_input[1]), tmp_path / "out", resamplings=100)
    with pytest.raises(CancelledError):
        run(request, told)
    assert list(tmp_path.iterdir()) == []


def test_programs_read_json_lines(some_input: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-m", "CTSMALib.cli", "evaluate", *some_input, "--out", str(out), "--json"]
    words += ["--resamplings", "100"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=240).stdout
    last = decode(printed.splitlines()[-1])
    assert isinstance(last, Finished) and last.path == str(out)


def test_defaults_are_those_of_the_evaluation() -> None:
    from CTSMALib.agreement import clustered
    from CTSMALib.learning.evaluation import evaluate

    assert (evaluate.TEST, clustered.RESAMPLINGS) == (TEST, RESAMPLINGS)


def test_results_are_never_written_over_the_input(some_input: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text('{"schema": "ctsma-evaluation"}')
    made = a_patch_set(tmp_path / "set", subjects=1)
    predictions = some_predictions(made, tmp_path / "predictions")
    with pytest.raises(OutputError, match="lies in the folder"):
        run(EvaluateRequest(made.folder, predictions, tmp_path, overwrite=True))
    assert (made.folder / "patches.csv").is_file()
