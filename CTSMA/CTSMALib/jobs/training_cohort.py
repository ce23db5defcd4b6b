"""The manifest of a project under correction: read, changed cell by cell, checked, saved. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.jobs.pairs import left_out_file, read_left_out
from CTSMALib.jobs.training_project import CohortKind, Project

if TYPE_CHECKING:
    from CTSMALib.learning.pairs.check_cohort import RowFinding
    from CTSMALib.learning.pairs.cohort_table import CohortTable

EDITABLE = ("subject", "side", "split", "grade")
_NO_TABLE = "There is no manifest yet."


@dataclass(frozen=True)
class KneeLine:
    """A row for people.

    Attributes:
        cells: texts by column.
        gravity: of its gravest finding; empty for none.
        words: what is wrong, or may be, and what to do.
        other_cts, other_mrs: how many other scans fit.
        doubtful: whether there are doubts that a person may confirm.
    """

    cells: dict[str, str]
    gravity: str
    words: str
    other_cts: int
    other_mrs: int
    doubtful: bool


class CohortDesk:
    """The manifest of one project.

    Attributes:
        project: whose manifest it is.
        table: as it stands; ``None`` where there is none yet.
        unsaved: whether it was changed since it was read or saved.
        left_out: what was left out when its pairs were found, and why; a table of it that is damaged is one of these.
    """

    def __init__(self, project: Project) -> None:
        """Read the manifest, if it is there.

        Raises:
            InputError: it is damaged.
        """
        self.project = project
        self.table: CohortTable | None = None
        self.unsaved = False
        self.left_out = _left_out(project.manifest) if self.may_change else ()
        self._findings: tuple[RowFinding, ...] | None = None
        if project.kind is not CohortKind.VIRTUAL_PATCHES and project.manifest.is_file():
            from CTSMALib.learning.pairs.cohort_table import read_table

            self.table = read_table(project.manifest)

    @property
    def may_change(self) -> bool:
        """Whether the manifest is one that people write; that of a virtual cohort is not."""
        return self.project.kind in (CohortKind.MANIFEST, CohortKind.SCANS)

    @property
    def findings(self) -> tuple[RowFinding, ...]:
        """What is wrong with it, or may be."""
        if self.table is None:
            return ()
        if self._findings is None:
            from CTSMALib.learning.pairs.check_cohort import check_cohort

            self._findings = check_cohort(self.table)
        return self._findings

    @property
    def errors(self) -> int:
        """How many findings keep something from being used."""
        return sum(finding.gravity == "error" for finding in self.findings)

    @property
    def of_all(self) -> tuple[RowFinding, ...]:
        """The findings that concern the whole table."""
        return tuple(finding for finding in self.findings if finding.row < 0)

    def lines(self) -> tuple[KneeLine, ...]:
        """The rows for people."""
        if self.table is None:
            return ()
        return tuple(self._line(number, row) for number, row in enumerate(self.table.rows))

    def summary(self) -> str:
        """How many pairs and subjects, and of which splits, in a sentence."""
        if self.table is None:
            return ""
        pairs = [row for row in self.table.rows if row["ct"] and row["mr"]]
        splits = {row["subject"]: row.get("split", "") for row in pairs}
        counts = {name: list(splits.values()).count(name) for name in dict.fromkeys(splits.values()) if name}
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
        knees = f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'} of {len(splits)} subjects"
        return f"{knees}; splits: {told}." if told else f"{knees}, without splits."

    def path(self, row: int, column: str) -> Path | None:
        """The scan in a row; ``None`` where there is none."""
        found = self.table.path(row, column) if self.table is not None else None
        return found.resolve() if found is not None and found.exists() else found

    def set_cell(self, row: int, column: str, text: str) -> None:
        """Write into a cell of :data:`EDITABLE`."""
        self._take(self._known().with_cell(row, column, text))

    def set_path(self, row: int, column: str, path: Path) -> None:
        """Choose another scan."""
        self._take(self._known().with_path(row, column, path.absolute()))

    def take_other(self, row: int, column: str) -> None:
        """Take the next of the other scans that fit."""
        self._take(self._known().with_other(row, column))

    def confirm(self, row: int) -> None:
        """A person has looked at a row."""
        self._take(self._known().confirmed(row))

    def remove(self, row: int) -> None:
        """Take a row away."""
        self._take(self._known().without_row(row))

    def assign_splits(self, seed: int, anew: bool) -> None:
        """Give every subject a split; those that are given stay, unless all are drawn anew."""
        from CTSMALib.learning.pairs.find_pairs import with_splits

        self._take(with_splits(self._known(), seed, anew))

    def save(self) -> Path:
        """Write the manifest.

        Raises:
            CTSMAError: there is none, it is that of a virtual cohort, or it cannot be written.
        """
        from CTSMALib.learning.pairs.cohort_table import read_table, write_table

        table = self._known()
        if not self.may_change:
            raise InputError("The manifest of a virtual cohort is not changed.", "Make another cohort.")
        write_table(table, self.project.manifest)
        self._take(read_table(self.project.manifest))
        self.unsaved = False
        return self.project.manifest

    def _known(self) -> CohortTable:
        if self.table is None:
            raise InputError(_NO_TABLE, "Find the pairs first.")
        return self.table

    def _take(self, table: CohortTable) -> None:
        self.unsaved = self.unsaved or table != self.table
        self.table, self._findings = table, None

    def _line(self, number: int, row: dict[str, str]) -> KneeLine:
        own = [finding for finding in self.findings if finding.row == number]
        return KneeLine(
            cells={name: row.get(name, "") for name in (*EDITABLE, "ct", "mr")},
            gravity=own[0].gravity if own else "",
            words="\n".join(f"{finding.text} {finding.remedy}" for finding in own),
            other_cts=_count(row.get("other_cts", "")),
            other_mrs=_count(row.get("other_mrs", "")),
            doubtful=bool(row.get("doubts")),
        )


def _left_out(manifest: Path) -> tuple[tuple[str, str], ...]:
    try:
        return read_left_out(manifest)
    except InputError as error:
        return ((left_out_file(manifest).name, str(error)),)


def _count(cell: str) -> int:
    return len([text for text in cell.split("|") if text])
