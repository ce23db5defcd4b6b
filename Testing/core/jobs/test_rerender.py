"""Reports of an existing result."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib import report
from CTSMALib.analysis.exclusions import write_exclusions
from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.analysis.result import Exclusion, KneeAnalysis
from CTSMALib.errors import InputError, OutputError
from CTSMALib.jobs import request
from CTSMALib.jobs.rerender import rerender
from CTSMALib.report.identity import REMOVED, prepared
from Testing.core.made_up_knee import made_up_knee


def test_formats_and_papers_of_requests_are_those_of_reports() -> None:
    assert (request.FORMATS, request.PAPERS) == (report.FORMATS, report.model.PAPERS)


def test_every_knee_gets_its_reports(tmp_path: Path) -> None:
    for side in ("left", "right"):
        (tmp_path / side).mkdir()
        write_folder(made_up_knee(side), tmp_path / side)
    fractions: list[float] = []

    def progress(stage: str, fraction: float, message: str = "") -> None:
        fractions.append(fraction)

    assert rerender(tmp_path, ["csv"], progress=progress) == tmp_path
    assert fractions == [0.0, 0.5, 1.0]
    for side in ("left", "right"):
        assert "TM-r1-c1-d1" in (tmp_path / side / "report.csv").read_text()


def test_options_reach_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], bool]] = []

    def write_reports(analysis: KneeAnalysis, folder: Path, formats: list[str], options: report.ReportOptions) -> None:
        asked.append((formats, options.pseudonymise))

    monkeypatch.setattr(report, "write_reports", write_reports)
    write_folder(made_up_knee(), tmp_path)
    rerender(tmp_path, ["pdf", "csv"])
    rerender(tmp_path, ["html"], pseudonymise=True)
    rerender(tmp_path, ["html"], pseudonymise=True)  # the identifiers are gone: nothing is left to do
    assert asked == [(["pdf", "csv"], False), (["html"], True), (["html"], False)]


def test_reports_in_other_formats_are_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(report, "write_reports", lambda analysis, folder, formats, options: asked.append(formats))
    write_folder(made_up_knee(), tmp_path)
    (tmp_path / "report.html").write_text("from before patches were excluded")
    rerender(tmp_path, ["csv"])
    assert asked == [["html", "csv"]]


def named(folder: Path) -> list[str]:
    """Files that hold a part of the made-up patient's name or ID."""
    texts = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return sorted(name for name, content in texts.items() if b"Doe" in content or b"4711" in content)


def test_pseudonymised_reports_leave_no_identifier_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_reports(analysis: KneeAnalysis, folder: Path, formats: list[str], options: report.ReportOptions) -> None:
        for name in formats:
            (folder / f"report.{name}").write_text(prepared(analysis, options).header.patient_name)

    monkeypatch.setattr(report, "write_reports", write_reports)
    write_folder(made_up_knee(), tmp_path)
    write_exclusions([Exclusion("TM-r1-c1-d1", "Doe moved", "A. Reader", "2026-11-29T10:00:00+00:00")], tmp_path)
    rerender(tmp_path, ["html", "csv"])
    (tmp_path / ".report.123.html").write_text("Doe")
    assert named(tmp_path) == [".report.123.html", "analysis.json", "exclusions.json", "report.csv", "report.html"]
    rerender(tmp_path, ["pdf"], pseudonymise=True)
    assert named(tmp_path) == []
    assert sorted(path.name for path in tmp_path.glob("*report*")) == ["report.csv", "report.html", "report.pdf"]
    once = load_analysis(tmp_path)
    assert once.header.patient_id.startswith("K-")
    (told,) = once.exclusions
    assert (told.who, told.when, told.reason) == (REMOVED, "2026", f"{REMOVED} moved")
    rerender(tmp_path, ["csv"], pseudonymise=True)
    assert load_analysis(tmp_path) == once
    later = replace(told, who="A. Reader", when="2026-11-30T10:00:00+00:00")  # in a folder without identifiers
    write_exclusions([later], tmp_path)
    rerender(tmp_path, ["csv"], pseudonymise=True)
    assert load_analysis(tmp_path) == once


def test_a_folder_that_may_not_be_written_is_told_as_an_analysis_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(made_up_knee(), tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(OutputError, match="You may not write to") as caught:
            rerender(tmp_path, ["csv"])
    assert "--out" not in caught.value.remedy
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="The disk is full"):
        rerender(tmp_path, ["csv"])


def test_the_folder_is_told_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(made_up_knee(), tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    assert rerender(Path(tmp_path.name), ["csv"]) == tmp_path


def test_a_folder_that_is_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a CTSMA result"):
        rerender(tmp_path, ["csv"])
