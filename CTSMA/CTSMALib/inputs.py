"""The first look at what the user gives as input, before anything heavy is loaded."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from CTSMALib.errors import InputError

Row = dict[str, str]
_DELIMITERS = (",", ";", "\t")  # spreadsheets write semicolons where the comma is that of decimals
NOT_UTF8 = "has a name that is not in UTF-8"
RENAME = "Rename it, and the folders that it lies in, with plain letters."


def existing_path(path: str | Path) -> Path:
    """``path`` made absolute.

    Raises:
        InputError: nothing is there, or the libraries that read images cannot be given its name.
    """
    source = Path(path)
    try:
        exists, readable = source.exists(), is_utf8(source.absolute())
    except (OSError, ValueError):  # a name too long, or with a null character
        exists, readable = False, True
    if not readable:
        raise InputError(f"'{printable(source)}' {NOT_UTF8}.", RENAME)
    if not exists:
        raise InputError(f"'{path}' does not exist.", "Check the spelling of the path.")
    return source.absolute()


def is_utf8(path: Path) -> bool:
    """Whether a path can be given to libraries; names from old archives cannot, and end some of them at once."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(path: Path) -> str:
    """A path of any kind as text that can be shown."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


def delimiter_of(head: str) -> str:
    """What separates the cells of a table, told from its first line."""
    return max(_DELIMITERS, key=head.count)


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
            reader = csv.DictReader(file, strict=True, delimiter=delimiter_of(head))
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
