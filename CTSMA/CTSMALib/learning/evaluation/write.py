"""An evaluation on disk: long tables, and a description beside them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from CTSMALib import __version__
from CTSMALib.learning.evaluation.result import Difference, Evaluation, Finding

HEADER_FILE, FINDINGS_FILE, DIFFERENCES_FILE = "evaluation.json", "findings.csv", "differences.csv"
SCHEMA, SCHEMA_VERSION = "ctsma-evaluation", 1


def write_evaluation(found: Evaluation, folder: Path) -> None:
    """Write ``findings.csv``, ``differences.csv`` and ``evaluation.json`` to a folder that is there.

    Numbers have six significant digits; cells without a number are empty.

    Raises:
        OSError: they cannot be written.
    """
    for name, kind, rows in (
        (FINDINGS_FILE, Finding, found.findings),
        (DIFFERENCES_FILE, Difference, found.differences),
    ):
        _write_table(folder / name, [field.name for field in fields(kind)], map(astuple, rows))
    head = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "software_version": __version__,
        "research_use_only": True,
        "virtual": found.virtual,
        "source": found.source,
        "split": found.split,
        "patches": found.patches,
        "patients": found.patients,
        "resamplings": found.resamplings,
        "seed": found.seed,
        "interval": "95 %, bias-corrected percentiles over resamplings of patients",
        "arms": list(found.arms()),
        "shown": found.shown.run,
        "shown_arm": found.shown.arm,
        "remarks": list(found.remarks),
        "tables": {"findings": FINDINGS_FILE, "differences": DIFFERENCES_FILE},
    }
    (folder / HEADER_FILE).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_head(folder: Path) -> dict[str, Any]:
    """What ``evaluation.json`` says; empty where there is no evaluation."""
    try:
        found = json.loads((folder / HEADER_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def holds_evaluation(folder: Path) -> bool:
    """Whether an evaluation is there, which may be replaced."""
    return bool(read_head(folder))


def _write_table(path: Path, names: list[str], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if value != value else f"{value:.6g}"
