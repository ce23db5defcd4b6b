"""What is wrong with a manifest, row by row, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from CTSMALib.learning.pairs.cohort_table import CT, DOUBTS, GRADE, MR, REGISTRATION, SIDE, SPLIT, SUBJECT, CohortTable
from CTSMALib.learning.pairs.naming import LEFT, RIGHT, as_name
from CTSMALib.learning.pairs.splits import SPLITS

ERROR, WARNING = "error", "warning"
FEWEST = {"train": 2, "stop": 1, "calibrate": 1}  # subjects, for a training
WISHED = ("tune", "test")
WHOLE_TABLE = -1


@dataclass(frozen=True)
class RowFinding:
    """One thing that is wrong, or may be.

    Attributes:
        row: which, from 0; :data:`WHOLE_TABLE` for all.
        gravity: an error keeps the row from being used.
        text: one sentence.
        remedy: what to do, one sentence.
    """

    row: int
    gravity: str
    text: str
    remedy: str


def check_cohort(table: CohortTable) -> tuple[RowFinding, ...]:
    """Look for what would stop a later step; errors come first, then by row.

    Nothing in a row that lacks a scan is an error: later steps pass it over.
    """
    found = [finding for number in range(len(table.rows)) for finding in _row(table, number)]
    found += [*_twins(table), *_leaks(table), *_few(table)]
    used = {WHOLE_TABLE, *complete_rows(table)}
    found = [finding if finding.row in used else replace(finding, gravity=WARNING) for finding in found]
    return tuple(sorted(found, key=lambda f: (f.gravity != ERROR, f.row)))


def complete_rows(table: CohortTable) -> tuple[int, ...]:
    """The rows that have both scans."""
    return tuple(number for number, row in enumerate(table.rows) if row[CT] and row[MR])


def _row(table: CohortTable, number: int) -> list[RowFinding]:
    row = table.rows[number]
    found = []
    if not row[SUBJECT] or as_name(row[SUBJECT]) != row[SUBJECT]:
        text = f"'{row[SUBJECT]}' cannot name a subject." if row[SUBJECT] else "The subject is not named."
        found.append(RowFinding(number, ERROR, text, "Use letters, digits, '-', '_' and '.' only."))
    if row[SIDE] not in (LEFT, RIGHT):
        text = f"The side '{row[SIDE]}' is unknown." if row[SIDE] else "The side is open."
        found.append(RowFinding(number, ERROR, text, "Write left or right."))
    if row.get(SPLIT) and row[SPLIT] not in SPLITS:
        found.append(
            RowFinding(number, ERROR, f"There is no split '{row[SPLIT]}'.", f"Take one of {', '.join(SPLITS)}.")
        )
    if row.get(GRADE) and row[GRADE] not in ("0", "1", "2", "3", "4"):
        found.append(RowFinding(number, ERROR, f"The grade '{row[GRADE]}' is none.", "Write 0 to 4, or nothing."))
    for column, kind in ((CT, "CT"), (MR, "MR"), (REGISTRATION, "registration")):
        path = table.path(number, column)
        if path is not None and not path.exists():
            found.append(RowFinding(number, ERROR, f"The {kind} '{row[column]}' is not there.", "Correct its path."))
        elif path is None and column != REGISTRATION:
            found.append(RowFinding(number, WARNING, f"It has no {kind}.", f"Choose its {kind}, or take the row away."))
    if row[CT] and row[CT] == row[MR]:
        found.append(RowFinding(number, ERROR, "CT and MR are the same file.", "Correct one of them."))
    if row.get(DOUBTS):
        found.append(RowFinding(number, WARNING, row[DOUBTS], "Look at it, correct it, or confirm the row."))
    return found


def _twins(table: CohortTable) -> list[RowFinding]:
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    scans: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(table.rows):
        places[row[SUBJECT], row[SIDE]].append(number)
        if row[MR]:
            scans[row[MR]].append(number)
    found = []
    for (subject, side), rows in places.items():
        if len(rows) > 1:
            text = f"The {side or 'same'} knee of {subject or 'nobody'} is listed {len(rows)} times."
            found += [RowFinding(number, ERROR, text, "Keep one, or correct subject or side.") for number in rows[1:]]
    for rows in scans.values():
        if len(rows) > 1:
            text = f"The MR is that of row {rows[0] + 1} too."
            found += [RowFinding(number, ERROR, text, "Choose the MR of this knee.") for number in rows[1:]]
    return found


def _leaks(table: CohortTable) -> list[RowFinding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in table.rows:
        splits[row[SUBJECT]].add(row.get(SPLIT, ""))
    return [
        RowFinding(number, ERROR, f"{row[SUBJECT]} is in more than one split.", "Give a subject one split.")
        for number, row in enumerate(table.rows)
        if len(splits[row[SUBJECT]] - {""}) > 1
    ]


def _few(table: CohortTable) -> list[RowFinding]:
    subjects: dict[str, set[str]] = defaultdict(set)
    for number in complete_rows(table):
        row = table.rows[number]
        subjects[row.get(SPLIT, "")].add(row[SUBJECT])
    found = []
    if subjects[""]:
        text = f"{len(subjects[''])} subjects have no split."
        found.append(RowFinding(WHOLE_TABLE, ERROR, text, "Assign splits."))
    for split, fewest in FEWEST.items():
        if len(subjects[split]) < fewest:
            text = f"The split '{split}' has {len(subjects[split])} subjects with CT and MR; a training needs {fewest}."
            found.append(RowFinding(WHOLE_TABLE, WARNING, text, "Add knees, or assign splits again."))
    empty = [split for split in WISHED if not subjects[split]]
    if empty:
        text = f"No subject is of the split {' or '.join(empty)}."
        found.append(RowFinding(WHOLE_TABLE, WARNING, text, "Add knees, or assign splits again."))
    return found
