"""An evaluation becomes one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTSMALib import __version__
from CTSMALib.notices import Severity
from CTSMALib.report.evaluation_page import tables
from CTSMALib.report.evaluation_page.panels import bland_altman_panels, scatter_panels
from CTSMALib.report.evaluation_page.rows import REFERENCE, forest_panels, group_panels
from CTSMALib.report.evaluation_page.wording import VIRTUAL, name, with_interval, with_virtual
from CTSMALib.report.html import render_html
from CTSMALib.report.model import DISCLAIMER, Fact, Headings, NoticeGroup, ReportFigure, ReportModel
from CTSMALib.report.wording import NOT_STATED, clean, number_text

if TYPE_CHECKING:
    from CTSMALib.learning.evaluation.result import Evaluation

PAGE_FILE = "evaluation.html"
CONTROL = "student_none"
_HEADINGS = Headings("Patch set and predictions", "Settings", "What could not be compared")
_METHOD = (
    "Every interval comes from drawing whole patients with replacement, as patches of a patient belong together: "
    "bias-corrected percentiles, widened for few patients (Efron and Tibshirani 1993; Hesterberg 2015). Differences "
    "between arms are of the same patients and patches.",
    "ICC(2,1): absolute agreement; ICC(3,1): consistency (Shrout and Fleiss 1979). Limits of agreement: for a "
    "single patch of a patient, from a one-way analysis of variance of the differences by patient, as those of a "
    "patient are alike (Bland and Altman 2007). Where an arm was trained several times, values are means over its "
    "runs.",
    "References say what to expect and are no upper bounds. One is what ridge regression makes of the true parameters, "
    "cross-validated by patient: the MR value holds noise of its own, which no CT shows. Another is a second MR scan.",
)
_LIMITS = (
    "Intervals are about other patients like these, not about other trainings, scanners or kinds of bone. With few "
    "patients in a group they are rough. The four parameters are no four independent results: they have about two "
    "degrees of freedom. An ICC depends on how much patches differ: read it with the RMSE and the middle half.",
)


def evaluation_page(found: Evaluation) -> str:
    """The whole page; pictures are inside."""
    return render_html(page_model(found))


def page_model(found: Evaluation) -> ReportModel:
    """What the page says and shows."""
    title = with_virtual("Evaluation against MR and truth", found.virtual)
    leading = (tables.arm_table(found), tables.difference_table(found), tables.shown_table(found))
    more = (tables.level_table(found), tables.truth_table(found), tables.group_table(found))
    return ReportModel(
        title=title,
        side="unknown",
        virtual=found.virtual,
        disclaimer=f"{DISCLAIMER} · {VIRTUAL}" if found.virtual else DISCLAIMER,
        identity_line=title,
        patient=_set_facts(found),
        study=(
            Fact("Arms", str(len(found.arms()))),
            Fact("Shown", clean(found.shown.run)),
        ),
        summary=_summary(found),
        notices=_notices(found),
        compartments=None,
        figures=_figures(found),
        image=(
            Fact("Resamplings of patients", str(found.resamplings)),
            Fact("Seed of the resampling", str(found.seed)),
            Fact("Software", f"CTSMA {__version__}"),
        ),
        method=_METHOD,
        handling=found.remarks,
        limits=_LIMITS,
        tables=tuple(table for table in more if table is not None and table.rows),
        definitions=(),
        left_out=(),
        sources=(),
        footer=f"CTSMA {__version__} · evaluation of the split {clean(found.split)}",
        leading_tables=tuple(table for table in leading if table is not None),
        headings=_HEADINGS,
    )


def _set_facts(found: Evaluation) -> tuple[Fact, ...]:
    return (
        Fact("Knees", VIRTUAL if found.virtual else "of people"),
        Fact("Source", clean(found.source) or NOT_STATED),
        Fact("Split", clean(found.split)),
        Fact("Patches of the split", str(found.patches)),
        Fact("Patients of the split", str(found.patients)),
    )


def _notices(found: Evaluation) -> tuple[NoticeGroup, ...]:
    if not found.virtual:
        return ()
    text = "These knees are simulated. Numbers rank methods; they are no evidence about patients."
    return (NoticeGroup("Virtual knees, not patients", Severity.CAUTION, (text,)),)


def _summary(found: Evaluation) -> tuple[str, ...]:
    arm = found.shown.arm
    mean = found.find(arm)
    said = []
    if mean is not None:
        count = f"{mean.pairs} patches of {mean.patients} patients"
        said.append(f"{name(arm)}: mean ICC(2,1) with the MR {with_interval(mean)} on {count}.")
    ratio = found.difference(arm, "ceiling_true_parameters", "icc_agreement_ratio")
    if ratio is not None:
        said.append(f"That is {number_text(100 * ratio.value, 0)} % of what ridge makes of the true parameters.")
    difference = found.difference(arm, REFERENCE)
    if difference is not None:
        said.append(f"Less {REFERENCE}: {with_interval(difference, signed=True)}.")
    control = found.difference(CONTROL, REFERENCE)
    if control is not None and control.high < 0.0:
        said.append(f"{CONTROL} is below {REFERENCE}: underfit, no comparison with it is claimed.")
    return tuple(said)


def _figures(found: Evaluation) -> tuple[ReportFigure, ...]:
    shown, virtual, run = found.shown, found.virtual, clean(found.shown.run)
    other = REFERENCE in found.arms() and shown.arm != REFERENCE
    figures = (
        ("Arms compared", "Squares: arms; diamonds: references; lines: 95 % intervals.", forest_panels(found)),
        ("Scatter", f"{run} over MR values of patches. Dashed: equal.", scatter_panels(shown, virtual)),
        ("Bland–Altman", f"{run}, patches. Solid: bias; dashed: limits.", bland_altman_panels(shown, virtual)),
        (
            "By group",
            f"Bars: {name(shown.arm)}{f'; diamonds: {REFERENCE}' if other else ''}; lines: 95 % intervals.",
            group_panels(found),
        ),
    )
    return tuple(
        ReportFigure(with_virtual(title, virtual), caption, panels, None)
        for title, caption, panels in figures
        if panels
    )
