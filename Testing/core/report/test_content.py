"""What a report says is what was measured."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.analysis.compartment_findings import METAL_REACH_MM
from CTSMALib.analysis.maps import METHOD
from CTSMALib.analysis.result import ParameterMap, Summary
from CTSMALib.anatomy.patch import LEAST_VALID
from CTSMALib.catalogue import quantities, quantity
from CTSMALib.morphometry.direct_ct.resolution import unresolved_notice
from CTSMALib.morphometry.direct_ct.sharpness import Sharpness, Width
from CTSMALib.notices import Notice, Severity
from CTSMALib.report import notices, sentences, tables
from CTSMALib.report.csv_table import render_csv
from CTSMALib.report.facts import image_facts, references_text, side_text
from CTSMALib.report.html import render_html
from CTSMALib.report.model import DISCLAIMER, ReportModel
from CTSMALib.report.pdf import render_pdf
from CTSMALib.report.wording import NO_REASON, age_text, date_text, name_text, number_text, summary_text, time_text
from Testing.core.report.conftest import AnalyzedKnee
from Testing.core.report.readers import HtmlReader, csv_rows, pdf_pages

REASON = "Metal lies within 10 mm of 17 of its patches."


@pytest.fixture(scope="module")
def pages(a_report_model: ReportModel, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    render_pdf(a_report_model, path)
    return pdf_pages(path)


@pytest.fixture(scope="module")
def page(a_report_model: ReportModel) -> HtmlReader:
    return HtmlReader(render_html(a_report_model))


def test_html_loads_nothing(a_report_model: ReportModel) -> None:
    html = render_html(a_report_model)
    reader = HtmlReader(html)
    assert {"script", "link", "iframe", "object", "form"}.isdisjoint(reader.tags)
    loaded = [value for _, name, value in reader.attributes if name in ("src", "href", "srcset", "action", "data")]
    assert loaded and all(value.startswith("data:image/png;base64,") for value in loaded)
    assert "url(" not in html and "@import" not in html


def test_html_structure(page: HtmlReader) -> None:
    assert page.tags.count("h1") == 1
    assert {"main", "header", "footer", "figure", "figcaption", "caption"} - {"caption"} <= set(page.tags)
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert len(alts) == page.tags.count("img") > 8
    assert all(len(alt) > 25 for alt in alts)


def test_every_pdf_page_has_number_and_disclaimer(pages: list[str]) -> None:
    assert 4 <= len(pages) <= 9
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert DISCLAIMER in text
        assert "Żółć, Łukasz · KH-004711 · born 1957-03-14" in text
        assert len(text) > 500  # no page is empty


def test_refused_compartment_shows_its_reason(page: HtmlReader, pages: list[str]) -> None:
    assert f"Not reported. {REASON}" in page.text
    assert f"Not reported. {REASON}" in pages[0]
    assert "Lateral femoral condyle not reported not reported not reported not reported" in page.text


def test_refused_without_reason_is_not_blank(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    silent = replace(analysis, compartments=tuple(replace(c, reason="", reported=False) for c in analysis.compartments))
    assert {row.remark for row in tables.compartment_table(silent).rows} == {NO_REASON}


def test_main_table_holds_the_summaries(a_knee_analysis: AnalyzedKnee, page: HtmlReader, pages: list[str]) -> None:
    for finding in a_knee_analysis.analysis.compartments:
        for key in ("ct_bvf", "ct_hu_mean", "ct_hu_sd", "ct_plate_thickness_mm"):
            if finding.reported:
                text = summary_text(quantity(key), finding.values[key]).replace("\N{NO-BREAK SPACE}", " ")
                assert text in page.text
                assert text in pages[0]


def test_summary_states_the_ratio_and_no_diagnosis(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    tibia = {c.key: c.values["ct_bvf"].mean for c in analysis.compartments if c.key in ("TM", "TL")}
    summary = sentences.summary(analysis)
    assert summary[0] == "70 of 72 patches in reported compartments are valid; 3 of 4 compartments are reported."
    assert f"medial-to-lateral ratio {tibia['TM'] / tibia['TL']:.2f}." in summary[1]
    assert not [text for text in summary if text.startswith("Femur")]  # its lateral side is refused
    assert "no diagnosis" in summary[-1]


def test_unresolved_trabeculae_are_said(page: HtmlReader) -> None:
    assert "This scan does not resolve trabeculae; no trabecular parameter is reported." in page.text


def test_notices_are_grouped_by_severity(a_report_model: ReportModel) -> None:
    assert [group.severity for group in a_report_model.notices] == [Severity.REFUSED, Severity.CAUTION]
    assert (
        a_report_model.notices[0].texts[0] == "Lateral femoral condyle: metal lies within 10 mm of 17 of its patches."
    )
    assert a_report_model.handling == ("The file lukasz_0611.nii.gz was stored in another order.",)


def test_compartments_with_one_reason_share_a_sentence(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    cut = tuple(replace(c, reported=c.key[0] == "T", reason="Cut by the edge.") for c in analysis.compartments)
    told = notices.notice_groups(replace(analysis, compartments=cut))[0].texts
    assert told[0] == "Medial femoral condyle and lateral femoral condyle: cut by the edge."


def test_long_list_of_unresolved_quantities_is_at_the_end(
    a_knee_analysis: AnalyzedKnee, a_report_model: ReportModel, tmp_path: Path
) -> None:
    sharpness = Sharpness(Width(1.6, 0.1, 100, "skin"), Width(3.4, 0.1, 100, "skin"))
    keys = frozenset({"ct_gradient_mean", "ct_power_band_2", "ct_plate_thickness_mm"})
    notice = unresolved_notice(keys, (1.0, 1.0, 3.3), sharpness)
    told = replace(a_knee_analysis.analysis, notices=(notice,))
    assert notices.left_out(told) == (notice.text,)
    group = notices.notice_groups(told)[0]
    assert group.texts[-1].startswith("3 of 26 quantities are left out: the scan is too coarse")
    model = replace(a_report_model, figures=(), notices=(group,), left_out=notices.left_out(told))
    html = HtmlReader(render_html(model)).text
    assert html.index("3 of 26 quantities") < html.index("Definitions") < html.index(notice.text)
    render_pdf(model, tmp_path / "report.pdf")
    text = " ".join(pdf_pages(tmp_path / "report.pdf")).replace("- ", "-")
    assert "3 of 26 patch quantities" in text and notices.LEFT_OUT_TITLE in text


def test_other_notices_are_never_shortened(a_knee_analysis: AnalyzedKnee) -> None:
    odd = Notice(notices.UNRESOLVED, "Nothing is listed here", Severity.REFUSED)
    told = replace(a_knee_analysis.analysis, notices=(odd,))
    assert notices.left_out(told) == ()
    assert notices.notice_groups(told)[0].texts[-1] == "Nothing is listed here."


def test_method_says_what_is_valid_and_names_no_keys(a_knee_analysis: AnalyzedKnee) -> None:
    maps = tuple(ParameterMap(key, f"maps/{key}.nii.gz", METHOD) for key in ("ct_hu_mean", "ct_bvf"))
    told = " ".join(sentences.method(replace(a_knee_analysis.analysis, maps=maps)))
    assert f"A patch is valid if at least {100 * LEAST_VALID:.0f} % of its cube is trabecular bone" in told
    assert f"no metal lies within {METAL_REACH_MM:g} mm" in told
    assert "Parameter volumes in the result folder are interpolated between the patches of the display grid." in told
    assert "ct_" not in told
    mixed = (maps[0], replace(maps[1], method="per voxel"))
    told = " ".join(sentences.method(replace(a_knee_analysis.analysis, maps=mixed)))
    assert "volumes of mean CT number in the result folder are interpolated" in told
    assert "volumes of bone volume fraction by tissue mixing in the result folder are computed for every voxel" in told


def test_references_say_what_bone_volume_fraction_uses(a_knee_analysis: AnalyzedKnee) -> None:
    hu = {"marrow": -63.0, "cortical": 1291.0, "muscle": 25.0, "fat": -102.0, "bone_tissue": 1500.0}
    told = replace(a_knee_analysis.analysis, references_hu=hu, notices=())
    assert references_text(told) == (
        "marrow −63 HU (BVF 0), solid bone 1500 HU (BVF 1); also measured: cortical 1291 HU, muscle 25 HU, fat −102 HU"
    )
    told = replace(told, notices=(Notice("bone-reference-assumed", "x"), Notice("fat-reference-default", "x")))
    assert references_text(told) == (
        "marrow −63 HU (BVF 0), solid bone 1500 HU, assumed (BVF 1); "
        "also measured: cortical 1291 HU, muscle 25 HU; assumed: fat −102 HU"
    )


def test_cut_bones_are_image_facts(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    bones = tuple(replace(bone, cut_by_image=bone.name in ("tibia", "patella")) for bone in analysis.bones)
    facts = {fact.label: fact.value for fact in image_facts(replace(analysis, bones=bones))}
    assert facts["Bones cut by the edge of the image"] == "tibia and patella"
    whole = tuple(replace(bone, cut_by_image=False) for bone in bones)
    assert "Bones cut by the edge of the image" not in {f.label for f in image_facts(replace(analysis, bones=whole))}


def test_blur_is_called_blur(a_report_model: ReportModel) -> None:
    facts = {fact.label: fact.value for fact in a_report_model.image}
    assert facts["Blur (FWHM) within the slices"] == "0.92 mm"
    assert facts["Blur (FWHM) across the slices"] == "1.31 mm"


def test_heads_of_definitions(a_report_model: ReportModel, page: HtmlReader) -> None:
    assert "Mean CT number (HU mean) [HU] Mean CT number over" in page.text
    assert "Skewness (Skew) Third" in page.text
    assert "Noise [HU] Most" in page.text
    assert "log10(HU²)" in page.text and "HU^2" not in page.text


def rows_on_pages(model: ReportModel, rows: int, path: Path) -> list[int]:
    """How many of the rows of a long table each PDF page holds that holds any."""
    table = replace(model.tables[1], rows=tuple((f"row {n} here", "1", "2", "3", "4") for n in range(rows)), note="")
    render_pdf(replace(model, figures=(), tables=(table,), definitions=(), left_out=()), path)
    counts = [len(re.findall(r"row \d+ here", text)) for text in pdf_pages(path)]
    return [count for count in counts if count]


def test_no_row_stands_alone_on_a_page(a_report_model: ReportModel, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    begun, full, _ = rows_on_pages(a_report_model, 110, path)
    for rows in (begun + 1, begun + 2, begun + full + 1, begun + full + 2):
        counts = rows_on_pages(a_report_model, rows, path)
        assert sum(counts) == rows and len(counts) > 1
        assert min(counts) >= 3


def test_virtual_data_are_in_the_title(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    simulated = replace(analysis, notices=(Notice("virtual-knee", "Simulated.", Severity.INFO),))
    assert sentences.title(analysis) == "Subchondral bone of the right knee on CT"
    assert sentences.title(simulated).endswith("(virtual data)")
    assert "simulated" in sentences.limits(simulated)[0]


def test_definitions_cover_all_that_is_shown(a_knee_analysis: AnalyzedKnee, page: HtmlReader) -> None:
    assert len(tables.definitions(a_knee_analysis.analysis)[0]) == len(quantities("ct_"))
    assert quantity("ct_bvf").definition in page.text


def test_csv_round_trip(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    rows = csv_rows(render_csv(analysis))
    assert [row["patch"] for row in rows] == [item.patch.id for item in analysis.patches]
    for row, item in zip(rows, analysis.patches, strict=True):
        assert float(row["x_lps [mm]"]) == item.patch.center_lps_mm[0]
        assert float(row["proximal [mm]"]) == item.patch.center_anatomical_mm[2]
        read = {q.key: row[f"{q.key} [{q.unit}]"] for q in quantities("ct_", scope="patch")}
        assert {key: float(text) for key, text in read.items() if text} == item.values
    refused = [row for row in rows if row["compartment"] == "FL"]
    assert {(row["compartment_reported"], row["reason"]) for row in refused} == {
        ("no", REASON[0].lower() + REASON[1:-1])
    }


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-61.6, 0, "−62"), (-0.001, 2, "0.00"), (math.nan, 2, "—"), (math.inf, 1, "—"), (0.425, 2, "0.42")],
)
def test_number_text(value: float, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


def test_single_patch_has_no_deviation() -> None:
    assert summary_text(quantity("ct_hu_mean"), Summary(412.0, math.nan, 1)) == "412"


def test_header_words() -> None:
    assert (date_text("19570314"), date_text("1957"), age_text("007M")) == ("1957-03-14", "1957", "7 months")
    assert (time_text("2020-06-11T14:03:22Z"), time_text("2020")) == ("2020-06-11 14:03 UTC", "2020")
    assert name_text("Adams^John Robert^^Dr.=亜^丈") == "Adams, John Robert Dr. (亜, 丈)"


def test_side_against_header_is_said(a_knee_analysis: AnalyzedKnee) -> None:
    side = replace(a_knee_analysis.analysis.side, header_side="left", agrees_with_header=False)
    silent = replace(side, header_side="", agrees_with_header=None)
    assert side_text(silent) == "right, not stated in the header. Told by: fibula"
    assert side_text(side) == "right, but the header says left. Told by: fibula"
