"""Tables of students and what they are compared with, from the committed results."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from statistics import mean, stdev

from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.benchmarks.student.arms import RESULTS

NOT_YET = "Not measured yet."
FACTORS = {
    "baseline": "Baselines", "way": "Ways of distilling", "patients": "Paired patients", "size": "Smaller student",
    "misregistration": "Misregistration", "maps": "Maps that are distilled",
}  # fmt: skip
Row = dict[str, str]


def arms() -> str:
    """ICC(2,1) of every arm on the split ``test``."""
    path = RESULTS / "arms.csv"
    if not path.exists():
        return NOT_YET
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    head = ["Factor", "Arm", "Seeds", *(quantity(key).symbol for key in KEYS), "Mean of four", "ICC(3,1), mean"]
    body = []
    for factor, title in FACTORS.items():
        for name in dict.fromkeys(row["arm"] for row in rows if row["factor"] == factor):
            own = [row for row in rows if row["arm"] == name]
            cells = [_cell(own, f"test_{key}") for key in (*KEYS, "mean", "consistency")]
            body.append([title, f"`{name}`", str(len(own)), *cells])
    return _table(head, body)


def whole() -> str:
    """Agreement on whole virtual scans."""
    path = RESULTS / "whole.csv"
    if not path.exists():
        return NOT_YET
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    head = ["Arm", "Parameter", "Patches (knees)", "ICC(2,1)", "ICC(3,1)", "Bias", "RMSE", "In the 95 % interval"]
    body = [
        [
            f"`{r['arm']}`", quantity(r["parameter"]).symbol, f"{r['patches']} ({r['knees']})",
            f"{r['icc']} ({r['low']} to {r['high']})", r["consistency"], r["bias"], r["rmse"],
            f"{float(r['covered']):.0%}",
        ]
        for r in rows
    ]  # fmt: skip
    return _table(head, body)


def _cell(rows: list[Row], key: str) -> str:
    values = [float(row[key]) for row in rows]
    return f"{mean(values):.3f}" + (f" (SD {stdev(values):.3f})" if len(values) > 1 else "")


def _table(head: list[str], body: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
