"""The cases of a cohort that was registered: where each stands, which to look at next, how far the review is.

Read from the folder that ``ctsma register --cohort`` writes: ``manifest.csv`` with the column ``registration``, and
``status.csv``, which says why a pair was refused. Where each case stands is read from its record.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.registration.record import CHECK, FAILED, GOOD, RegistrationRecord
from CTSMALib.registration.record_folder import holds_registration, load_record
from CTSMALib.registration.review.case_notes import read_notes
from CTSMALib.registration.review.decisions import IN_PART, STATUSES, UNREVIEWED, status

MANIFEST_FILE, STATUS_FILE = "manifest.csv", "status.csv"
NEEDED = ("subject", "side", "ct", "mr", "registration")
NOT_REGISTERED, REFUSED, DAMAGED = "not registered", "refused", "damaged"
CASE_STATUSES = (*STATUSES, NOT_REGISTERED, REFUSED, DAMAGED)
TO_REVIEW = (UNREVIEWED, IN_PART)
_REMEDY = "Choose a folder that 'ctsma register --cohort' wrote."


@dataclass(frozen=True)
class Case:
    """A pair of the cohort.

    Attributes:
        name: unique in the cohort; also that of its folder.
        subject, side: as in the manifest.
        ct, mr: the scans; they need not be there any more.
        folder: of the registration; ``None`` where there is none.
        verdict: the worst of its bones, one of :data:`~CTSMALib.registration.record.VERDICTS`; empty where unknown.
        status: one of :data:`CASE_STATUSES`.
        reason: why it was refused, or what is damaged.
        note: by a person.
    """

    name: str
    subject: str
    side: str
    ct: Path
    mr: Path
    folder: Path | None
    verdict: str
    status: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class CaseFilter:
    """What is asked for; empty fields ask for nothing.

    Attributes:
        status: one of :data:`CASE_STATUSES`.
        verdict: one of :data:`~CTSMALib.registration.record.VERDICTS`.
        text: words that all occur in name, subject, side, reason or note, in upper or lower case.
    """

    status: str = ""
    verdict: str = ""
    text: str = ""

    def wants(self, case: Case) -> bool:
        """Whether a case is what is asked for."""
        if (self.status and case.status != self.status) or (self.verdict and case.verdict != self.verdict):
            return False
        place = " ".join((case.name, case.subject, case.side, case.reason, case.note)).casefold()
        return all(word in place for word in self.text.casefold().split())

    def chosen(self, cases: Iterable[Case]) -> tuple[Case, ...]:
        """Those cases, in their order."""
        return tuple(case for case in cases if self.wants(case))


ALL_CASES = CaseFilter()


@dataclass(frozen=True)
class CohortProgress:
    """How far a review is.

    Attributes:
        cases: how many pairs there are.
        registered: those that can be reviewed.
        reviewed: those of them with a decision about every bone.
        by_status: how many cases of every status that occurs.
    """

    cases: int
    registered: int
    reviewed: int
    by_status: dict[str, int]


def read_cases(cohort_folder: Path) -> tuple[Case, ...]:
    """The cases of a cohort in the order of its manifest; rows without CT or MR are none.

    A record or a table of notes that is damaged does not stop the others from being read.

    Raises:
        InputError: there is no manifest of a registered cohort.
    """
    rows = _rows(cohort_folder / MANIFEST_FILE, NEEDED)
    try:
        refused = _refused(cohort_folder / STATUS_FILE)
    except InputError:  # it repeats what the records say, but for reasons
        refused = {}
    try:
        notes = read_notes(cohort_folder)
    except InputError:  # told when a note is written
        notes = {}
    return tuple(_case(row, cohort_folder, refused, notes) for row in rows if row["ct"] and row["mr"])


def read_case(case: Case) -> Case:
    """The case as it stands on disk now, after it was reviewed."""
    if case.folder is None:
        return case
    verdict, found, reason = _standing(case.folder)
    return Case(case.name, case.subject, case.side, case.ct, case.mr, case.folder, verdict, found, reason, case.note)


def first_unreviewed(cases: Iterable[Case]) -> Case | None:
    """The first case that lacks a decision about some bone; ``None`` where there is none."""
    return next((case for case in cases if case.status in TO_REVIEW), None)


def next_case(cases: Sequence[Case], name: str, wanted: CaseFilter = ALL_CASES) -> Case | None:
    """The first wanted case after the one of a name, which itself need not be wanted; ``None`` at the end.

    An unknown or empty name stands before the first case.
    """
    return next((case for case in cases[_place(cases, name, -1) + 1 :] if wanted.wants(case)), None)


def previous_case(cases: Sequence[Case], name: str, wanted: CaseFilter = ALL_CASES) -> Case | None:
    """The last wanted case before the one of a name; an unknown name stands after the last case."""
    return next((case for case in cases[: _place(cases, name, len(cases))][::-1] if wanted.wants(case)), None)


def progress(cases: Iterable[Case]) -> CohortProgress:
    """Counts over cases."""
    found = Counter(case.status for case in cases)
    registered = sum(found[name] for name in STATUSES)
    ordered = {name: found[name] for name in CASE_STATUSES if found[name]}
    return CohortProgress(sum(found.values()), registered, registered - sum(found[n] for n in TO_REVIEW), ordered)


def _case(row: dict[str, str], cohort: Path, refused: dict[str, str], notes: dict[str, str]) -> Case:
    name = f"{row['subject']}-{row['side']}" if row["side"] else row["subject"]
    place = row["registration"] or (name if holds_registration(cohort / name) else "")
    folder, verdict, found, reason = None, "", NOT_REGISTERED, refused.get(name, "")
    if place:
        folder = cohort / place
        verdict, found, reason = _standing(folder)
    elif reason:
        found = REFUSED
    return Case(
        name, row["subject"], row["side"], cohort / row["ct"], cohort / row["mr"], folder, verdict, found, reason,
        notes.get(name, ""),
    )  # fmt: skip


def _standing(folder: Path) -> tuple[str, str, str]:
    """Worst verdict, status, and what is damaged."""
    try:
        record = load_record(folder)
        return _worst(record), status(record), ""
    except InputError as error:
        return "", DAMAGED, error.message


def _worst(record: RegistrationRecord) -> str:
    verdicts = {bone.verdict for bone in record.bones}
    return next((verdict for verdict in (FAILED, CHECK, GOOD) if verdict in verdicts), "")


def _refused(path: Path) -> dict[str, str]:
    """Name of a case to the reason why it was refused."""
    rows = _rows(path, ("folder", "verdict", "reasons"))
    return {row["folder"]: row["reasons"] or "refused" for row in rows if row["verdict"] == "refused"}


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a table; columns that nobody asked for are left aside."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns, rows = tuple(reader.fieldnames or ()), list(reader)
    except OSError as error:
        raise InputError(f"The cohort's table '{path}' cannot be read ({error.strerror}).", _REMEDY) from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"The cohort's table '{path}' is no CSV table.", _REMEDY) from error
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(f"The cohort's table '{path}' has no column {missing[0]}.", _REMEDY)
    if any(None in row or None in row.values() for row in rows):
        raise InputError(f"A row of the cohort's table '{path}' has a wrong number of cells.", _REMEDY)
    return [{name: row[name] for name in needed} for row in rows]


def _place(cases: Sequence[Case], name: str, otherwise: int) -> int:
    return next((n for n, case in enumerate(cases) if case.name == name), otherwise)
