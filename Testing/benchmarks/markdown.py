"""Tables of the committed results as Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

NOT_YET = "Not measured yet."
Row = dict[str, str]


class NotMeasured(Exception):
    """Results that a table needs are not there."""


def rows_of(path: Path) -> list[Row]:
    """Rows of a CSV file.

    Raises:
        NotMeasured: it is not there.
    """
    if not path.exists():
        raise NotMeasured(path.name)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_of(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table.

    Raises:
        NotMeasured: it has no rows.
    """
    names, lines = list(head), [list(line) for line in body]
    if not lines:
        raise NotMeasured(names[0])
    return "\n".join("| " + " | ".join(line) + " |" for line in [names, ["---"] * len(names), *lines])


def told(table: Callable[[], str]) -> str:
    """A table, or :data:`NOT_YET`."""
    try:
        return table()
    except NotMeasured:
        return NOT_YET
