"""The first look at what the user gives as input, before anything heavy is loaded."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from CTSMALib.errors import InputError

Row = dict[str, str]
_DELIMITERS = (",", ";", "\t")  # spreadsheets write semicolons where the comma is that of decimals


def existing_path(path: str | Path) -> Path:
    """``path`` made absolute.

    Raises:
        InputError: nothing is there.
    """
    source = Path(path)
    try:
        exists = source.exists()
    except (OSError, ValueError):  # a name too long, or with a null character
        exists = False
    if not exists:
        raise InputError(f"'{path}' does not exist.", "Check the spelling of the path.")
    return source.absolute()


def read_rows(path: Path, needed: Sequence[str], what: str, remedy: str) -> tuple[tuple[str, ...], list[Row]]:
    """The columns and rows of a table that people may have written with a spreadsheet.

    Args:
        path: CSV file in UTF-8; cells are separated by commas, semicolons or tabs.
        needed: columns that must be there.
        what: the table, as sentences begin with it.
        remedy: what a user can do where it cannot be used.

    Returns:
        Names of the columns, and the rows without those that are empty; cells without white space around them.

    Raises:
        InputError: it cannot be read, lacks a column, or has a row with a wrong number of cells.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, strict=True, delimiter=max(_DELIMITERS, key=head.count))
            columns = tuple(name.strip() for name in reader.fieldnames or ())
            reader.fieldnames = list(columns)
            rows = list(reader)
    except OSError as error:
        raise InputError(f"{what} cannot be read ({error.strerror}).", remedy) from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"{what} is no CSV table in UTF-8.", remedy) from error
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(f"{what} has no column {missing[0]}.", remedy)
    if any(None in row or None in row.values() for row in rows):
        raise InputError(f"{what} has a row with a wrong number of cells.", remedy)
    stripped = [{name: cell.strip() for name, cell in row.items()} for row in rows]
    return columns, [row for row in stripped if any(row.values())]
