"""Tables of ceilings, of features and of whole scans for ``docs/diagnosis.md``, from the committed results."""

from __future__ import annotations

from Testing.benchmarks.diagnosis.quoted import RESULTS
from Testing.benchmarks.markdown import Row, rows_of, table_of


def ceilings() -> str:
    """AUC by source of the values, and how much more than the student's with the regression."""
    rows = _read("ceilings.csv")
    body = [[row["values"], f"`{row['aggregator']}`", _interval(row), _more(row)] for row in rows]
    return table_of(["Values", "Aggregator", "AUC", "More than `logistic` on the student's values"], body)


def features() -> str:
    """AUC by number of features of the student, and how much more than without."""
    body = [[f"`{row['aggregator']}`", row["features"], _interval(row), _more(row)] for row in _read("features.csv")]
    return table_of(["Aggregator", "Features", "AUC", "More than without"], body)


def whole() -> str:
    """AUC of the shipped student and diagnosis on whole scans."""
    rows = _read("whole_auc.csv")
    return table_of(["By", "Knees", "AUC"], [[f"`{row['aggregator']}`", row["knees"], _interval(row)] for row in rows])


def _more(row: Row) -> str:
    if (row["more_low"], row["more_high"]) == ("0.000", "0.000"):
        return "—"  # compared with itself
    return "{:+.3f} ({:+.3f} to {:+.3f})".format(*(float(row[end]) for end in ("more", "more_low", "more_high")))


def _interval(row: Row) -> str:
    return f"{row['auc']} ({row['low']} to {row['high']})"


def _read(name: str) -> list[Row]:
    return rows_of(RESULTS / name)
