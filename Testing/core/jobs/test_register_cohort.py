"""``ctsma register --cohort``: sides, what ends the whole cohort, and one process at a time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from CTSMALib.cli import main
from CTSMALib.errors import (
    AnatomyError,
    CTSMAError,
    InputError,
    MissingDecoderError,
    MissingDependencyError,
    OutputError,
)
from CTSMALib.jobs import register, register_cohort
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest
from CTSMALib.learning.patches.pair_manifest import read_pair_manifest
from CTSMALib.registration import record_folder
from CTSMALib.registration.review.case_list import DAMAGED, read_cases
from CTSMALib.virtual.cohort.lock import CAN_LOCK, locked
from Testing.core.registration.made_up_record import a_record_folder

HEAD = "subject,side,ct,mr,split\n"
Job = Callable[[RegisterRequest], str | CTSMAError]


def a_manifest(folder: Path, *sides: str) -> Path:
    """Subjects s1, s2 and so on, each with a side."""
    folder.mkdir()
    for name in ("ct.nii", "mr.nii"):
        (folder / name).write_bytes(b"")
    rows = [f"s{number},{side},ct.nii,mr.nii,train\n" for number, side in enumerate(sides, 1)]
    (folder / "pairs.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    return folder / "pairs.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_as(monkeypatch: pytest.MonkeyPatch, job: Job) -> list[str]:
    """Let ``job`` say which side a pair is of, or what is wrong with it; tells which pairs it was called for."""
    called: list[str] = []

    def quick(request: RegisterRequest, progress: object) -> Path:
        called.append(request.out.name)
        told = job(request)
        if isinstance(told, CTSMAError):
            raise told
        return a_record_folder(request.out, side=told, created="2999-01-01T00:00:00+00:00", earlier=())

    monkeypatch.setattr(register, "run", quick)
    return called


def test_the_manifest_says_the_side_as_patches_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"s1-L": "left", "s2-Right": "right", "s3-unknown": "left", "s4": "right", "s5-l": "unknown"}
    called = run_as(monkeypatch, lambda request: found[request.out.name])
    manifest, out = a_manifest(tmp_path / "in", "L", "Right", "unknown", "", "l"), tmp_path / "out"
    register_cohort.run(RegisterCohortRequest(manifest, out))
    assert [row["side"] for row in rows_of(out / "manifest.csv")] == ["left", "right", "left", "right", "left"]
    pairs = read_pair_manifest(out / "manifest.csv")
    assert [pair.registration.name for pair in pairs] == called == list(found)
    for again in (manifest, out / "manifest.csv"):  # both name what is done, whatever side they say
        register_cohort.run(RegisterCohortRequest(again, out))
    assert called == list(found)
    assert [row["registration"] for row in rows_of(out / "manifest.csv")] == called


def test_a_side_that_nobody_knows_stays_as_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(monkeypatch, lambda request: "unknown" if request.out.name == "s1-unknown" else InputError("No.", ""))
    out = register_cohort.run(RegisterCohortRequest(a_manifest(tmp_path / "in", "unknown", "L"), tmp_path / "out"))
    assert [row["side"] for row in rows_of(out / "manifest.csv")] == ["unknown", "L"]


def test_a_pair_keeps_its_name_while_its_record_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = run_as(monkeypatch, lambda request: "left")
    out = register_cohort.run(RegisterCohortRequest(a_manifest(tmp_path / "in", "", "L"), tmp_path / "out"))
    for name in called:
        (out / name / "registration.json").write_text('{"schema_version": "1.0", "patches": 3}', encoding="utf-8")
    for _ in range(2):
        register_cohort.run(RegisterCohortRequest(out / "manifest.csv", out))
        assert [(row["side"], row["registration"]) for row in rows_of(out / "manifest.csv")] == [("", ""), ("L", "")]
        assert [case.name for case in read_cases(out)] == called == ["s1", "s2-L"]
        assert all(case.status == DAMAGED for case in read_cases(out))


@pytest.mark.skipif(find_spec("picsl_greedy") is not None, reason="the engine is installed")
def test_an_engine_that_is_missing_ends_the_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["register", "--cohort", str(a_manifest(tmp_path / "in", "left")), "--out", str(out), "--engine", "greedy"]
    assert main(words) == 2
    assert "pip install picsl-greedy" in capsys.readouterr().err
    assert not out.exists()


def test_greedy_compares_the_mr_itself_in_a_cohort_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_cohort, "guide_bundle", lambda guide, model: object())
    request = RegisterCohortRequest(a_manifest(tmp_path / "in", ""), tmp_path / "out", "greedy", guide="synthetic")
    with pytest.raises(InputError, match="compares the MR itself"):
        register_cohort.run(request)


@pytest.mark.parametrize("error", [OutputError("The disk is full.", "Free."), MissingDependencyError("No torch.", "")])
def test_what_concerns_all_pairs_ends_the_job(
    tmp_path: Path, error: CTSMAError, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = run_as(monkeypatch, lambda request: error if request.out.name == "s2" else "left")
    with pytest.raises(type(error), match=error.message):
        register_cohort.run(RegisterCohortRequest(a_manifest(tmp_path / "in", "", "", ""), tmp_path / "out"))
    assert called == ["s1", "s2"]
    (done, *_) = rows_of(tmp_path / "out" / "manifest.csv")
    assert done["registration"] == "s1"


def test_what_concerns_one_pair_refuses_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its scans, or something else that lies where it would go."""
    errors = {"s1": InputError("No CT.", "Give one."), "s2": AnatomyError("No knee.", "Give one.")}
    errors["s6"] = MissingDecoderError("No decoder.", "Install one.")
    called = run_as(monkeypatch, lambda request: errors.get(request.out.name, "left"))
    out = tmp_path / "out"
    (out / "s3").mkdir(parents=True)
    (out / "s3" / "notes.txt").write_text("mine")
    (out / "s4").write_text("mine")
    register_cohort.run(RegisterCohortRequest(a_manifest(tmp_path / "in", *[""] * 6), out))
    assert called == ["s1", "s2", "s5", "s6"]
    reasons = {row["folder"]: row["reasons"] for row in rows_of(out / "status.csv") if row["verdict"] == "refused"}
    assert list(reasons) == ["s1", "s2", "s3", "s4", "s6"]
    assert reasons["s2"] == "No knee. Give one." and "already exists. Move it away" in reasons["s3"]
    assert "is a file" in reasons["s4"] and (out / "s3" / "notes.txt").exists()


@pytest.mark.skipif(not CAN_LOCK, reason="no locks")
def test_only_one_process_registers_a_cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = run_as(monkeypatch, lambda request: "left")
    out = tmp_path / "out"
    out.mkdir()
    wanted = RegisterCohortRequest(a_manifest(tmp_path / "in", ""), out)
    with locked(out), pytest.raises(OutputError, match="Another process"):
        register_cohort.run(wanted)
    assert not called and not list(out.iterdir())
    register_cohort.run(wanted)


def test_a_record_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(monkeypatch, lambda request: "left")
    a_record_folder(tmp_path / "out" / "s1", earlier=())
    read: Counter[str] = Counter()
    real = record_folder.load_record

    def counting(folder: Path):  # type: ignore[no-untyped-def]
        read[folder.name] += 1
        return real(folder)

    monkeypatch.setattr(record_folder, "load_record", counting)
    register_cohort.run(RegisterCohortRequest(a_manifest(tmp_path / "in", *[""] * 4), tmp_path / "out"))
    assert read == {"s1": 1, "s2": 1, "s3": 1, "s4": 1}
