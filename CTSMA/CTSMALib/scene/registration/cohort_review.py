"""Going through the registrations of a cohort: which case is open, which comes next, what was noted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from CTSMALib.errors import InputError

if TYPE_CHECKING:
    from CTSMALib.registration.review.case_list import Case, CohortProgress
    from CTSMALib.registration.review.second_reading import ReaderAgreement, Reading

STATUSES = (
    *("unreviewed", "in part", "needs work", "rejected", "accepted", "auto"),
    *("not registered", "refused", "damaged"),
)


class CohortReview:
    """The cases of one cohort.

    Attributes:
        folder: that ``ctsma register --cohort`` wrote.
        cases: all of them, in the order of the manifest.
        status, text: what the list is narrowed to; empty for everything.
        blind: whether cases are read a second time: what others decided is hidden until the reader has signed.
        reader: who reads.
    """

    def __init__(self, folder: Path) -> None:
        """Read the cases.

        Raises:
            InputError: the folder holds no registered cohort.
        """
        from CTSMALib.registration.review.case_list import read_cases  # needs a package that is installed later

        self.folder, self.status, self.text = folder, "", ""
        self.blind, self.reader = False, ""
        self.cases: tuple[Case, ...] = read_cases(folder)
        self._agreement: tuple[Any, ReaderAgreement] | None = None  # the last one, and what it was of

    @property
    def listed(self) -> tuple[Case, ...]:
        """The cases that the filter wants."""
        from CTSMALib.registration.review.case_list import CaseFilter

        return CaseFilter(self.status, "", self.text).chosen(self.seen)

    @property
    def seen(self) -> tuple[Case, ...]:
        """All cases as the reader may see them."""
        from CTSMALib.registration.review.case_list import as_seen

        return tuple(as_seen(case, self.reader) for case in self.cases) if self.blind else self.cases

    def case(self, name: str) -> Case | None:
        """The case of a name, as the reader may see it."""
        return next((case for case in self.seen if case.name == name), None)

    def next(self, name: str) -> Case | None:
        """The first listed case after one; ``None`` at the end."""
        from CTSMALib.registration.review.case_list import CaseFilter, next_case

        return next_case(self.seen, name, CaseFilter(self.status, "", self.text))

    def previous(self, name: str) -> Case | None:
        """The last listed case before one; ``None`` at the beginning."""
        from CTSMALib.registration.review.case_list import CaseFilter, previous_case

        return previous_case(self.seen, name, CaseFilter(self.status, "", self.text))

    def first_unreviewed(self) -> Case | None:
        """The first case that lacks a decision about some bone, listed or not; for a second reading, of the reader
        about a case that somebody else has read.
        """
        from CTSMALib.registration.review.case_list import first_second_reading, first_unreviewed

        return first_second_reading(self.cases, self.reader) if self.blind else first_unreviewed(self.cases)

    def second_progress(self) -> tuple[int, int]:
        """How many cases the reader has signed that others have read, and how many others have read."""
        from CTSMALib.registration.review.case_list import second_progress

        return second_progress(self.cases, self.reader)

    def reader_pairs(self) -> tuple[tuple[str, str], ...]:
        """Every two readers that decided about a bone in common."""
        from CTSMALib.registration.review.second_reading import reader_pairs

        return reader_pairs(self._readings())

    def agreement(self, first: str, second: str) -> ReaderAgreement:
        """How far two readers agree; the knees of the pairs are names of cases.

        During a second reading only cases count that the reader has signed.
        """
        from CTSMALib.registration.review.second_reading import agreement, paired

        pairs = paired(self._readings(), first, second)
        asked = (first, second, pairs)
        if self._agreement is None or self._agreement[0] != asked:  # its intervals take a while
            self._agreement = asked, agreement(first, second, pairs)
        return self._agreement[1]

    def _readings(self) -> list[Reading]:
        signed = (case for case in self.cases if not (self.blind and case.unsigned_by(self.reader)))
        return [reading for case in signed for reading in case.readings]

    def progress(self) -> CohortProgress:
        """How far the review is."""
        from CTSMALib.registration.review.case_list import progress

        return progress(self.cases)

    def read_again(self, name: str) -> None:
        """Take in what became of a case on disk."""
        from CTSMALib.registration.review.case_list import read_case

        self.cases = tuple(read_case(case) if case.name == name else case for case in self.cases)

    def note(self, name: str, text: str) -> None:
        """Keep a note about a case.

        Raises:
            CTSMAError: the notes cannot be read or written.
        """
        from CTSMALib.registration.review.case_notes import write_note

        notes = write_note(self.folder, name, text)
        self.cases = tuple(replace(case, note=notes.get(case.name, "")) for case in self.cases)


def scans_of(case: Case) -> tuple[sitk.Image, sitk.Image]:
    """The CT and the MR of a case.

    Raises:
        CTSMAError: the case is not registered, or a scan is gone or cannot be read.
    """
    from CTSMALib.volumes import read_mr, read_scan

    if case.folder is None:
        raise InputError(
            f"The pair {case.name} is not registered{': ' + case.reason if case.reason else '.'}",
            "Choose another case.",
        )
    for title, path in (("CT", case.ct), ("MR", case.mr)):
        if not path.exists():
            raise InputError(
                f"The {title} of {case.name} is not at {path} any more.", "Put it back, or choose another."
            )
    return read_scan(case.ct).image, read_mr(case.mr).image
