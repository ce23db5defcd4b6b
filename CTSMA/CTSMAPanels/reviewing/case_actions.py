"""Going through the cases of a cohort."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import qt
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.scene.registration.cohort_review import CohortReview, scans_of
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.reviewing.cases_panel import CasesPanel
from CTSMAPanels.reviewing.jobs import ReviewJobs


class CaseDesk(Protocol):
    """Where the review lies."""

    widget: Any
    cohort: CohortReview | None
    state: ReviewState
    jobs: ReviewJobs
    cases: CasesPanel

    def apply(self, state: ReviewState, everything: bool = False) -> None:
        """Take and show a state."""

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def refresh(self) -> None:
        """Show again what may be done now."""

    def open_review(self, folder: Path, ct: Any, mr: Any, case: str = "") -> None:
        """Open a registration."""


class CaseActions:
    """What a user does with a cohort.

    Args:
        desk: holds cohort and state.
    """

    def __init__(self, desk: CaseDesk) -> None:
        self._desk = desk
        self._opening = False

    def choose_cohort(self) -> None:
        """Ask for the folder of a cohort, and go on with its first case that is not reviewed."""
        folder = qt.QFileDialog.getExistingDirectory(self._desk.widget, _("Folder of a registered cohort"))
        if folder:
            self.open_cohort(Path(str(folder)))

    def open_cohort(self, folder: Path) -> None:
        """Go on with the first case of a cohort that is not reviewed."""
        with problems_shown(_("The cohort could not be opened.")):
            cohort = CohortReview(folder)
            self._desk.cohort = cohort
            state = replace(self._desk.state, cohort=str(folder), case="", case_status="", case_text="",
                            second_reading=False)  # fmt: skip
            self._desk.apply(state)
            first = cohort.first_unreviewed()
            if first is not None:
                self.open_case(first.name)

    def open_case(self, name: str) -> None:
        """Open a case of the cohort: its scans and its registration."""
        cohort = self._desk.cohort
        case = cohort.case(name) if cohort is not None else None
        if case is None or self._opening:
            return
        self._opening = True
        try:
            with problems_shown(_("The case could not be opened.")):
                if self._desk.jobs.runner.is_busy():
                    raise CTSMAError(_("A job is running."), _("Wait for it, or cancel it first."))
                ct, mr = scans_of(case)
                self._desk.open_review(Path(case.folder or ""), ct, mr, case=name)
        finally:
            self._opening = False
        self._desk.cases.reselect()

    def open_disagreement(self, name: str, bone: str) -> None:
        """Open a case at a bone that two readers decided differently about."""
        if name != self._desk.state.case:
            self.open_case(name)
        if name == self._desk.state.case:  # it could be opened
            self._desk.change(subject=bone)

    def note(self, text: str) -> None:
        """Keep a note about the open case."""
        cohort = self._desk.cohort
        case = cohort.case(self._desk.state.case) if cohort is not None else None
        if cohort is not None and case is not None and case.note != text.strip():
            with problems_shown(_("The note could not be kept.")):
                cohort.note(case.name, text)
            self._desk.refresh()
