"""The learning patches as a table for spreadsheets and statistics."""

from __future__ import annotations

import csv
import io
import math

from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.diagnosis.calibration import GRADES
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.leading import possible

_PLACE_COLUMNS = (
    "patch",
    "bone",
    "compartment",
    "row",
    "column",
    "layer",
    "x_lps [mm]",
    "y_lps [mm]",
    "z_lps [mm]",
    "lateral [mm]",
    "anterior [mm]",
    "proximal [mm]",
    "valid_fraction [1]",
    "compartment_reported",
    "reason",
    "excluded",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render_csv(analysis: KneeAnalysis, diagnosis: StoredDiagnosis | None = None) -> str:
    """All 96 learning patches, one a line, with a single header line.

    A quantity's column is called ``key [unit]``, for example ``ct_hu_mean [HU]`` (unit ``1`` for a ratio); every patch
    quantity that the catalogue has for a CT, for a CT that a student has read, or for an MR has one, so that tables of
    such knees can be stacked. On an MR, and on a CT that a student has read, standard uncertainties of apparent and
    calibrated parameters (``u(key) [unit]``) and the flags of the patch follow. Numbers have full precision; a cell is
    empty where nothing was measured. The column ``excluded`` holds the reason why a reader has excluded the patch,
    which has no values then. Text that a spreadsheet would take for a formula starts with an apostrophe.

    Where there is a diagnosis, columns of it follow: what the patch adds to the log odds, and, the same on every line,
    what holds for the knee; numbers only where they are shown, the statement always.
    """
    entries = possible(analysis)
    uncertain = [entry for entry in entries if entry.key.startswith(("app_", "vcal_"))]
    reasons = {f.key: ("yes" if f.reported else "no", f.reason) for f in analysis.compartments}
    excluded = {one.patch: one.reason for one in analysis.exclusions}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    last = [f"u({entry.key}) [{entry.unit}]" for entry in uncertain] + (["flags"] if uncertain else [])
    named, of_knee = _knee_columns(diagnosis)
    writer.writerow([*_PLACE_COLUMNS, *(f"{entry.key} [{entry.unit}]" for entry in entries), *last, *named])
    for item in analysis.patches:
        texts = (*reasons.get(item.patch.compartment, ("", "")), excluded.get(item.patch.id, ""))
        remarks = [_safe(text) for text in texts]
        numbers = [_number(item.values.get(entry.key)) for entry in entries]
        numbers += [_number(item.uncertainties.get(entry.key)) for entry in uncertain]
        own = [] if diagnosis is None else [_number(diagnosis.patches.get(item.patch.id)), *of_knee]
        writer.writerow([*_place(item), *remarks, *numbers, *([" ".join(item.flags)] if uncertain else []), *own])
    return stream.getvalue()


def _knee_columns(diagnosis: StoredDiagnosis | None) -> tuple[list[str], list[str]]:
    """Names of the columns of a diagnosis, and the cells that hold for the whole knee."""
    if diagnosis is None:
        return [], []
    grades = diagnosis.grades or (math.nan,) * GRADES
    numbers = {"oa_probability [1]": diagnosis.probability, "oa_low [1]": diagnosis.low, "oa_high [1]": diagnosis.high}
    numbers |= {f"oa_grade_{grade} [1]": share for grade, share in enumerate(grades)}
    numbers["oa_usual_probability [1]"] = diagnosis.usual_probability
    texts = {"oa_aggregator": diagnosis.aggregator, "oa_model": diagnosis.model, "oa_statement": diagnosis.statement}
    cells = [_number(number) for number in numbers.values()]
    return ["oa_log_odds [1]", *numbers, *texts], [*cells, *(_safe(text) for text in texts.values())]


def _place(item: PatchMeasurement) -> list[str]:
    patch = item.patch
    texts = [_safe(text) for text in (patch.id, patch.bone, patch.compartment)]
    indices = [str(index) for index in (patch.row, patch.column, patch.layer)]
    lengths = (*patch.center_lps_mm, *patch.center_anatomical_mm, patch.valid_fraction)
    return [*texts, *indices, *(_number(length) for length in lengths)]


def _number(value: float | None) -> str:
    """The shortest text that reads back as the same number; empty for what is missing or not finite."""
    return "" if value is None or not math.isfinite(value) else repr(float(value))


def _safe(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
