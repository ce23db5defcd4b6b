"""Progress, cancelling and the log of a job; the same bar in all modules."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.monitor import BUSY, JobMonitor, JobState
from CTSMAPanels.qt_values import allow, value_of
from CTSMAPanels.ui_files import load_panel, set_icon

UNEXPECTED = ("internal", "crash", "start")  # failures that a user cannot mend alone: show what the worker said
SHOWN_LINES = 12  # of standard error under the message of a failure


class RunBar:
    """Shows a job.

    Args:
        on_cancel: called when the user cancels.
    """

    UI_FILE = "CTSMARunBar.ui"

    def __init__(self, on_cancel: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.copyLogButton, "CTSMACopy")
        set_icon(self.ui.cancelButton, "CTSMAStop")
        self._log = ""
        self.ui.cancelButton.clicked.connect(lambda *_args: on_cancel())
        self.ui.logButton.toggled.connect(lambda *_args: self._show_log())
        self.ui.copyLogButton.clicked.connect(lambda *_args: self.copy_log())
        self.show(JobMonitor())

    def show(self, monitor: JobMonitor) -> None:
        """Show the state of a job."""
        state = monitor.state
        self.widget.setVisible(state is not JobState.IDLE)
        done = 1.0 if state is JobState.FINISHED else monitor.fraction
        self.ui.progressBar.setValue(round(1000 * done))
        self.ui.stageLabel.setText(_stage_text(monitor))
        self.ui.messageLabel.setText(_message(monitor))
        self.ui.messageLabel.setVisible(bool(_message(monitor)))
        reason = {
            JobState.CANCELLING: _("It is being cancelled; that takes up to three seconds."),
        }.get(state, "" if state in BUSY else _("Nothing is running."))
        allow(self.ui.cancelButton, reason, _("Stop the work; nothing half-done stays behind."))
        self._log = monitor.log
        allow(
            self.ui.copyLogButton,
            "" if self._log else _("The log is empty."),
            _("Copy the whole log to the clipboard."),
        )
        self._show_log()

    def copy_log(self) -> None:
        """Copy the whole log to the clipboard."""
        qt.QApplication.clipboard().setText(self._log)

    def _show_log(self) -> None:
        shown = bool(value_of(self.ui.logButton, "checked"))
        self.ui.logText.setVisible(shown)
        if shown and value_of(self.ui.logText, "plainText") != self._log:
            self.ui.logText.setPlainText(self._log)


def _stage_text(monitor: JobMonitor) -> str:
    """For example "Finding the bones – 12 s – CPU, 2 cores"."""
    words = {
        JobState.IDLE: "",
        JobState.STARTING: _("Starting"),
        JobState.RUNNING: monitor.stage or _("Running"),
        JobState.CANCELLING: _("Cancelling"),
        JobState.FINISHED: _("Done"),
        JobState.FAILED: _("Failed"),
        JobState.CANCELLED: _("Cancelled"),
    }
    parts = [words[monitor.state], _("{seconds:.0f} s").format(seconds=monitor.elapsed_s), monitor.device]
    return " – ".join(part for part in parts if part)


def _message(monitor: JobMonitor) -> str:
    outcome = monitor.outcome
    if monitor.state is not JobState.FAILED or outcome is None:
        return ""
    lines = "\n".join(outcome.last_lines[-SHOWN_LINES:]) if outcome.kind in UNEXPECTED else ""
    return "\n".join(part for part in (f"{outcome.message} {outcome.remedy}".strip(), lines) if part)
