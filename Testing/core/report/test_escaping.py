"""Hostile and foreign text cannot break a report or run in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.notices import Notice
from CTSMALib.report.builder import build_report
from CTSMALib.report.csv_table import render_csv
from CTSMALib.report.facts import identity_line, patient_facts
from CTSMALib.report.html import render_html
from CTSMALib.report.identity import prepared
from CTSMALib.report.model import Column, ReportModel, ReportOptions, Table
from CTSMALib.report.pdf import render_pdf
from Testing.core.report.conftest import AnalyzedKnee
from Testing.core.report.readers import HtmlReader, csv_rows, pdf_pages

SCRIPT = "<script>alert(1)</script>"
MARKUP = '<b>&</b><font size="90"><para>'


@pytest.fixture(scope="module")
def a_hostile_model(a_knee_analysis: AnalyzedKnee) -> ReportModel:
    analysis = a_knee_analysis.analysis
    header = replace(analysis.header, patient_name=SCRIPT, study_description=MARKUP, series_description='" onload="x')
    notice = Notice("odd", f"The series is called {MARKUP}{{{{ 7*7 }}}}.")
    hostile = replace(analysis, header=header, notices=(*analysis.notices, notice))
    return build_report(hostile, a_knee_analysis.folder, ReportOptions())


def test_html_shows_markup_as_text(a_hostile_model: ReportModel) -> None:
    reader = HtmlReader(render_html(a_hostile_model))
    assert "script" not in reader.tags
    assert "font" not in reader.tags
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert SCRIPT in reader.text
    assert f"{MARKUP}{{{{ 7*7 }}}}" in reader.text


def test_a_cell_breaks_before_its_interval_and_shows_markup_as_text(a_hostile_model: ReportModel) -> None:
    table = Table("Agreement", (Column("Arm"), Column("ICC")), (("student", f"0.9 (0.8 to {SCRIPT})"),))
    page = render_html(replace(a_hostile_model, leading_tables=(table,)))
    assert "<td>0.9 <wbr>(0.8 to &lt;script&gt;" in page
    assert "script" not in HtmlReader(page).tags


def test_pdf_shows_markup_as_text(a_hostile_model: ReportModel, tmp_path: Path) -> None:
    render_pdf(a_hostile_model, tmp_path / "report.pdf")
    first = pdf_pages(tmp_path / "report.pdf")[0]
    assert SCRIPT in first
    assert "<b>&</b>" in first


@pytest.mark.parametrize(
    ("name", "in_pdf"),
    [
        ("Żółć^Łukasz", "Żółć, Łukasz"),
        ("Müller^Jürgen", "Müller, Jürgen"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (��, ��"),
        ("כהן^דוד", "���, ���"),
        ("Z\u0307o\u0301ɫ\x00\x1b\u202e^\udc80", "Żóɫ"),
    ],
)
def test_names_of_any_script(
    a_report_model: ReportModel, a_knee_analysis: AnalyzedKnee, name: str, in_pdf: str, tmp_path: Path
) -> None:
    analysis = a_knee_analysis.analysis
    options = ReportOptions()
    shown = prepared(replace(analysis, header=replace(analysis.header, patient_name=name)), options)
    facts = patient_facts(shown, options)
    model = replace(a_report_model, figures=(), patient=facts, identity_line=identity_line(shown, options))
    page = render_html(model)
    page.encode("utf-8")
    assert model.patient[0].value in page
    render_pdf(model, tmp_path / "report.pdf")
    pages = pdf_pages(tmp_path / "report.pdf")
    assert all(in_pdf in text for text in pages)  # the head of every page
    assert ("cannot print" in pages[0]) == ("�" in in_pdf)


def test_html_keeps_every_script(a_report_model: ReportModel) -> None:
    page = render_html(replace(a_report_model, identity_line="", title="山田 Łukasz"))
    assert "<h1>山田 Łukasz</h1>" in page


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_text_is_never_a_formula(a_knee_analysis: AnalyzedKnee, start: str) -> None:
    analysis = a_knee_analysis.analysis
    evil = tuple(replace(c, reason=f'{start}HYPERLINK("x","y")') for c in analysis.compartments)
    rows = csv_rows(render_csv(replace(analysis, compartments=evil)))
    assert {row["reason"] for row in rows} == {f'\'{start}HYPERLINK("x","y")'}
    assert all(float(row["z_lps [mm]"]) for row in rows)


def test_endless_text_does_not_break_the_page(a_report_model: ReportModel, tmp_path: Path) -> None:
    texts = tuple("A very long notice. " * 90 for _ in range(12))
    group = replace(a_report_model.notices[0], texts=texts)
    render_pdf(replace(a_report_model, figures=(), notices=(group,)), tmp_path / "report.pdf")
    assert sum(page.count("A very long notice.") for page in pdf_pages(tmp_path / "report.pdf")) == 90 * 12
