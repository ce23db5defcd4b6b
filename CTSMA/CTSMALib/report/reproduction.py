"""One page about a whole chain on virtual knees, with the table of the paper and what is virtual about it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CTSMALib import __version__
from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.notices import Severity
from CTSMALib.outputs import replace_file
from CTSMALib.report.evaluation_page.page import PAGE_FILE as EVALUATION_PAGE
from CTSMALib.report.evaluation_page.wording import VIRTUAL
from CTSMALib.report.html import render_html
from CTSMALib.report.model import DISCLAIMER, Column, Fact, Headings, NoticeGroup, ReportModel, Table
from CTSMALib.report.wording import MISSING, number_text

PAGE_FILE = "reproduction.html"
TITLE = "The chain on virtual knees"
ARMS = {
    "mean_hu": "Mean CT number", "ridge": "Ridge on CT features", "boosting": "Gradient boosting on CT features",
    "student_none": "CT student, no distillation", "student_pooled": "CT student, pooled features distilled",
    "student_l1": "CT student, raw maps distilled (the paper's way)", "teacher": "MR teacher",
    "ceiling_true_parameters": "Ceiling: true parameters",
}  # fmt: skip
DIAGNOSES = {
    "none": "CT student, no distillation", "pooled": "CT student, pooled features distilled",
    "l1": "CT student, raw maps distilled (the paper's way)", "mr": "MR values themselves",
}  # fmt: skip
AGGREGATORS = ("transformer", "logistic", "attention-mil", "mean-hu", "age")
PAPER = (
    ("SRRD (arXiv 2307.04390), 80 patients", "0.804", "0.773", "0.711", "0.622", "0.658", "0.767"),
    ("CT-SMA, the same kind of patients", MISSING, MISSING, MISSING, MISSING, "0.778", "0.883"),
)
_Rows = list[dict[str, str]]


def write_reproduction(folder: Path) -> Path:
    """Write the page of a finished chain.

    Args:
        folder: of ``ctsma reproduce``.

    Returns:
        The page.

    Raises:
        OSError: something is missing, or it could not be written.
    """
    page = folder / PAGE_FILE
    replace_file(page, render_html(reproduction_model(folder)).encode())
    return page


def reproduction_model(folder: Path) -> ReportModel:
    """What the page says."""
    error = json.loads((folder / "registration_error.json").read_text(encoding="utf-8"))
    facts = json.loads((folder / "patches" / "patches.json").read_text(encoding="utf-8"))
    record = json.loads((folder / "reproduction.json").read_text(encoding="utf-8"))
    findings = _read(folder / "evaluation" / "findings.csv")
    areas = {name: _read(folder / "diagnosis" / name / "evaluation.csv") for name in DIAGNOSES}
    return ReportModel(
        title=f"{TITLE} ({VIRTUAL})", side="unknown", virtual=True, disclaimer=f"{DISCLAIMER} · {VIRTUAL}",
        identity_line=TITLE, patient=_facts(record, facts, error), study=(), summary=_summary(findings, error),
        notices=_notices(record), compartments=None, figures=(), image=(Fact("Software", f"CTSMA {__version__}"),),
        method=_METHOD, handling=(), limits=_LIMITS, tables=(), definitions=(), left_out=(), sources=(),
        footer=f"CTSMA {__version__} · {TITLE}", leading_tables=(_agreement(findings), _diagnosis(areas), _paper()),
        headings=Headings("What it was made with", "Software", ""),
    )  # fmt: skip


_METHOD = (
    "Virtual knees are made with a CT and a high-resolution MR each. Some whole pairs are registered bone by bone; how "
    "far they are off is the error with which the MR patches of the cohort are displaced. Apparent parameters are "
    "read off the MR patches; a teacher learns them on the MR, students on the CT, with and without the teacher's "
    "feature maps. "
    "Nothing of a tested patient was learned from.",
    'ICC(2,1), absolute agreement of single patches with the MR values, on patients of the split "test"; intervals by '
    "resampling patients. The diagnosis (Kellgren-Lawrence grade 2 or more) is cross-validated by patient among those "
    "that no student has seen; intervals by resampling patients.",
    f"The folder 'evaluation' holds the full comparison ({EVALUATION_PAGE}).",
)
_LIMITS = (
    "Effects of osteoarthritis on virtual bone were set from the literature, not measured: an area under the curve "
    "here says how methods compare on the same knees, nothing about patients.",
    "The figures of the paper are of patients and are repeated for orientation. They cannot be compared with ours.",
)


def _facts(record: Mapping[str, Any], facts: Mapping[str, Any], error: Mapping[str, Any]) -> tuple[Fact, ...]:
    return (
        Fact("Knees", VIRTUAL), Fact("Preset", str(record["preset"])), Fact("Seed", str(record["seed"])),
        Fact("Patches", f"{facts['patches']} of {facts['knees']} knees"), Fact("Targets", f"recipe {facts['recipe']}"),
        Fact("Bones registered", f"{error['bones']}, mean TRE {error['mean_target_registration_error_mm']:.2f} mm"),
    )  # fmt: skip


def _summary(findings: _Rows, error: Mapping[str, Any]) -> tuple[str, ...]:
    said = []
    plain, distilled = (_found(findings, arm, "mean") for arm in ("student_none", "student_l1"))
    if plain and distilled:
        said.append(
            f"Mean ICC(2,1) of the CT student: {_interval(plain)} without distillation, {_interval(distilled)} with "
            "the teacher's raw maps."
        )
    said.append(
        f"Bones were registered to {error['mean_target_registration_error_mm']:.2f} mm (mean TRE); MR boxes were "
        f"displaced by {error['along_each_axis_mm']:.2f} mm along each axis."
    )
    return tuple(said)


def _notices(record: Mapping[str, Any]) -> tuple[NoticeGroup, ...]:
    texts = ["All knees are simulated. Numbers rank methods; they are no evidence about patients."]
    if record["preset"] != "full":
        texts.append("This is the small preset: it shows that the chain works. Its numbers are too uncertain to rank.")
    return (NoticeGroup("Virtual knees, not patients", Severity.CAUTION, tuple(texts)),)


def _agreement(findings: _Rows) -> Table:
    rows = []
    for arm, title in ARMS.items():
        cells = [_found(findings, arm, key) for key in (*KEYS, "mean")]
        if any(cells):
            rows.append((title, *(_interval(cell) if cell else MISSING for cell in cells)))
    columns = (Column("Arm"), *(Column(quantity(key).symbol) for key in KEYS), Column("Mean of four"))
    return Table("Agreement with the MR", columns, tuple(rows), "ICC(2,1) with its 95 % interval, single patches.")


def _diagnosis(areas: Mapping[str, _Rows]) -> Table:
    rows = []
    for name, title in DIAGNOSES.items():
        found = {row["aggregator"]: row for row in areas[name] if row["measure"] == "auc by patient"}
        rows.append((title, *(_interval(found[a]) if a in found else MISSING for a in AGGREGATORS)))
    titles = ("Transformer", "Logistic regression", "Attention MIL", "Mean CT number", "Age")
    note = (
        "Area under the ROC curve with its 95 % interval. All rows are of the same patients: mean CT number and age do "
        "not depend on the row."
    )
    return Table("Diagnosis", (Column("Values from"), *(Column(title) for title in titles)), tuple(rows), note)


def _paper() -> Table:
    names = (*(f"ICC {quantity(key).symbol.removeprefix('app. ')}" for key in KEYS), "AUC without", "AUC with")
    note = (
        'As published, of patients; form and unit of the ICC are not stated. CT-SMA gives a mean ICC of 0.742. "With" '
        'and "without" distillation.'
    )
    return Table("Published figures, for orientation", (Column("Source"), *(Column(n) for n in names)), PAPER, note)


def _found(rows: _Rows, arm: str, key: str) -> dict[str, str] | None:
    for row in rows:
        wanted = (row["arm"], row["target"], row["level"], row["grouping"], row["key"], row["statistic"])
        if wanted == (arm, "mr", "patch", "all", key, "icc_agreement"):
            return row
    return None


def _interval(row: Mapping[str, str]) -> str:
    value, low, high = (float(row[name]) if row[name] else float("nan") for name in ("value", "low", "high"))
    return f"{number_text(value, 3)} ({number_text(low, 3)} to {number_text(high, 3)})"


def _read(path: Path) -> _Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
