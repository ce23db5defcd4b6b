"""The settings of each step, folded away: the usual ones work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.training_choices import distillations, engines, guides, splits
from CTSMALib.scene.training_state import DIAGNOSIS, EVALUATE, MODEL, PATCHES, REGISTER, STUDENT, TEACHER, TrainingState
from CTSMAPanels.qt_values import choose, on_path, put, value_of
from CTSMAPanels.training.words import model_words, prediction_words
from CTSMAPanels.ui_files import load_panel

PAGES = {REGISTER: 0, PATCHES: 1, TEACHER: 2, STUDENT: 2, EVALUATE: 3, DIAGNOSIS: 4, MODEL: 5}


class SettingsPanel:
    """The settings.

    Args:
        on_change: called with fields of :class:`TrainingState` that the user changed.
    """

    UI_FILE = "CTSMATrainingSettings.ui"

    def __init__(self, on_change: Callable[..., None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_change = on_change
        self._fill_boxes()
        for field, box in self._numbers().items():
            box.valueChanged.connect(self._told(field, box, "value", int))
        for field, box in self._boxes().items():
            box.currentIndexChanged.connect(self._told(field, box, "currentData", str))
        for field, edit in self._paths().items():
            on_path(edit, self._told(field, edit, "currentPath", str))
        self.ui.localCheckBox.toggled.connect(self._told("local", self.ui.localCheckBox, "checked", bool))
        self.ui.modelNameEdit.textChanged.connect(self._told("model_name", self.ui.modelNameEdit, "text", str))

    def show(self, state: TrainingState, obstacle: str) -> None:
        """Show a state; ``obstacle`` says why nothing can be changed now."""
        self._show_page(PAGES[state.step])
        for field, box in self._numbers().items():
            put(box, "setValue", getattr(state, field))
        for field, box in self._boxes().items():
            choose(box, getattr(state, field))
        for field, edit in self._paths().items():
            if value_of(edit, "currentPath") != getattr(state, field):
                put(edit, "setCurrentPath", getattr(state, field))
        put(self.ui.localCheckBox, "setChecked", state.local)
        if value_of(self.ui.modelNameEdit, "text") != state.model_name:
            put(self.ui.modelNameEdit, "setText", state.model_name)
        self.ui.pages.setEnabled(not obstacle)
        self.ui.pages.setToolTip(obstacle)

    def _show_page(self, index: int) -> None:
        """Show a page; the others take no room."""
        pages = self.ui.pages
        for number in range(int(value_of(pages, "count"))):
            height = qt.QSizePolicy.Preferred if number == index else qt.QSizePolicy.Ignored
            pages.widget(number).setSizePolicy(qt.QSizePolicy.Preferred, height)
        pages.setCurrentIndex(index)

    def _told(self, field: str, widget: Any, name: str, kind: Callable[[Any], Any]) -> Callable[..., None]:
        """What tells that the user changed a field."""
        return lambda *_args: self._on_change(**{field: kind(value_of(widget, name) or kind())})

    def _numbers(self) -> dict[str, Any]:
        ui = self.ui
        return {
            "jobs": ui.jobsSpinBox, "steps": ui.stepsSpinBox, "batch": ui.batchSpinBox, "subjects": ui.subjectsSpinBox,
            "seeds": ui.seedsSpinBox, "seed": ui.seedSpinBox, "threads": ui.threadsSpinBox,
            "resamplings": ui.resamplingsSpinBox,
        }  # fmt: skip

    def _boxes(self) -> dict[str, Any]:
        ui = self.ui
        return {
            "engine": ui.engineComboBox, "guide": ui.guideComboBox, "distillation": ui.distillationComboBox,
            "split": ui.splitComboBox, "predictions": ui.predictionsComboBox, "model": ui.modelComboBox,
        }  # fmt: skip

    def _paths(self) -> dict[str, Any]:
        return {"config": self.ui.configEdit, "diagnosis_config": self.ui.diagnosisConfigEdit}

    def _fill_boxes(self) -> None:
        guide_words = {"mr": _("MR"), "synthetic": _("Synthetic CT"), "both": _("MR and synthetic CT")}
        ways = {
            "none": _("none"), "l1": _("raw maps (as the paper)"), "cosine": _("direction of maps"),
            "attention": _("attention"), "relational": _("distances among patches"), "pooled": _("pooled features"),
            "values": _("values"),
        }  # fmt: skip
        named = {
            self.ui.engineComboBox: {name: name for name in engines()},
            self.ui.guideComboBox: {name: guide_words.get(name, name) for name in guides()},
            self.ui.distillationComboBox: {name: ways.get(name, name) for name in distillations()},
            self.ui.splitComboBox: {name: name for name in splits()},
            self.ui.predictionsComboBox: prediction_words(),
            self.ui.modelComboBox: model_words(),
        }
        for box, names in named.items():
            for name, words in names.items():
                box.addItem(words, name)
