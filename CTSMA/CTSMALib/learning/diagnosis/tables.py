"""The tables of a training: predictions of knees that were not learned from, and numbers on them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from CTSMALib.learning.diagnosis.dataset import DiagnosisData
from CTSMALib.learning.diagnosis.evaluate import Evaluation
from CTSMALib.learning.diagnosis.nested import FoldResult
from CTSMALib.outputs import replace_file

PREDICTED_FILE, MEASURED_FILE, DIFFERENCES_FILE = "out_of_fold.csv", "evaluation.csv", "differences.csv"


def write_predicted(data: DiagnosisData, results: Sequence[FoldResult], folder: Path) -> None:
    """Write a row for each knee and aggregator."""
    grade = {case.knee: case.grade for case in data.cases}
    columns = ("knee", "subject", "fold", "aggregator", "grade", "p", *(f"p_grade_{number}" for number in range(5)))
    rows = (
        (one.knee, one.subject, found.fold, found.aggregator, grade[one.knee], one.probability, *one.grades)
        for found in results
        for one in found.predicted
    )
    _write(folder / PREDICTED_FILE, columns, rows)


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write a row for each number, and one for each pair of aggregators."""
    rows = ((m.aggregator, m.measure, m.found.value, m.found.low, m.found.high) for m in evaluation.measured)
    _write(folder / MEASURED_FILE, ("aggregator", "measure", "value", "low", "high"), rows)
    columns = ("first", "second", "auc_difference", "low", "high", "p", "by_patient_low", "by_patient_high")
    apart = (
        (d.first, d.second, d.delong.value, d.delong.low, d.delong.high, d.p, d.by_patient.low, d.by_patient.high)
        for d in evaluation.differences
    )
    _write(folder / DIFFERENCES_FILE, columns, apart)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    replace_file(path, text.getvalue().encode())
