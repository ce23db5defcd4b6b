"""The cases of a cohort: where each stands, and going from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.scene.registration.cohort_review import STATUSES, CohortReview
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.reviewing.words import status_words, verdict_words
from CTSMAPanels.tables import chosen_key, fill, prepare, select
from CTSMAPanels.ui_files import load_panel


class CasesPanel:
    """The list of cases.

    Args:
        on_change: called with fields of :class:`ReviewState` that the user changed.
        on_cohort: called when the user wants to open a cohort.
        on_case: called with the name of a case that the user chose.
        on_note: called with the note that the user wrote about the open case.
    """

    UI_FILE = "CTSMAReviewCases.ui"

    def __init__(
        self,
        on_change: Callable[..., None],
        on_cohort: Callable[[], None],
        on_case: Callable[[str], None],
        on_note: Callable[[str], None],
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._cohort: CohortReview | None = None
        self._state = ReviewState()
        self._noted: tuple[Any, str, str] | None = None  # cohort, case and its stored note as shown last
        self._on_case = on_case
        prepare(self.ui.caseTable, ["", _("Case"), _("Verdict"), _("Status"), _("Note")], 4)
        self.ui.statusComboBox.addItem(_("All cases"), "")
        for status in STATUSES:
            self.ui.statusComboBox.addItem(" ".join(status_words()[status]), status)
        self.ui.statusComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(case_status=str(value_of(self.ui.statusComboBox, "currentData")))
        )
        self.ui.textEdit.textChanged.connect(
            lambda *_args: on_change(case_text=str(value_of(self.ui.textEdit, "text")))
        )
        self.ui.secondCheckBox.toggled.connect(
            lambda *_args: on_change(second_reading=bool(value_of(self.ui.secondCheckBox, "checked")))
        )
        self.ui.cohortButton.clicked.connect(lambda *_args: on_cohort())
        self.ui.caseTable.itemSelectionChanged.connect(self._row_chosen)
        self.ui.previousButton.clicked.connect(lambda *_args: self._go(self._previous()))
        self.ui.nextButton.clicked.connect(lambda *_args: self._go(self._next()))
        self.ui.unreviewedButton.clicked.connect(lambda *_args: self._go(self._unreviewed()))
        self.ui.noteEdit.editingFinished.connect(lambda: on_note(str(value_of(self.ui.noteEdit, "text"))))

    def show(self, state: ReviewState, cohort: CohortReview | None, obstacle: str) -> None:
        """Show a cohort.

        Args:
            state: names the open case.
            cohort: the cases.
            obstacle: why no case can be opened now; empty where one can.
        """
        self._state, self._cohort = state, cohort
        choose(self.ui.statusComboBox, state.case_status)
        if value_of(self.ui.textEdit, "text") != state.case_text:
            put(self.ui.textEdit, "setText", state.case_text)
        put(self.ui.secondCheckBox, "setChecked", state.second_reading)
        listed = cohort.listed if cohort is not None else ()
        fill(self.ui.caseTable, [(case.name, _texts(case)) for case in listed], state.case)
        self._show_note(cohort, state)
        self._show_progress(cohort)
        self._allow(obstacle)

    def reselect(self) -> None:
        """Select the open case again, after another could not be opened."""
        blocked = self.ui.caseTable.blockSignals(True)
        select(self.ui.caseTable, self._state.case)
        self.ui.caseTable.blockSignals(blocked)

    def _show_note(self, cohort: CohortReview | None, state: ReviewState) -> None:
        case = cohort.case(state.case) if cohort is not None else None
        note = case.note if case is not None else ""
        unread = case is not None and cohort is not None and cohort.blind and bool(case.unsigned_by(cohort.reader))
        hidden = _("Notes are hidden until you have decided about every bone.") if unread else ""
        noted = (cohort.folder if cohort is not None else None, state.case, note)
        if noted != self._noted:  # else what is being typed stays
            self._noted = noted
            put(self.ui.noteEdit, "setText", note)
        allow(
            self.ui.noteEdit,
            hidden if case is not None else _("No case is open."),
            _("A note about the open case, kept in the folder of the cohort."),
        )

    def _show_progress(self, cohort: CohortReview | None) -> None:
        if cohort is None:
            self.ui.progressLabel.setText(_("No cohort is open."))
            return
        if cohort.blind:
            done, there = cohort.second_progress()
            self.ui.progressLabel.setText(_("{done} of {there} read a second time").format(done=done, there=there))
            return
        found = cohort.progress()
        self.ui.progressLabel.setText(
            _("{reviewed} of {registered} reviewed").format(reviewed=found.reviewed, registered=found.registered)
        )

    def _allow(self, obstacle: str) -> None:
        closed = obstacle or (_("Open a cohort first.") if self._cohort is None else "")
        allow(self.ui.cohortButton, obstacle, _('Open the folder that "ctsma register --cohort" wrote.'))
        allow(self.ui.caseTable, closed, _("The pairs of the cohort. Choose one to open it."))
        allow(self.ui.statusComboBox, closed, _("List the cases of one status only."))
        allow(self.ui.textEdit, closed, _("List the cases that hold these words in name, reason or note."))
        allow(
            self.ui.secondCheckBox,
            closed,
            _(
                "Read cases a second time: what others decided stays hidden until you have decided about every bone, "
                "and no bone can be moved."
            ),
        )
        second = self._cohort is not None and self._cohort.blind
        for button, case, reason, about in (
            (self.ui.previousButton, self._previous(), _("There is no case before."), _("Open the case before.")),
            (self.ui.nextButton, self._next(), _("There is no further case."), _("Open the next listed case.")),
            (
                self.ui.unreviewedButton, self._unreviewed(),
                _("You have read every case that others have read.") if second else _("Every case is reviewed."),
                _("Open the first case that others have read and you have not.") if second
                else _("Open the first case that lacks a decision about some bone."),
            ),
        ):  # fmt: skip
            allow(button, closed or (reason if case is None else ""), about)

    def _previous(self) -> Any:
        return self._cohort.previous(self._state.case) if self._cohort is not None else None

    def _next(self) -> Any:
        return self._cohort.next(self._state.case) if self._cohort is not None else None

    def _unreviewed(self) -> Any:
        return self._cohort.first_unreviewed() if self._cohort is not None else None

    def _go(self, case: Any) -> None:
        if case is not None:
            self._on_case(case.name)

    def _row_chosen(self, *_args: Any) -> None:
        name = chosen_key(self.ui.caseTable)
        if name and name != self._state.case:
            self._on_case(name)


def _texts(case: Any) -> tuple[str, ...]:
    sign, words = status_words()[case.status]
    return sign, case.name, verdict_words()[case.verdict], words, case.note or case.reason
