"""The main numbers of the evaluation, and its page."""

from __future__ import annotations

from pathlib import Path

import qt
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.diagnosis_numbers import read_diagnosis_numbers
from CTSMALib.jobs.evaluation_numbers import HEAD_FILE, ArmNumbers, MainNumbers, read_main_numbers
from CTSMAPanels.diagnosis_words import part_words
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

    def show(self, folder: Path | None, diagnosis: Path | None) -> None:
        """Show the evaluation of students and the training of a diagnosis in folders; ``None`` without a project."""
        told = _about_diagnosis(diagnosis) if diagnosis is not None else ""
        self.ui.diagnosisLabel.setText(told)
        self.ui.diagnosisLabel.setVisible(bool(told))
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


def _about_diagnosis(folder: Path) -> str:
    """How well a trained diagnosis tells knees apart; empty where there is none."""
    try:
        parts, source = read_diagnosis_numbers(folder)
    except CTSMAError as error:
        return str(error)
    if not parts:
        return ""
    lines = [_("Diagnosis, of knees that it has not learned from ({source}):").format(source=source)]
    words = _("{part}: area under the curve {value:.2f} (95 % interval {low:.2f} to {high:.2f})")
    for part in parts:
        line = words.format(part=part_words().get(part.part, part.part), value=part.value, low=part.low, high=part.high)
        lines.append(f"{line}; {_('this may be no better than chance')}" if part.may_be_chance else line)
    return "\n".join(lines)


def _texts(arm: ArmNumbers) -> tuple[str, ...]:
    name = _("{name} (reference)").format(name=arm.arm) if arm.is_reference else arm.arm
    interval = _("{low} to {high}").format(low=_text(arm.low), high=_text(arm.high))
    patches = _("{patches} ({patients})").format(patches=arm.patches, patients=arm.patients)
    return name, _text(arm.value), interval, patches


def _text(value: float | None) -> str:
    return NO_NUMBER if value is None else f"{value:.3f}"
