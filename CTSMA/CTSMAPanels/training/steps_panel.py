"""The steps: where each stands, what it does, its command, and starting, pausing, cancelling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.training_record import DONE, STOPPED
from CTSMALib.jobs.training_steps import RESUMES
from CTSMALib.scene.training_state import TrainingState
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.training.words import step_abouts, step_titles
from CTSMAPanels.ui_files import load_panel, set_icon


@dataclass(frozen=True)
class StepLine:
    """A step in the table: its name, its sign, where it stands in words, and whether it is done."""

    step: str
    sign: str
    state: str
    done: bool = False


@dataclass(frozen=True)
class ChosenStep:
    """What is known of the chosen step.

    Attributes:
        command: of a terminal; empty where there is none.
        reason: why it cannot be started; empty where it can.
        end: how it ended last, of :data:`CTSMALib.jobs.training_record.ENDS`; empty for never.
        remarks: about what it needs and what came of it.
    """

    command: str = ""
    reason: str = ""
    end: str = ""
    remarks: tuple[str, ...] = ()


class StepsPanel:
    """The table of steps.

    Args:
        on_change: called with fields of :class:`TrainingState` that the user changed.
        on_start: called when the user starts or resumes the chosen step.
        on_pause: called when the user pauses what runs.
    """

    UI_FILE = "CTSMATrainingSteps.ui"

    def __init__(
        self, on_change: Callable[..., None], on_start: Callable[[], None], on_pause: Callable[[], None]
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.copyCommandButton, "CTSMACopy")
        set_icon(self.ui.startButton, "CTSMAStart")
        self._on_change = on_change
        prepare(self.ui.stepTable, ["", _("Step"), _("State")], 1)
        self.ui.stepTable.itemSelectionChanged.connect(lambda *_args: self._row_chosen())
        self.ui.goOnCheckBox.toggled.connect(
            lambda *_args: on_change(go_on=bool(value_of(self.ui.goOnCheckBox, "checked")))
        )
        self.ui.copyCommandButton.clicked.connect(lambda *_args: self.copy_command())
        self.ui.startButton.clicked.connect(lambda *_args: on_start())
        self.ui.pauseButton.clicked.connect(lambda *_args: on_pause())

    def show(self, state: TrainingState, lines: Sequence[StepLine], chosen: ChosenStep) -> None:
        """Show the steps.

        Args:
            state: names the chosen step.
            lines: all steps.
            chosen: what is known of that one.
        """
        command, reason = chosen.command, chosen.reason
        titles = step_titles()
        fill(self.ui.stepTable, [(line.step, (line.sign, titles[line.step], line.state)) for line in lines], state.step)
        self.ui.aboutLabel.setText("\n".join((step_abouts()[state.step], *chosen.remarks)))
        if value_of(self.ui.commandText, "plainText") != command:
            self.ui.commandText.setPlainText(command)
        allow(
            self.ui.copyCommandButton,
            "" if command else _("Choose a cohort and a project folder first."),
            _("Copy the command to the clipboard."),
        )
        put(self.ui.goOnCheckBox, "setChecked", state.go_on)
        words = {STOPPED: _("Resume"), DONE: _("Start again")}
        self.ui.startButton.setText(words.get(chosen.end, _("Start")))
        resumed = chosen.end == STOPPED
        about = _("Go on from what was kept.") if resumed else _("Start this step; the panel can be used meanwhile.")
        allow(self.ui.startButton, reason, about)

    def show_line(self, line: StepLine) -> None:
        """Show where one step stands, without touching anything else."""
        table = self.ui.stepTable
        for row in range(int(value_of(table, "rowCount"))):
            item = table.item(row, 2)
            if item is not None and item.data(qt.Qt.UserRole) == line.step and str(item.text()) != line.state:
                blocked = table.blockSignals(True)
                item.setText(line.state)
                table.item(row, 0).setText(line.sign)
                table.blockSignals(blocked)

    def show_run(self, step: str, stopping: bool, remaining: str) -> None:
        """Show what runs.

        Args:
            step: that runs; empty where none does.
            stopping: it is being stopped.
            remaining: how much longer, in words; empty where that cannot be told.
        """
        reason = ""
        if not step:
            reason = _("Nothing is running.")
        elif stopping:
            reason = _("It is being stopped; that takes up to three seconds.")
        elif step not in RESUMES:
            reason = _("This is short and cannot be paused; cancel it instead.")
        allow(self.ui.pauseButton, reason, _("Stop, and keep what was made; Resume goes on to the same result."))
        self.ui.remainingLabel.setText(remaining)
        self.ui.remainingLabel.setVisible(bool(remaining))

    def copy_command(self) -> None:
        """Copy the shown command to the clipboard."""
        qt.QApplication.clipboard().setText(str(value_of(self.ui.commandText, "plainText")))

    def _row_chosen(self) -> None:
        step = chosen_key(self.ui.stepTable)
        if step:
            self._on_change(step=step)
