"""The numeric truths, as ``Testing.benchmarks.morphometry.truth`` wrote them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

TRUTH = Path(__file__).parent / "results" / "truth.csv"


def numeric_truth(phantom: str) -> dict[str, float]:
    """Catalogue key to value; empty before ``truth`` has run."""
    return dict(_all().get(phantom, {}))


@cache
def _all() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    if TRUTH.exists():
        with TRUTH.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["phantom"], {})[row["quantity"]] = float(row["value"])
    return found
