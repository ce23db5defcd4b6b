"""Report files are complete or absent."""

from __future__ import annotations

import builtins
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.report import FORMATS, ReportOptions, write_reports
from Testing.core.report.conftest import AnalyzedKnee


@pytest.fixture
def a_result_folder(a_knee_analysis: AnalyzedKnee, tmp_path: Path) -> AnalyzedKnee:
    """A copy to write into."""
    for name in ("ct.nii.gz", "labels.nii.gz"):
        shutil.copy(a_knee_analysis.folder / name, tmp_path)
    return AnalyzedKnee(a_knee_analysis.analysis, tmp_path)


def test_all_formats_within_the_time(a_result_folder: AnalyzedKnee) -> None:
    start = time.process_time()
    written = write_reports(a_result_folder.analysis, a_result_folder.folder, FORMATS, ReportOptions())
    assert time.process_time() - start < 8.0
    assert {name: path.name for name, path in written.items()} == {name: f"report.{name}" for name in FORMATS}
    assert written["pdf"].read_bytes().startswith(b"%PDF")
    left = {path.name for path in a_result_folder.folder.iterdir()}
    assert left == {"ct.nii.gz", "labels.nii.gz", "report.html", "report.pdf", "report.csv"}


def test_unknown_format_names_the_choices(a_result_folder: AnalyzedKnee) -> None:
    with pytest.raises(InputError, match=r"docx.*html, pdf, csv"):
        write_reports(a_result_folder.analysis, a_result_folder.folder, ["csv", "docx"])
    assert not list(a_result_folder.folder.glob("report*"))


def test_formats_are_tidied(a_result_folder: AnalyzedKnee) -> None:
    assert list(write_reports(a_result_folder.analysis, a_result_folder.folder, [" CSV", "csv"])) == ["csv"]


def test_failure_leaves_no_half_file(a_result_folder: AnalyzedKnee, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: Any, **kwargs: Any) -> int:
        self.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match=r"report\.csv cannot be written: No space left"):
        write_reports(a_result_folder.analysis, a_result_folder.folder, ["csv"])
    assert not list(a_result_folder.folder.glob("*report*"))


def test_missing_package_is_named(a_result_folder: AnalyzedKnee, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    real = builtins.__import__

    def without_reportlab(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "reportlab":
            raise ModuleNotFoundError("No module named 'reportlab'", name="reportlab")
        return real(name, *args, **kwargs)

    for module in ("pdf", "pdf_blocks", "pdf_text"):
        monkeypatch.delitem(sys.modules, f"CTSMALib.report.{module}", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_reportlab)
    with pytest.raises(MissingDependencyError, match="pip install reportlab"):
        write_reports(a_result_folder.analysis, a_result_folder.folder, ["pdf"])


def test_missing_folder_is_explained(a_knee_analysis: AnalyzedKnee, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        write_reports(a_knee_analysis.analysis, tmp_path / "nowhere", ["csv"])
