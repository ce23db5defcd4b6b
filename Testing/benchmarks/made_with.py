"""Which version of CTSMA the committed results were made with."""

from __future__ import annotations

import json
from collections import defaultdict

from Testing.benchmarks.markdown import table_of
from Testing.benchmarks.record import ROOT

UNSTATED = "not stated"


def made_with() -> str:
    """One row for each folder of benchmarks, its results by version, the newest first."""
    body = []
    for folder in sorted((ROOT / "Testing" / "benchmarks").glob("*/results")):
        of_version: dict[str, list[str]] = defaultdict(list)
        for note in sorted(folder.glob("*.json")):
            told = json.loads(note.read_text(encoding="utf-8"))
            of_version[told.get("ctsma", UNSTATED)].append(f"`{note.stem}`")
        versions = sorted(of_version, key=_number, reverse=True)
        body.append([folder.parent.name, "; ".join(f"{v}: {', '.join(of_version[v])}" for v in versions)])
    return table_of(["Benchmarks", "Version: results"], body)


def _number(version: str) -> tuple[int, ...]:
    return () if version == UNSTATED else tuple(map(int, version.split(".")))
