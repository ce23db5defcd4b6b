"""What a report says of a diagnosis: its numbers, what must be read beside them, and nothing that may not be shown."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from CTSMALib.analysis.patient_tokens import patient_tokens
from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.diagnosis.diagnosis import Diagnosis
from CTSMALib.diagnosis.names import LOGISTIC, TRANSFORMER
from CTSMALib.diagnosis.record import MARKED, WITHHELD, Subject, read_diagnosis, without_time, write_diagnosis
from CTSMALib.diagnosis.tokens import COMPARTMENT_KEYS, IDS
from CTSMALib.diagnosis.wording import percent, signed
from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.notices import Severity
from CTSMALib.report import ReportOptions, builder, write_reports
from CTSMALib.report.diagnosis.maps import place_sums
from CTSMALib.report.diagnosis.section import diagnosis_section, place_text
from CTSMALib.report.diagnosis.stored import OUTDATED, stored_diagnosis
from CTSMALib.report.diagnosis.wording import odds_text
from CTSMALib.report.model import DiagnosisSection
from Testing.core.report.conftest import AnalyzedKnee
from Testing.core.report.readers import csv_rows, pdf_pages

REAL_PERSON = Subject(virtual=False, research=True, simulated=True)
PARTS = {name: 0.01 * ((7 * number) % 41 - 15) for number, name in enumerate(IDS)}
TOTALS = {key: sum(p for name, p in PARTS.items() if name.startswith(key)) for key in COMPARTMENT_KEYS}
SAID = Diagnosis(
    "logistic", "diagnosis 1.0 (0123abcd)", 0.714, 0.55, 0.83, (0.08, 0.206, 0.4, 0.2, 0.114), 0.45, PARTS, TOTALS,
    dict.fromkeys(COMPARTMENT_KEYS, 24), 0.9, 1.4, None, ("The model was trained on simulated knees.", "Mind the gap."),
)  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other pictures of a report take long, and have tests of their own."""
    monkeypatch.setattr(builder, "draw_figures", lambda *_: ())


def section_of(knee: AnalyzedKnee) -> DiagnosisSection:
    found = stored_diagnosis(knee.analysis, knee.folder, ReportOptions())
    assert found is not None
    return diagnosis_section(found, knee.analysis, knee.folder)


def with_values(one: PatchMeasurement) -> PatchMeasurement:
    return replace(one, values={**one.values, **dict.fromkeys(KEYS, 0.3)})


@pytest.fixture
def a_knee(a_knee_analysis: AnalyzedKnee, tmp_path: Path) -> AnalyzedKnee:
    """Apparent parameters in all patches, all compartments reported, a folder that may be written to."""
    shutil.copytree(a_knee_analysis.folder, tmp_path / "knee")
    known = a_knee_analysis.analysis
    patches = tuple(with_values(one) for one in known.patches)
    compartments = tuple(replace(finding, reported=True) for finding in known.compartments)
    return AnalyzedKnee(replace(known, patches=patches, compartments=compartments), tmp_path / "knee")


def said(knee: AnalyzedKnee, subject: Subject = REAL_PERSON, **changes: object) -> None:
    values = patient_tokens(knee.analysis).digest
    write_diagnosis(replace(SAID, **{"values_sha256": values, **changes}), subject, knee.folder)  # type: ignore[arg-type]


def abstained(reason: str) -> dict[str, object]:
    nothing = dict.fromkeys(("probability", "low", "high", "usual_probability"))
    return {**nothing, "grades": (), "patches": {}, "compartments": {}, "abstained": reason}


def texts(knee: AnalyzedKnee, options: ReportOptions | None = None) -> tuple[str, str, str]:
    """HTML, words of the PDF, and CSV."""
    found = write_reports(knee.analysis, knee.folder, ["html", "pdf", "csv"], options)
    words = " ".join(" ".join(page.split()) for page in pdf_pages(found["pdf"]))
    return found["html"].read_text(), words, found["csv"].read_text()


def test_probability_interval_grades_and_reasons_are_told_in_plain_words(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    started = time.process_time()
    html, pdf, _ = texts(a_knee)
    assert time.process_time() - started < 10.0
    for text in (html, pdf):
        assert "Diagnosis (research)" in text and MARKED in text
        assert "at 71 %; the 95 % interval reaches from 55 % to 83 %." in text
        assert "The likeliest grade is 2 (40 %)." in text
        assert "0: 8 %, 1: 21 %, 2: 40 %, 3: 20 %, 4: 11 %" in text
        assert "For a knee with usual values, the model says 45 %; what raises it most is the" in text
        assert "efore any patch" not in text  # the regression always sees a knee
        assert "Mind the gap." in text and "logistic regression" in text
        assert "96 of 96 patches have values" in text
        assert "Figure 1." in text and "Figure 2." in text and "Figure 3." in text
    assert html.count("Figure 1.") == 1


@pytest.mark.parametrize(
    ("aggregator", "start"),
    [(LOGISTIC, "for a knee with usual values"), (TRANSFORMER, "before any patch is known")],
)
def test_it_is_said_where_contributions_start(a_knee: AnalyzedKnee, aggregator: str, start: str) -> None:
    said(a_knee, aggregator=aggregator)
    section = section_of(a_knee)
    assert section.sentences[-1].startswith(f"{start.capitalize()}, the model says 45 %")
    assert {fact.label: fact.value for fact in section.facts}[start.capitalize()] == "45 %"
    assert f"diamond: the answer {start}." in section.figures[0].caption
    assert section.figures[0].panels[0].alt.endswith(f"{start} 45 %.")
    assert section.tables[0].note.startswith(f"From the answer {start} to that for this knee.")


def test_a_model_that_does_not_decide_says_so(a_knee: AnalyzedKnee) -> None:
    said(a_knee, low=0.4)
    section = section_of(a_knee)
    assert "includes 50 %" in section.sentences[0]


def test_pictures_are_told_without_color_and_marked_in_their_captions(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    numbers, maps = section_of(a_knee).figures
    assert [panel.name for panel in numbers.panels] == [
        f"diagnosis-{name}" for name in ("probability", "grades", "compartments")
    ]
    assert all(MARKED in figure.caption for figure in (numbers, maps))
    assert "71 %" in numbers.panels[0].alt and signed(TOTALS["TM"]) in numbers.panels[2].alt
    assert "24 places" in maps.panels[0].alt and maps.key is not None
    assert all(panel.png.startswith(b"\x89PNG") for panel in (*numbers.panels, *maps.panels))


def test_tables_list_compartments_and_the_strongest_patches(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    section = section_of(a_knee)
    compartments, patches = section.tables
    assert [row[2] for row in compartments.rows[:4]] == [signed(TOTALS[key]) for key in ("FM", "FL", "TM", "TL")]
    assert compartments.rows[4][2] == signed(sum(PARTS.values()))
    strongest = max(PARTS, key=lambda name: abs(PARTS[name]))
    assert patches.rows[0][0] == strongest and patches.rows[0][1] == place_text(strongest)
    assert len(patches.rows) == 8


def test_the_table_for_statistics_holds_every_contribution(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    path = write_reports(a_knee.analysis, a_knee.folder, ["csv"])["csv"]
    rows = csv_rows(path.read_text())
    assert {row["patch"]: float(row["oa_log_odds [1]"]) for row in rows} == pytest.approx(PARTS)
    assert {row["oa_probability [1]"] for row in rows} == {"0.714"} and rows[0]["oa_grade_4 [1]"] == "0.114"
    assert {row["oa_statement"] for row in rows} == {MARKED}


def test_without_permission_no_number_is_in_any_report(a_knee: AnalyzedKnee, quick: None) -> None:
    said(a_knee, Subject(virtual=False, research=False, simulated=True))
    html, pdf, csv = texts(a_knee)
    for text in (html, pdf):
        assert WITHHELD in text and "What was checked" in text
        assert "71 %" not in text and "What speaks for" not in text and "diamond" not in text
    rows = csv_rows(csv)
    assert {row["oa_probability [1]"] + row["oa_log_odds [1]"] + row["oa_low [1]"] for row in rows} == {""}
    assert "A research model was asked about osteoarthritis and gives no probability" in html


def test_an_abstention_tells_its_reason(a_knee: AnalyzedKnee, quick: None) -> None:
    reason = "A compartment is not reported. Lateral femoral condyle: metal lies near 17 of its patches."
    said(a_knee, **abstained(reason))
    html, pdf, csv = texts(a_knee)
    assert all(f"The model says nothing about this knee. {reason}" in text for text in (html, pdf, csv))
    assert "Probability of osteoarthritis" not in html + pdf


def test_a_report_without_a_diagnosis_has_no_such_section(a_knee: AnalyzedKnee, quick: None) -> None:
    html, pdf, csv = texts(a_knee)
    assert "Diagnosis" not in html + pdf and "oa_" not in csv


def test_patches_that_were_excluded_later_make_it_outdated(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    assert section_of(a_knee).mark == MARKED and section_of(a_knee).severity is Severity.CAUTION
    patches = (replace(a_knee.analysis.patches[0], values={}), *a_knee.analysis.patches[1:])
    changed = AnalyzedKnee(replace(a_knee.analysis, patches=patches), a_knee.folder)
    section = section_of(changed)
    assert section.mark == f"{OUTDATED} {MARKED}" and section.severity is Severity.REFUSED
    assert all(OUTDATED in figure.caption for figure in section.figures)
    path = write_reports(changed.analysis, changed.folder, ["csv"])["csv"]
    assert {row["oa_statement"] for row in csv_rows(path.read_text())} == {f"{OUTDATED} {MARKED}"}


def test_the_day_is_left_out_with_the_identifiers(a_knee: AnalyzedKnee, quick: None) -> None:
    said(a_knee, **abstained("No."))
    created = read_diagnosis(a_knee.folder)["created"]
    assert section_of(a_knee).facts[-1].value == f"{created[:10]} {created[11:16]} UTC"
    assert created[:10] not in texts(a_knee, ReportOptions(pseudonymise=True))[0]
    without_time(a_knee.folder)
    kept = read_diagnosis(a_knee.folder)
    assert kept["created"] == created[:4] and kept["abstained"] == "No."


@pytest.mark.parametrize("damage", [{"grades": []}, {"probability": "high"}, {"low": 0.9}, {"counts": 3}])
def test_a_damaged_diagnosis_is_refused_with_a_remedy(a_knee: AnalyzedKnee, damage: dict) -> None:
    said(a_knee)
    path = a_knee.folder / "diagnosis.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(InputError, match="is damaged") as caught:
        stored_diagnosis(a_knee.analysis, a_knee.folder, ReportOptions())
    assert "ctsma diagnose" in caught.value.remedy


@pytest.mark.parametrize(("paper", "size"), [("a4", (595.3, 841.9)), ("letter", (612.0, 792.0))])
def test_both_papers(a_knee: AnalyzedKnee, quick: None, paper: str, size: tuple[float, float]) -> None:
    path = write_reports(a_knee.analysis, a_knee.folder, ["pdf"], ReportOptions(paper=paper))["pdf"]
    box = PdfReader(path).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(size, abs=0.1)


def test_another_paper_is_refused(a_knee_analysis: AnalyzedKnee) -> None:
    with pytest.raises(InputError, match="no paper"):
        write_reports(a_knee_analysis.analysis, a_knee_analysis.folder, ["pdf"], ReportOptions(paper="a5"))


def test_places_of_both_depths_are_added_and_numbers_read_well(a_knee: AnalyzedKnee) -> None:
    said(a_knee)
    found = stored_diagnosis(a_knee.analysis, a_knee.folder, ReportOptions())
    assert found is not None
    sums = place_sums(found)
    assert len(sums) == 48 and sum(sums.values()) == pytest.approx(sum(PARTS.values()))
    assert sums["TM-r2-c4"] == pytest.approx(PARTS["TM-r2-c4-d1"] + PARTS["TM-r2-c4-d2"])
    assert (percent(0.9971), percent(0.002), percent(0.5)) == ("over 99 %", "under 1 %", "50 %")
    assert (signed(0.42), signed(-0.42), signed(0.001)) == ("+0.42", "\N{MINUS SIGN}0.42", "0.00")
    assert (odds_text(0.693), odds_text(6.2)) == ("× 2", "× 493")


def test_the_knee_of_a_test_is_what_it_is_said_to_be(a_knee: AnalyzedKnee) -> None:
    analysis: KneeAnalysis = a_knee.analysis
    assert patient_tokens(analysis).counts.tolist() == [24] * 4
