"""Moving bones by hand: nudges, numbers, handles, undo; and the numbers that follow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from slicer.i18n import tr as _

from CTSMALib.scene.registration.before_after import AFTER
from CTSMALib.scene.registration.review_state import STEPS, WHOLE, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.reviewing.keys import NUDGES, Nudge, nudge_words
from CTSMAPanels.reviewing.words import guide_words, subject_words
from CTSMAPanels.ui_files import load_panel

Three = tuple[float, float, float]


class CorrectActions(Protocol):
    """What the panel asks for."""

    def nudge(self, nudge: Nudge) -> None:
        """Move what is under work by a step."""

    def enter(self, shift_mm: Three, turn_deg: Three) -> None:
        """Move by numbers."""

    def reset(self) -> None:
        """Take corrections away."""

    def undo(self) -> None:
        """Take a step back."""

    def redo(self) -> None:
        """Make a step again."""


class CorrectWork(Protocol):
    """What the panel asks processes for."""

    def refine(self) -> None:
        """Find the bone anew from where it lies."""

    def judge(self) -> None:
        """Judge all bones where they lie."""


class CorrectPanel:
    """Corrections of a bone, or of the whole knee.

    Args:
        on_change: called with fields of :class:`ReviewState` that the user changed.
        actions, work: asked for what the buttons say.
    """

    UI_FILE = "CTSMAReviewCorrect.ui"

    def __init__(self, on_change: Callable[..., None], actions: CorrectActions, work: CorrectWork) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._bones: tuple[str, ...] = ()
        self._closed = ""
        self._actions = actions
        self._prepare_nudges(actions)
        for step in STEPS:
            self.ui.stepComboBox.addItem(_("{step:g} mm / {step:g}°").format(step=step), step)
        for box, field in ((self.ui.subjectComboBox, "subject"), (self.ui.stepComboBox, "step")):
            box.currentIndexChanged.connect(
                lambda *_args, box=box, field=field: on_change(**{field: value_of(box, "currentData")})
            )
        self.ui.handlesCheckBox.toggled.connect(
            lambda *_args: on_change(handles=bool(value_of(self.ui.handlesCheckBox, "checked")))
        )
        self.ui.anywhereCheckBox.toggled.connect(
            lambda *_args: on_change(anywhere=bool(value_of(self.ui.anywhereCheckBox, "checked")))
        )
        for spin in (*self._shifts(), *self._turns()):
            spin.valueChanged.connect(lambda *_args: self._allow_entry())
        self.ui.applyButton.clicked.connect(lambda *_args: self._enter())
        self.ui.resetButton.clicked.connect(lambda *_args: actions.reset())
        self.ui.undoButton.clicked.connect(lambda *_args: actions.undo())
        self.ui.redoButton.clicked.connect(lambda *_args: actions.redo())
        self.ui.refineButton.clicked.connect(lambda *_args: work.refine())
        self.ui.judgeButton.clicked.connect(lambda *_args: work.judge())

    def show(self, state: ReviewState, session: ReviewSession | None, obstacle: str) -> None:
        """Show a state.

        Args:
            state: what to show.
            session: the open review.
            obstacle: why no job can be started now; empty where one can.
        """
        self._list_subjects(session.bones if session is not None else ())
        choose(self.ui.subjectComboBox, state.subject)
        choose(self.ui.stepComboBox, state.step)
        put(self.ui.handlesCheckBox, "setChecked", state.handles)
        put(self.ui.anywhereCheckBox, "setChecked", state.anywhere)
        self._allow(state, session, obstacle)

    def show_numbers(self, text: str) -> None:
        """Show the numbers of the bone where it lies now."""
        self.ui.numbersLabel.setText(text)

    def _allow(self, state: ReviewState, session: ReviewSession | None, obstacle: str) -> None:
        none = "" if session is not None else _("No registration is open.")
        earlier = "" if state.shown == AFTER else _("An earlier motion is shown; choose Corrected under See.")
        fixed = _("A second reading judges bones as they lie; end it under Cases.") if state.second_reading else ""
        self._closed = none or fixed or earlier
        allow(self.ui.subjectComboBox, none, _("What is moved: one bone, or all together."))
        allow(self.ui.stepComboBox, none, _("How far one nudge goes. Keys: 1, 2 and 3"))
        for nudge, button in ((each, self._buttons()[each.button]) for each in NUDGES):
            about = _("{what} Step {step:g} {unit}. Key: {key}").format(
                what=nudge_words()[nudge.button][1], step=state.step, unit="°" if nudge.turns else "mm", key=nudge.key
            )
            allow(button, self._closed, about)
        whole = _("Handles move one bone; choose a bone.") if state.subject == WHOLE else ""
        allow(self.ui.handlesCheckBox, self._closed or whole, _("Show handles on the bone in slices and in 3D."))
        off = "" if state.handles else _("Show the handles first.")
        allow(
            self.ui.anywhereCheckBox,
            self._closed or whole or off,
            _("Move the bone by a drag anywhere in a slice; clicks then do nothing else."),
        )
        self._allow_entry()
        self._allow_steps(state, session)
        busy = none or obstacle
        allow(
            self.ui.refineButton,
            busy or fixed,
            _(
                "Find the bone anew, beginning where it lies now. Others stay as they are. It can be undone. "
                "What is compared with the CT is chosen at Register with: {guide}."
            ).format(guide=guide_words()[state.guide]),
        )
        allow(
            self.ui.judgeButton, busy, _("Measure how well all bones fit where they lie now. Nothing is moved.")
        )  # fmt: skip

    def _allow_steps(self, state: ReviewState, session: ReviewSession | None) -> None:
        undo, redo = (session.undo_name, session.redo_name) if session is not None else ("", "")
        none = "" if session is not None else _("No registration is open.")
        self.ui.undoButton.setText(_("Undo: {step}  [Z]").format(step=undo) if undo else _("Undo  [Z]"))
        self.ui.redoButton.setText(_("Redo: {step}  [Shift+Z]").format(step=redo) if redo else _("Redo  [Shift+Z]"))
        allow(
            self.ui.undoButton,
            none or ("" if undo else _("There is no step to take back.")),
            _("Take back: {step}. Key: Z").format(step=undo),
        )
        allow(
            self.ui.redoButton,
            none or ("" if redo else _("No step was taken back.")),
            _("Make again: {step}. Key: Shift+Z").format(step=redo),
        )
        corrected = session is not None and any(
            session.corrections.is_corrected(bone) for bone in session.bones if state.subject in (bone, WHOLE)
        )
        allow(
            self.ui.resetButton,
            self._closed or ("" if corrected else _("There is no correction to take away.")),
            _("Take all corrections of what is under work away. It can be undone."),
        )

    def _allow_entry(self) -> None:
        empty = not any(float(value_of(spin, "value")) for spin in (*self._shifts(), *self._turns()))
        allow(
            self.ui.applyButton,
            self._closed or (_("Enter a shift or a turn first.") if empty else ""),
            _("Turn about the center of the bone, about R, then A, then S, and shift; from where it lies now."),
        )

    def _enter(self) -> None:
        shift, turn = (tuple(float(value_of(spin, "value")) for spin in spins) for spins in self._entries())
        self._actions.enter((shift[0], shift[1], shift[2]), (turn[0], turn[1], turn[2]))
        for spin in (*self._shifts(), *self._turns()):
            put(spin, "setValue", 0.0)
        self._allow_entry()

    def _entries(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return self._shifts(), self._turns()

    def _shifts(self) -> tuple[Any, Any, Any]:
        return self.ui.shiftRSpinBox, self.ui.shiftASpinBox, self.ui.shiftSSpinBox

    def _turns(self) -> tuple[Any, Any, Any]:
        return self.ui.turnRSpinBox, self.ui.turnASpinBox, self.ui.turnSSpinBox

    def _buttons(self) -> dict[str, Any]:
        ui = self.ui
        buttons = (
            ui.moveRightButton, ui.moveLeftButton, ui.moveFrontButton, ui.moveBackButton, ui.moveUpButton,
            ui.moveDownButton, ui.turnTopRightButton, ui.turnTopLeftButton, ui.turnFrontRightButton,
            ui.turnFrontLeftButton, ui.turnFrontUpButton, ui.turnFrontDownButton,
        )  # fmt: skip
        return {str(value_of(button, "objectName")): button for button in buttons}

    def _prepare_nudges(self, actions: CorrectActions) -> None:
        for nudge in NUDGES:
            button, key = self._buttons()[nudge.button], nudge.key.replace("Shift+", "⇧")
            button.setText(f"{nudge_words()[nudge.button][0]}  [{key}]")
            button.setAutoRepeat(True)
            button.clicked.connect(lambda *_args, nudge=nudge: actions.nudge(nudge))

    def _list_subjects(self, bones: tuple[str, ...]) -> None:
        if bones == self._bones:
            return
        self._bones = bones
        box: Any = self.ui.subjectComboBox
        blocked = box.blockSignals(True)
        box.clear()
        for subject in (*bones, WHOLE) if bones else ():
            box.addItem(subject_words()[subject], subject)
        box.blockSignals(blocked)


def numbers_text(session: ReviewSession) -> str:
    """What is measured of the bone under work where it lies now, in two lines."""
    bone, found = session.active, session.numbers()
    shift, turn = session.corrections.amount(bone)
    moved = _("{bone}: corrected by {shift:.1f} mm and {turn:.1f}°").format(
        bone=subject_words()[bone], shift=shift, turn=turn
    )
    if found is None:
        return _("{moved}\nThe CT shows too little of it for numbers.").format(moved=moved)
    contour = _("unclear") if found.contour_mm is None or not math.isfinite(found.contour_mm) else ""
    return _("{moved}\nContour distance {contour}, similarity {similarity:.3f}").format(
        moved=moved, similarity=found.similarity, contour=contour or _("{mm:.2f} mm").format(mm=found.contour_mm)
    )
