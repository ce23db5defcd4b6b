"""A diagnosis with the analysis: it is there before the reports, which show it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.analysis.folder import write_folder
from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.jobs import analyze
from CTSMALib.jobs.analyze import Steps
from CTSMALib.jobs.diagnose import Diagnoser
from CTSMALib.jobs.export import export_reports
from CTSMALib.jobs.request import AnalyzeRequest, DiagnosisOrder, ExportRequest
from CTSMALib.jobs.rerender import rerender
from CTSMALib.report import ReportOptions, write_reports
from CTSMALib.report.identity import prepared
from Testing.core.diagnosis.made_up_model import a_diagnosis_bundle, some_knees
from Testing.core.diagnosis.test_diagnose_job import with_values
from Testing.core.made_up_knee import made_up_knee
from Testing.core.report.readers import csv_rows

Run = Callable[..., Path]


@pytest.fixture(scope="module")
def a_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return a_diagnosis_bundle(tmp_path_factory.mktemp("bundle") / "b")


@pytest.fixture
def run(tmp_path: Path, a_bundle: Bundle) -> Run:
    """Analyzes a made-up knee with a diagnosis; its table is the only report."""
    knee = made_up_knee()
    knee = replace(knee, analysis=with_values(knee.analysis, some_knees(3, seed=9)[1], virtual=False))

    def report(analysis: KneeAnalysis, folder: Path, _formats: object, hidden: bool) -> None:
        write_reports(analysis, folder, ["csv"], ReportOptions(pseudonymise=hidden))

    def analyzed(research: bool, pseudonymise: bool = False) -> Path:
        order = DiagnosisOrder(a_bundle.folder, "logistic", research)
        steps = Steps(
            read_scan=lambda *_: made_up_scan(), analyze_scan=lambda *_: [knee],
            write_folder=lambda result, folder, _progress: write_folder(result, folder), write_reports=report,
            without_identifiers=lambda analysis: prepared(analysis, ReportOptions(pseudonymise=True)),
            diagnose=Diagnoser.of(order.model, order.aggregator, order.research).write,
        )  # fmt: skip
        request = AnalyzeRequest(tmp_path / "ct", tmp_path / "out", diagnosis=order, pseudonymise=pseudonymise)
        return analyze.run(request, steps=steps)

    return analyzed


def made_up_scan() -> object:
    return object()


def contributions(path: Path) -> list[str]:
    return [row["oa_log_odds [1]"] for row in csv_rows(path.read_text()) if row["oa_log_odds [1]"]]


def test_the_reports_show_the_diagnosis_that_was_asked_for(run: Run) -> None:
    folder = run(research=True)
    found = json.loads((folder / "diagnosis.json").read_text())
    assert found["shown"] is True and len(contributions(folder / "report.csv")) == 24


def test_without_research_no_number_of_a_real_person_is_written(run: Run) -> None:
    folder = run(research=False)
    assert json.loads((folder / "diagnosis.json").read_text())["shown"] is False
    assert contributions(folder / "report.csv") == []


def test_a_pseudonymised_folder_holds_no_day(run: Run) -> None:
    folder = run(research=True, pseudonymise=True)
    assert len(json.loads((folder / "diagnosis.json").read_text())["created"]) == 4


def test_reports_that_are_written_later_show_it_too(run: Run, tmp_path: Path) -> None:
    folder = run(research=True)
    export_reports(ExportRequest(folder, tmp_path / "elsewhere", ("csv",)))
    assert len(contributions(tmp_path / "elsewhere" / "report.csv")) == 24
    (folder / "report.csv").unlink()
    rerender(folder, ["csv"], pseudonymise=True)
    assert len(contributions(folder / "report.csv")) == 24
    assert len(json.loads((folder / "diagnosis.json").read_text())["created"]) == 4


def test_a_model_that_cannot_be_used_is_told_before_the_scan_is_read(tmp_path: Path) -> None:
    from CTSMALib.errors import InputError

    scan = tmp_path / "ct.nii.gz"
    scan.touch()
    (tmp_path / "model").mkdir()
    request = AnalyzeRequest(scan, tmp_path / "out", apparent=False, diagnosis=DiagnosisOrder(tmp_path / "model"))
    with pytest.raises(InputError, match="no readable"):
        analyze.run(request)
    assert not (tmp_path / "out").exists()
