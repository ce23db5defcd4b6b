"""A knee with its result folder, made once for all report tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.report.builder import build_report
from CTSMALib.report.model import ReportModel, ReportOptions
from Testing.core.report.synthetic_knee import analysis_of, synthetic_knee, write_volumes


@dataclass(frozen=True)
class AnalyzedKnee:
    """Findings and the folder that they refer to."""

    analysis: KneeAnalysis
    folder: Path


@pytest.fixture(scope="session")
def a_knee_analysis(tmp_path_factory: pytest.TempPathFactory) -> AnalyzedKnee:
    """A right knee whose lateral femoral condyle is refused; do not write into its folder."""
    folder = tmp_path_factory.mktemp("knee")
    knee = synthetic_knee()
    write_volumes(knee, folder)
    return AnalyzedKnee(analysis_of(knee), folder)


@pytest.fixture(scope="session")
def a_left_knee_analysis(tmp_path_factory: pytest.TempPathFactory) -> AnalyzedKnee:
    """The mirrored knee."""
    folder = tmp_path_factory.mktemp("left-knee")
    knee = synthetic_knee(mirrored=True)
    write_volumes(knee, folder)
    return AnalyzedKnee(analysis_of(knee), folder)


@pytest.fixture(scope="session")
def a_report_model(a_knee_analysis: AnalyzedKnee) -> ReportModel:
    """The report on the right knee, with its identifiers."""
    return build_report(a_knee_analysis.analysis, a_knee_analysis.folder, ReportOptions())


@pytest.fixture(scope="session")
def a_left_report_model(a_left_knee_analysis: AnalyzedKnee) -> ReportModel:
    """The report on the left knee."""
    return build_report(a_left_knee_analysis.analysis, a_left_knee_analysis.folder, ReportOptions())
