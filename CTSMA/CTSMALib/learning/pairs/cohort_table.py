"""The manifest of a cohort as a table that people correct: all its columns stay, in their order."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

from CTSMALib.errors import OutputError
from CTSMALib.inputs import Row, read_rows
from CTSMALib.outputs import replace_file

SUBJECT, SIDE, SPLIT, CT, MR, REGISTRATION = "subject", "side", "split", "ct", "mr", "registration"
GRADE, AGE, SEX = "grade", "age", "sex"
OTHER_CTS, OTHER_MRS, DOUBTS = "other_cts", "other_mrs", "doubts"
COLUMNS = (SUBJECT, SIDE, CT, MR, SPLIT, GRADE, AGE, SEX, DOUBTS, OTHER_CTS, OTHER_MRS)
NEEDED = (SUBJECT, SIDE, CT, MR)
PATHS = (CT, MR, REGISTRATION)
BETWEEN = "|"  # several paths in a cell
_FORMAT = f"Give a CSV file with the columns {', '.join(NEEDED)}; paths relative to it."


@dataclass(frozen=True)
class CohortTable:
    """A manifest.

    Attributes:
        columns: of the file.
        rows: cells by column; none is missing.
        folder: that paths are relative to.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    folder: Path

    def path(self, row: int, column: str) -> Path | None:
        """The path in a cell; ``None`` where it is empty."""
        text = self.rows[row].get(column, "")
        return self.folder / text if text else None

    def with_cell(self, row: int, column: str, text: str) -> CohortTable:
        """The table with another text in a cell; a split is that of all rows of the subject."""
        changed = list(self.rows)
        alike = [row]
        if column == SPLIT:
            alike = [k for k, own in enumerate(changed) if own[SUBJECT] == changed[row][SUBJECT]]
        for number in alike:
            changed[number] = {**changed[number], column: text.strip()}
        columns = self.columns if column in self.columns else (*self.columns, column)
        return replace(self, columns=columns, rows=tuple(changed))

    def with_path(self, row: int, column: str, path: Path) -> CohortTable:
        """The table with another path in a cell."""
        return self.with_cell(row, column, relative_to(path, self.folder))

    def without_row(self, row: int) -> CohortTable:
        """The table without a row."""
        return replace(self, rows=(*self.rows[:row], *self.rows[row + 1 :]))

    def with_other(self, row: int, column: str) -> CohortTable:
        """The table in which the next of the other scans that fit takes the place of the one that was chosen.

        Args:
            row: of the knee.
            column: ``"ct"`` or ``"mr"``.
        """
        others = OTHER_CTS if column == CT else OTHER_MRS
        waiting = [text for text in self.rows[row].get(others, "").split(BETWEEN) if text]
        if not waiting:
            return self
        now = self.rows[row][column]
        after = BETWEEN.join([*waiting[1:], *([now] if now else [])])
        return self.with_cell(row, column, waiting[0]).with_cell(row, others, after)

    def confirmed(self, row: int) -> CohortTable:
        """The table in which a person has looked at a row: its doubts are gone."""
        return self.with_cell(row, DOUBTS, "")


def read_table(path: Path) -> CohortTable:
    """Read a manifest; rows that lack something are kept.

    Raises:
        InputError: it cannot be read, or is no manifest.
    """
    columns, rows = read_rows(path, NEEDED, f"The manifest '{path.name}'", _FORMAT)
    return CohortTable(columns, tuple(rows), path.parent)


def write_table(table: CohortTable, path: Path) -> None:
    """Write a manifest, completely or not at all; paths become relative to where it is written.

    Raises:
        OutputError: it cannot be written; what was there is kept.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, table.columns, lineterminator="\n")
    writer.writeheader()
    moved = table.folder != path.parent
    writer.writerows(_moved(row, table.folder, path.parent) if moved else row for row in table.rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.getvalue().encode())
    except OSError as error:
        raise OutputError(f"The manifest {path} cannot be written ({error.strerror}).", "Name another file.") from error


def relative_to(path: Path, folder: Path) -> str:
    """A path as a manifest in a folder has it: relative, with forward slashes; absolute on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def _moved(row: Row, old: Path, new: Path) -> Row:
    moved = {name: relative_to(old / row[name], new) for name in PATHS if row.get(name)}
    for name in (OTHER_CTS, OTHER_MRS):
        if row.get(name):
            moved[name] = BETWEEN.join(relative_to(old / text, new) for text in row[name].split(BETWEEN))
    return {**row, **moved}
