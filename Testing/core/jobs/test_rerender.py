"""Reports of an existing result."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib import report
from CTSMALib.analysis.folder import write_folder
from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.errors import InputError
from CTSMALib.jobs.rerender import rerender
from Testing.core.made_up_knee import made_up_knee


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
    rerender(tmp_path, ["html"], pseudonymise=True)
    rerender(tmp_path, ["pdf", "csv"])
    assert asked == [(["html"], True), (["pdf", "csv"], False)]


def test_a_folder_that_is_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a CTSMA result"):
        rerender(tmp_path, ["csv"])
