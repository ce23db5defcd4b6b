"""The main numbers of the evaluation, and its page."""

from __future__ import annotations

from pathlib import Path

import qt
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.evaluation_numbers import HEAD_FILE, ArmNumbers, MainNumbers, read_main_numbers
from CTSMAPanels.qt_values import allow
from CTSMAPanels.tables import fill, prepare
from CTSMAPanels.ui_files import load_panel

NO_NUMBER = "–"


class EvaluationPanel:
    """The table of arms."""

    UI_FILE = "CTSMATrainingEvaluation.ui"

    def __init__(self) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._page: Path | None = None
        prepare(
            self.ui.armTable, [_("Reads the patches"), _("Mean ICC"), _("95 % interval"), _("Patches (patients)")], 0
        )
        self.ui.pageButton.clicked.connect(lambda *_args: self.open_page())

    def show(self, folder: Path | None) -> None:
        """Show the evaluation in a folder; ``None`` where there is no project."""
        numbers, problem = None, _("Nothing was evaluated yet.")
        if folder is not None and (folder / HEAD_FILE).is_file():
            try:
                numbers = read_main_numbers(folder)
            except CTSMAError as error:
                problem = str(error)
        arms = numbers.arms if numbers is not None else ()
        fill(self.ui.armTable, [(arm.arm, _texts(arm)) for arm in arms])
        self.ui.armTable.setVisible(bool(arms))
        self.ui.evaluationLabel.setText(_about(numbers) if numbers is not None else problem)
        self._page = numbers.page if numbers is not None and numbers.page.is_file() else None
        reason = "" if self._page is not None else problem
        allow(self.ui.pageButton, reason, _("All numbers and figures, in the browser."))

    def open_page(self) -> None:
        """Open the page of the evaluation in the browser."""
        if self._page is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._page.absolute())))


def _about(numbers: MainNumbers) -> str:
    about = _("Agreement with the MR on subjects of the split '{split}'.").format(split=numbers.split)
    virtual = _("These are virtual knees, not patients.") if numbers.virtual else ""
    return "\n".join(part for part in (f"{about} {virtual}".strip(), *numbers.remarks) if part)


def _texts(arm: ArmNumbers) -> tuple[str, ...]:
    name = _("{name} (reference)").format(name=arm.arm) if arm.is_reference else arm.arm
    interval = _("{low} to {high}").format(low=_text(arm.low), high=_text(arm.high))
    patches = _("{patches} ({patients})").format(patches=arm.patches, patients=arm.patients)
    return name, _text(arm.value), interval, patches


def _text(value: float | None) -> str:
    return NO_NUMBER if value is None else f"{value:.3f}"
