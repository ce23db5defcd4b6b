"""The page of the extension among the application's settings."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.jobs.arguments.values import NO_MODEL
from CTSMALib.jobs.model_names import DIAGNOSIS_TASK, STUDENT_TASK, added_models_folder, models_for
from CTSMALib.resources import resource
from CTSMAPanels.settings.paper import paper_words, system_locale, usual_paper
from CTSMAPanels.settings.store import KEYS, MOST_THREADS, SettingsWatch, read_settings, tell_watches
from CTSMAPanels.ui_files import load_panel

PAGE_NAME = "CTSMASettingsPage"
SIGNAL = "2"  # Qt's macro of that name puts it before a signature
LISTENER = "CTSMAListener"  # property of the page: the code that listens to it
_THIS_CODE = uuid4().hex  # another one after it was loaded again, as developers do


def register_settings_page() -> None:
    """Put the page into the application's settings, once; there are none without a main window."""
    dialog = slicer.app.settingsDialog() if slicer.app.layoutManager() is not None else None
    if dialog is None:
        return
    known = dialog.findChild(qt.QWidget, PAGE_NAME)
    if known is None:
        page, icon = SettingsPage(), qt.QIcon(str(resource("Icons/CTSMA.svg")))
        dialog.addPanel("CTSMA", icon, page.panel)
    elif known.property(LISTENER) != _THIS_CODE:  # it is of earlier code, whose panels are gone
        known.setProperty(LISTENER, _THIS_CODE)
        known.settingChanged.connect(lambda *_args: tell_watches())


class SettingsPage:
    """What a user sets once for the extension. The application keeps or resets what was changed.

    Attributes:
        panel: ``ctkSettingsPanel`` that the dialog takes.
    """

    UI_FILE = "CTSMASettings.ui"

    def __init__(self) -> None:
        self.panel = ctk.ctkSettingsPanel()
        self.panel.setObjectName(PAGE_NAME)
        self.panel.setProperty(LISTENER, _THIS_CODE)
        self.widget, self.ui = load_panel(self.UI_FILE)
        qt.QVBoxLayout(self.panel).addWidget(self.widget)
        self.ui.threadsSpinBox.setMaximum(MOST_THREADS)
        usual = _("The usual one of the country ({paper})").format(paper=paper_words()[usual_paper(system_locale())])
        for paper, words in {"": usual, **paper_words()}.items():
            self.ui.settingsPaperComboBox.addItem(words, paper)
        self.list_models()
        for name, widget, prop, signal in (
            ("student_model", self.ui.studentComboBox, "currentUserDataAsString", "currentIndexChanged(int)"),
            ("diagnosis_model", self.ui.diagnosisComboBox, "currentUserDataAsString", "currentIndexChanged(int)"),
            ("export_folder", self.ui.exportFolderEdit.comboBox().lineEdit(), "text", "textChanged(QString)"),
            ("paper", self.ui.settingsPaperComboBox, "currentUserDataAsString", "currentIndexChanged(int)"),
            ("reader", self.ui.settingsReaderEdit, "text", "textChanged(QString)"),
            ("threads", self.ui.threadsSpinBox, "value", "valueChanged(int)"),
        ):
            self.panel.registerProperty(KEYS[name], widget, prop, SIGNAL + signal)
        self._changing = False
        self.panel.settingChanged.connect(lambda *_args: self._changed())
        self.ui.modelsFolderButton.clicked.connect(lambda *_args: self.open_models_folder())
        self.ui.listAgainButton.clicked.connect(lambda *_args: self.list_models())
        self._watch = SettingsWatch(lambda _before, _after: self._changed_elsewhere())
        self.panel.destroyed.connect(lambda *_args: self._watch.stop())

    def _changed(self) -> None:
        self._changing = True
        try:
            tell_watches()
        finally:
            self._changing = False

    def _changed_elsewhere(self) -> None:
        if not self._changing:  # else "Cancel" would have nothing to go back to
            self.panel.reloadSettings()

    def list_models(self) -> None:
        """Look again which models there are; one that was taken away stays listed while it is chosen."""
        settings = read_settings()
        words = _("{name} {version}")
        students = [("", _("The one that comes with CTSMA")), (NO_MODEL, _("None: only what the CT shows directly"))]
        diagnoses = [("", _("The one that comes with CTSMA"))]
        for task, listed in ((STUDENT_TASK, students), (DIAGNOSIS_TASK, diagnoses)):
            listed += [
                (model.name, words.format(name=model.name, version=model.version))
                for model in models_for(task)
                if not model.shipped
            ]
        _fill(self.ui.studentComboBox, students, settings.student_model)
        _fill(self.ui.diagnosisComboBox, diagnoses, settings.diagnosis_model)
        self.ui.modelsFolderValue.setText(str(added_models_folder()))

    def open_models_folder(self) -> None:
        """Show the folder of added models; it is made where it does not exist."""
        folder = added_models_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            text = _("The folder {folder} cannot be made.\n\nName another folder in the environment variable {name}.")
            slicer.util.errorDisplay(text.format(folder=folder, name="CTSMA_MODELS"))
            return
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))


def _fill(box: Any, listed: list[tuple[str, str]], chosen: str) -> None:
    if chosen not in [name for name, _words in listed]:
        listed = [*listed, (chosen, _("{name} (not found)").format(name=chosen))]
    blocked = box.blockSignals(True)
    box.clear()
    for name, words in listed:
        box.addItem(words, name)
    box.setCurrentIndex([name for name, _words in listed].index(chosen))
    box.blockSignals(blocked)
