"""The numeric truths, as ``truth`` and ``field_truth`` wrote them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
TRUTHS = (RESULTS / "truth.csv", RESULTS / "field_truth.csv")


def numeric_truth(phantom: str) -> dict[str, float]:
    """Catalogue key to value, of a phantom, or of a seed of a random one (``"field 3"``); empty before they ran."""
    return dict(_all().get(phantom, {}))


@cache
def _all() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for path in [p for p in TRUTHS if p.exists()]:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["phantom"], {})[row["quantity"]] = float(row["value"])
    return found
