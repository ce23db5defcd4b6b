"""Deciding about each bone: what was measured before and after the correction, who decided what and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.scene.registration.before_after import AFTER
from CTSMALib.scene.registration.comparison import ComparisonRow
from CTSMALib.scene.registration.review_entry import ACCEPTED, NEEDS_WORK, REJECTED, good_bones, is_void
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.reviewing.words import decision_words, subject_words, verdict_words
from CTSMAPanels.settings.store import read_settings, write_settings
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.ui_files import load_panel


class JudgePanel:
    """Numbers, decisions and their history.

    Args:
        on_change: called with fields of :class:`ReviewState` that the user changed.
        on_decide: called with a decision and its reason, about what is under work; says whether it was taken.
        on_accept_good: called when the user accepts all bones that are good.
        on_reviewer: called with the reviewer's name.
    """

    UI_FILE = "CTSMAReviewJudge.ui"

    def __init__(
        self,
        on_change: Callable[..., None],
        on_decide: Callable[[str, str], bool],
        on_accept_good: Callable[[], None],
        on_reviewer: Callable[[str], None],
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_change, self._on_decide, self._on_reviewer = on_change, on_decide, on_reviewer
        self._state, self._session = ReviewState(), None
        prepare(self.ui.comparisonTable, [_("Bone"), _("Measure"), _("Before"), _("After")], 1)
        prepare(self.ui.decisionTable, [_("Bone"), _("Verdict"), _("Decision"), _("By"), _("Reason")], 4)
        self.ui.reviewerEdit.setText(read_settings().reader)
        self.ui.reviewerEdit.textChanged.connect(lambda *_args: self._named())
        self.ui.reasonEdit.textChanged.connect(lambda *_args: self._allow())
        self.ui.acceptButton.clicked.connect(lambda *_args: self._decide(ACCEPTED))
        self.ui.needsWorkButton.clicked.connect(lambda *_args: self._decide(NEEDS_WORK))
        self.ui.rejectButton.clicked.connect(lambda *_args: self._decide(REJECTED))
        self.ui.acceptGoodButton.clicked.connect(lambda *_args: on_accept_good())
        self.ui.decisionTable.itemSelectionChanged.connect(self._bone_chosen)
        self.ui.historyCheckBox.toggled.connect(lambda *_args: self._show_history())

    @property
    def reviewer(self) -> str:
        """The name of the reviewer; empty for none."""
        return str(value_of(self.ui.reviewerEdit, "text")).strip()

    def name_reviewer(self, reviewer: str) -> None:
        """Take a name that was entered elsewhere."""
        if reviewer != self.reviewer:
            self.ui.reviewerEdit.setText(reviewer)

    @property
    def reason(self) -> str:
        """Why; empty where nothing was told."""
        return str(value_of(self.ui.reasonEdit, "text")).strip()

    def show(self, state: ReviewState, session: ReviewSession | None) -> None:
        """Show a review."""
        self._state, self._session = state, session
        rows = session.comparison(wait=False) if session is not None else ()
        fill(self.ui.comparisonTable, [(f"{row.bone} {row.key}", _texts(row)) for row in rows])
        bones = session.bones if session is not None else ()
        fill(self.ui.decisionTable, [(bone, self._decision_texts(bone)) for bone in bones], state.subject)
        self._show_history()
        self._allow()

    def _decision_texts(self, bone: str) -> tuple[str, ...]:
        assert self._session is not None
        review, record = self._session.decision(bone), self._session.record.bone(bone)
        verdict = verdict_words()[record.verdict]
        if not self._session.is_judged(bone):
            verdict = _("judge again")
        if review is None:
            return subject_words()[bone], verdict, _("none yet"), "", " ".join(record.reasons)
        words = _("void: moved since") if is_void(self._session, bone) else decision_words()[review.decision]
        return subject_words()[bone], verdict, words, review.reviewer, review.reason

    def _show_history(self) -> None:
        shown = bool(value_of(self.ui.historyCheckBox, "checked"))
        self.ui.historyText.setVisible(shown)
        reviews = reversed(self._session.reviews) if self._session is not None else ()
        lines = [_told(review) for review in reviews]
        text = "\n".join(lines) or _("Nothing was decided yet.")
        if shown and value_of(self.ui.historyText, "plainText") != text:
            self.ui.historyText.setPlainText(text)

    def _allow(self) -> None:
        session, subject = self._session, self._state.subject
        none = "" if session is not None else _("No registration is open.")
        # A decision is about the corrected motion, so that this must be the one that is seen.
        earlier = "" if self._state.shown == AFTER else _("An earlier motion is shown; choose Corrected under See.")
        closed = none or earlier
        nobody = "" if self.reviewer else _("Enter your name or initials first.")
        what = _("all bones") if subject == WHOLE else subject_words().get(subject, "")
        unexplained = "" if self.reason else _("Enter a reason first.")
        allow(
            self.ui.acceptButton,
            closed or nobody,
            _("Accept: {what}. Moving it afterwards voids it.").format(what=what),
        )
        allow(
            self.ui.needsWorkButton,
            closed or nobody or unexplained,
            _("Say that work is needed: {what}.").format(what=what),
        )
        allow(self.ui.rejectButton, closed or nobody or unexplained, _("Reject: {what}.").format(what=what))
        good = session is not None and bool(good_bones(session))
        allow(
            self.ui.acceptGoodButton,
            closed or nobody or ("" if good else _("No further bone has the verdict good where it lies now.")),
            _("Accept every bone with the verdict good."),
        )

    def _named(self) -> None:
        write_settings(reader=self.reviewer)
        self._on_reviewer(self.reviewer)
        self._allow()

    def _decide(self, decision: str) -> None:
        if self._on_decide(decision, self.reason):
            put(self.ui.reasonEdit, "setText", "")
        self._allow()

    def _bone_chosen(self) -> None:
        bone = chosen_key(self.ui.decisionTable)
        if bone and bone != self._state.subject:
            self._on_change(subject=bone)


def _told(review: Any) -> str:
    """A decision in one line."""
    text: str = _("{time}  {bone}: {decision} by {reviewer} {reason}")
    return text.format(
        time=review.time[:16].replace("T", " "),
        bone=subject_words().get(review.bone, review.bone),
        reviewer=review.reviewer,
        decision=decision_words()[review.decision].lower(),
        reason=f"({review.reason})" if review.reason else "",
    ).strip()


def _texts(row: ComparisonRow) -> tuple[str, ...]:
    name = f"{row.name} ({row.unit})" if row.unit else row.name
    before, after = (f"{value:.2f}" if value is not None else "–" for value in (row.before, row.after))
    if row.note and row.after is None:
        after = row.note
    return subject_words()[row.bone], name, before, after
