"""A manifest of the pairs of CT and MR in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from CTSMALib.learning.pairs import cohort_table as columns
from CTSMALib.learning.pairs.cohort_table import BETWEEN, COLUMNS, CohortTable, Row, relative_to
from CTSMALib.learning.pairs.find_scans import find_scans
from CTSMALib.learning.pairs.found_scan import FoundScan, LeftOut
from CTSMALib.learning.pairs.match import FoundPair, match
from CTSMALib.learning.pairs.splits import assign_splits
from CTSMALib.progress import Progress, silent

MOST_REASONS = 3
KEPT = (columns.SPLIT, columns.GRADE, columns.AGE, columns.SEX)  # of an earlier manifest
_NAMED = (columns.SUBJECT, columns.SIDE)  # kept, too, where both scans are the same


@dataclass(frozen=True)
class FoundCohort:
    """What a folder holds.

    Attributes:
        table: of the knees.
        left_out: files that are no scans, and why.
    """

    table: CohortTable
    left_out: tuple[LeftOut, ...]


def find_pairs(
    folder: Path, manifest: Path, seed: int = 0, earlier: CohortTable | None = None, progress: Progress = silent
) -> FoundCohort:
    """Find the pairs of CT and MR of the same knee.

    Args:
        folder: to look through.
        manifest: where the table is to be written, which its paths are relative to.
        seed: of the splits that are drawn.
        earlier: manifest of the same cohort, whose splits, grades, ages and sexes are kept; of the same two scans
            subject, side and all that is in columns of its own, too, as a person may have corrected or added it.
        progress: told of every folder; may raise :class:`~CTSMALib.errors.CancelledError`.

    Raises:
        InputError: the folder holds no scans.
    """
    scans, left_out = find_scans(folder, progress)
    rows = tuple(_row(pair, manifest.parent, left_out) for pair in match(scans))
    if earlier is not None:
        rows = _with_known(rows, earlier)
    table = CohortTable((*COLUMNS, *_added(earlier)), rows, manifest.parent)
    return FoundCohort(with_splits(table, seed), left_out)


def with_splits(table: CohortTable, seed: int = 0, anew: bool = False) -> CohortTable:
    """The table in which every subject of a pair has a split.

    Args:
        table: of the cohort.
        seed: of those that are drawn.
        anew: draw all; otherwise those that are given stay. Subjects without a pair are not drawn.
    """
    paired = [row[columns.SUBJECT] for row in table.rows if row[columns.CT] and row[columns.MR]]
    given = {} if anew else {row[columns.SUBJECT]: text for row in table.rows if (text := row.get(columns.SPLIT, ""))}
    splits = assign_splits(paired, given, seed)
    rows = tuple(
        {**row, columns.SPLIT: splits.get(row[columns.SUBJECT], row.get(columns.SPLIT, ""))} for row in table.rows
    )
    own = table.columns if columns.SPLIT in table.columns else (*table.columns, columns.SPLIT)
    return replace(table, columns=own, rows=rows)


def _row(pair: FoundPair, folder: Path, left_out: Sequence[LeftOut]) -> Row:
    def path(scan: FoundScan | None) -> str:
        return relative_to(scan.path, folder) if scan is not None else ""

    return {
        columns.SUBJECT: pair.subject,
        columns.SIDE: pair.side,
        columns.CT: path(pair.ct),
        columns.MR: path(pair.mr),
        **dict.fromkeys(KEPT, ""),
        columns.DOUBTS: " ".join((*pair.doubts, *_reasons(pair, left_out))),
        columns.OTHER_CTS: BETWEEN.join(map(path, pair.other_cts)),
        columns.OTHER_MRS: BETWEEN.join(map(path, pair.other_mrs)),
    }


def _reasons(pair: FoundPair, left_out: Sequence[LeftOut]) -> list[str]:
    """Why scans of the same folder were left out, where one is missing."""
    missing = [kind for kind, scan in (("CT", pair.ct), ("MR", pair.mr)) if scan is None]
    groups = {scan.group for scan in (pair.ct, pair.mr) if scan is not None and scan.group}
    reasons = [left.reason for left in left_out if left.kind in missing and left.group in groups]
    return [f"Left out: {reason}" for reason in reasons[:MOST_REASONS]]


def _with_known(rows: Sequence[Row], earlier: CohortTable) -> tuple[Row, ...]:
    """The rows with what an earlier manifest says of the same knees; a split is that of the subject."""
    by_scans = {(row[columns.CT], row[columns.MR]): row for row in earlier.rows if row[columns.CT] and row[columns.MR]}
    by_name = {tuple(row[name] for name in _NAMED): row for row in earlier.rows}
    splits = {row[columns.SUBJECT]: row[columns.SPLIT] for row in earlier.rows if row.get(columns.SPLIT)}
    nothing = dict.fromkeys(_added(earlier), "")
    found = []
    for row in rows:
        same = by_scans.get((row[columns.CT], row[columns.MR]))
        named = {**row, **({name: same[name] for name in (*_NAMED, *nothing)} if same else nothing)}
        known = same or by_name.get(tuple(row[name] for name in _NAMED), {})
        kept = {name: known[name] for name in KEPT if known.get(name)}
        split = splits.get(named[columns.SUBJECT], "")
        found.append({**named, **kept, columns.SPLIT: kept.get(columns.SPLIT, split)})
    return tuple(found)


def _added(earlier: CohortTable | None) -> tuple[str, ...]:
    """Columns that a person has added to an earlier manifest."""
    return () if earlier is None else tuple(name for name in earlier.columns if name not in COLUMNS)
