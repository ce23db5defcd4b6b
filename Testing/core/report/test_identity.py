"""A pseudonymised report says nothing about who was scanned."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from CTSMALib.notices import Notice
from CTSMALib.report import FORMATS, ReportOptions, write_reports
from CTSMALib.report.identity import REMOVED, prepared, pseudonym_for
from CTSMALib.report.model import ReportModel
from CTSMALib.report.pdf import render_pdf
from CTSMALib.volumes.virtual_mark import NOTICE as VIRTUAL
from Testing.core.report.conftest import AnalyzedKnee
from Testing.core.report.readers import HtmlReader, pdf_pages
from Testing.core.report.synthetic_knee import HEADER

IDENTIFIERS = (
    "KH-004711", "Żółć",
    "Łukasz", "1957-03", "19570314", "2020-06", "20200611", "11.06.2020", "ACC-99120", "Wiśniewska",
    "Knochen", "lukasz_0611", "5f5f5f", HEADER.study_uid, HEADER.series_uid,
)  # fmt: skip


@pytest.fixture(scope="module")
def pseudonymised_reports(a_knee_analysis: AnalyzedKnee) -> dict[str, Path]:
    """Reports whose free texts quote every identifier."""
    analysis = a_knee_analysis.analysis
    quoting = (
        f"Series {HEADER.series_description} of {HEADER.patient_name}, ID kh-004711, born 1957-03-14, was read.",
        f"Łukasz Żółć was scanned on 11.06.2020 ({HEADER.study_date}, {HEADER.accession_number}).",
        f"Of {HEADER.study_uid} the series {HEADER.series_uid} in lukasz_0611.nii.gz was chosen.",
    )
    notices = tuple(Notice("quote", text) for text in quoting)
    compartments = tuple(
        replace(c, reason="the file lukasz_0611 of KH-004711 ends here") for c in analysis.compartments
    )
    outlined = "bones-of-KH-004711 1.0"
    told = replace(analysis, notices=notices, compartments=compartments, bones_by=outlined)
    return write_reports(told, a_knee_analysis.folder, FORMATS, ReportOptions(pseudonymise=True, salt="secret"))


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_no_identifier_is_left(pseudonymised_reports: dict[str, Path], identifier: str) -> None:
    page = HtmlReader(pseudonymised_reports["html"].read_text(encoding="utf-8"))
    texts = [page.text, *(value for _, _, value in page.attributes if not value.startswith("data:"))]
    texts += [*pdf_pages(pseudonymised_reports["pdf"]), str(PdfReader(pseudonymised_reports["pdf"]).metadata)]
    texts += [pseudonymised_reports["csv"].read_text(encoding="utf-8")]
    assert not [text for text in texts if identifier.lower() in text.lower()]


def test_pdf_holds_no_date_of_its_own(pseudonymised_reports: dict[str, Path], a_report_model: ReportModel) -> None:
    pdf = pseudonymised_reports["pdf"]
    assert set(PdfReader(pdf).metadata or {}) == {"/Title", "/Author", "/Subject", "/Creator", "/Producer"}
    assert not re.search(rb"CreationDate|ModDate|D:\d{6}", pdf.read_bytes())
    first, second = (pdf.with_name(f"{name}.pdf") for name in ("first", "second"))
    model = replace(a_report_model, figures=a_report_model.figures[:1])
    render_pdf(model, first)
    time.sleep(1.1)  # dates in PDF count seconds
    render_pdf(model, second)
    assert first.read_bytes() == second.read_bytes()


def test_pseudonym_year_and_marks_are_shown(
    pseudonymised_reports: dict[str, Path], a_knee_analysis: AnalyzedKnee
) -> None:
    pseudonym = pseudonym_for(a_knee_analysis.analysis, "secret")
    text = HtmlReader(pseudonymised_reports["html"].read_text(encoding="utf-8")).text
    assert f"Pseudonym {pseudonym}" in text
    assert "Year of study 2020" in text
    assert REMOVED in text
    assert all(pseudonym in page for page in pdf_pages(pseudonymised_reports["pdf"]))


def test_pseudonym_follows_the_patient_with_a_salt_and_the_image_without(a_knee_analysis: AnalyzedKnee) -> None:
    first = a_knee_analysis.analysis
    later = replace(first, identity=replace(first.identity, sha256="ab" * 32))
    assert pseudonym_for(first, "s") == pseudonym_for(later, "s") != pseudonym_for(first, "t")
    assert pseudonym_for(first, "") == pseudonym_for(first, "") != pseudonym_for(later, "")
    assert "4711" not in pseudonym_for(first, "s")


def test_given_pseudonym_wins(a_knee_analysis: AnalyzedKnee) -> None:
    shown = prepared(a_knee_analysis.analysis, ReportOptions(pseudonymise=True, pseudonym="OA-07"))
    assert shown.header.patient_id == "OA-07"


@pytest.mark.parametrize(("age", "shown"), [("063Y", "63 years"), ("093Y", "over 89 years"), ("Uncle Bob", "")])
def test_age_is_grouped(a_knee_analysis: AnalyzedKnee, age: str, shown: str) -> None:
    analysis = a_knee_analysis.analysis
    old = replace(analysis, header=replace(analysis.header, patient_age=age))
    assert prepared(old, ReportOptions(pseudonymise=True)).header.patient_age == shown


def test_plain_words_survive(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    named = replace(
        analysis,
        identity=replace(analysis.identity, name="knee.nii.gz"),
        notices=(Notice("x", "The knee is cut by the image."),),
    )
    assert prepared(named, ReportOptions(pseudonymise=True)).notices[0].text == "The knee is cut by the image."


def test_the_surname_of_simulated_patients_stays_in_sentences(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    header = replace(analysis.header, patient_name="VIRTUAL^vk0007", patient_id="vk0007")
    text = "Made by the CTSMA virtual scanner of vk0007."
    named = replace(analysis, header=header, notices=(Notice("x", text), VIRTUAL))
    said = prepared(named, ReportOptions(pseudonymise=True)).notices[0].text
    assert said == "Made by the CTSMA virtual scanner of [removed]."
    real = replace(named, notices=named.notices[:1])
    assert "virtual" not in prepared(real, ReportOptions(pseudonymise=True)).notices[0].text


def test_nothing_is_removed_without_the_option(a_knee_analysis: AnalyzedKnee) -> None:
    assert prepared(a_knee_analysis.analysis, ReportOptions()) == a_knee_analysis.analysis
