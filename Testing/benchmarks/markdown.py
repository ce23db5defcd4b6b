"""Tables of the committed results as Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

NOT_YET = "Not measured yet."
Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    """Rows of a CSV file; none where it is not there."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_of(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table; :data:`NOT_YET` where it has no rows."""
    names, lines = list(head), [list(line) for line in body]
    if not lines:
        return NOT_YET
    return "\n".join("| " + " | ".join(line) + " |" for line in [names, ["---"] * len(names), *lines])
