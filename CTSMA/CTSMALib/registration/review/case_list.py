"""The cases of a cohort that was registered: where each stands, which to look at next, how far the review is.

Read from the folder that ``ctsma register --cohort`` writes: ``manifest.csv`` with the column ``registration``, and
``status.csv``, which says why a pair was refused. Where each case stands is read from its record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from CTSMALib.errors import InputError
from CTSMALib.inputs import read_rows
from CTSMALib.registration.record import CHECK, FAILED, GOOD, RegistrationRecord
from CTSMALib.registration.record_folder import holds_registration, load_record
from CTSMALib.registration.review.case_notes import read_notes
from CTSMALib.registration.review.decisions import IN_PART, STATUSES, UNREVIEWED, status
from CTSMALib.registration.review.second_reading import Reading, readings

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
        bones: that were registered.
        readings: the latest decision of every person about every bone, of the motions as they are now.
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
    bones: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    def unsigned_by(self, reader: str) -> tuple[str, ...]:
        """Bones that a reader has not decided about where they lie now."""
        signed = {reading.bone for reading in self.readings if reader and reading.reviewer == reader}
        return tuple(bone for bone in self.bones if bone not in signed)

    def was_read_by_another(self, reader: str) -> bool:
        """Whether somebody else decided about some bone, so that there is something to read a second time."""
        return any(reading.reviewer != reader for reading in self.readings)


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
    return replace(case, **_standing(case.name, case.folder))


def as_seen(case: Case, reader: str) -> Case:
    """The case as somebody sees it who reads a second time: until she has signed every bone her own decisions alone
    count, and notes are hidden, as they may tell what others thought.
    """
    left = case.unsigned_by(reader)
    if not left:
        return case
    own = UNREVIEWED if len(left) == len(case.bones) else IN_PART
    mine = tuple(reading for reading in case.readings if reader and reading.reviewer == reader)
    return replace(case, status=own, note="", readings=mine)


def first_second_reading(cases: Iterable[Case], reader: str) -> Case | None:
    """The first case that somebody else has read, and a reader not yet or in part; ``None`` where there is none."""
    return next((case for case in cases if case.unsigned_by(reader) and case.was_read_by_another(reader)), None)


def second_progress(cases: Iterable[Case], reader: str) -> tuple[int, int]:
    """How many cases a reader has signed that others have read, and how many others have read."""
    read = [case for case in cases if case.was_read_by_another(reader)]
    return sum(not case.unsigned_by(reader) for case in read), len(read)


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
    if row["registration"] and Path(row["registration"]).name == row["registration"]:
        name = row["registration"]  # it stays when a side is found
    place = row["registration"] or (name if holds_registration(cohort / name) else "")
    folder, reason = (cohort / place if place else None), refused.get(name, "")
    case = Case(
        name, row["subject"], row["side"], cohort / row["ct"], cohort / row["mr"], folder,
        "", REFUSED if reason else NOT_REGISTERED, reason, notes.get(name, ""),
    )  # fmt: skip
    return case if folder is None else replace(case, **_standing(name, folder))


def _standing(name: str, folder: Path) -> dict[str, Any]:
    """Fields of a case that its record tells."""
    try:
        record = load_record(folder)
    except InputError as error:
        return {"verdict": "", "status": DAMAGED, "reason": error.message, "bones": (), "readings": ()}
    return {
        "verdict": _worst(record), "status": status(record), "reason": "",
        "bones": tuple(bone.name for bone in record.bones), "readings": readings({name: record}),
    }  # fmt: skip


def _worst(record: RegistrationRecord) -> str:
    verdicts = {bone.verdict for bone in record.bones}
    return next((verdict for verdict in (FAILED, CHECK, GOOD) if verdict in verdicts), "")


def _refused(path: Path) -> dict[str, str]:
    """Name of a case to the reason why it was refused."""
    rows = _rows(path, ("folder", "verdict", "reasons"))
    return {row["folder"]: row["reasons"] or "refused" for row in rows if row["verdict"] == "refused"}


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a table; columns that nobody asked for are left aside."""
    _, rows = read_rows(path, needed, f"The cohort's table '{path}'", _REMEDY)
    return [{name: row[name] for name in needed} for row in rows]


def _place(cases: Sequence[Case], name: str, otherwise: int) -> int:
    return next((n for n, case in enumerate(cases) if case.name == name), otherwise)
