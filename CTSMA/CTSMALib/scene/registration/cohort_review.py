"""Going through the registrations of a cohort: which case is open, which comes next, what was noted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import SimpleITK as sitk

from CTSMALib.errors import InputError

if TYPE_CHECKING:
    from CTSMALib.registration.review.case_list import Case, CohortProgress

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
    """

    def __init__(self, folder: Path) -> None:
        """Read the cases.

        Raises:
            InputError: the folder holds no registered cohort.
        """
        from CTSMALib.registration.review.case_list import read_cases  # needs a package that is installed later

        self.folder, self.status, self.text = folder, "", ""
        self.cases: tuple[Case, ...] = read_cases(folder)

    @property
    def listed(self) -> tuple[Case, ...]:
        """The cases that the filter wants."""
        from CTSMALib.registration.review.case_list import CaseFilter

        return CaseFilter(self.status, "", self.text).chosen(self.cases)

    def case(self, name: str) -> Case | None:
        """The case of a name."""
        return next((case for case in self.cases if case.name == name), None)

    def next(self, name: str) -> Case | None:
        """The first listed case after one; ``None`` at the end."""
        from CTSMALib.registration.review.case_list import CaseFilter, next_case

        return next_case(self.cases, name, CaseFilter(self.status, "", self.text))

    def previous(self, name: str) -> Case | None:
        """The last listed case before one; ``None`` at the beginning."""
        from CTSMALib.registration.review.case_list import CaseFilter, previous_case

        return previous_case(self.cases, name, CaseFilter(self.status, "", self.text))

    def first_unreviewed(self) -> Case | None:
        """The first case that lacks a decision about some bone, listed or not."""
        from CTSMALib.registration.review.case_list import first_unreviewed

        return first_unreviewed(self.cases)

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
