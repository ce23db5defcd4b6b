"""The library of models: what the module CTSMA can choose from."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from CTSMALib.jobs.model_list import ModelLine, list_models, remove_model
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.qt_values import allow
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.ui_files import load_panel


class ModelsPanel:
    """The table of models.

    Args:
        on_verify: called with the name of a model that is to be verified.
    """

    UI_FILE = "CTSMATrainingModels.ui"

    def __init__(self, on_verify: Callable[[str], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._models: dict[str, ModelLine] = {}
        self._obstacle = ""
        prepare(self.ui.modelTable, [_("Name"), _("For"), _("Version"), _("From")], 0)
        self.ui.modelTable.itemSelectionChanged.connect(lambda *_args: self._show_model())
        self.ui.verifyButton.clicked.connect(lambda *_args: on_verify(self.chosen))
        self.ui.removeModelButton.clicked.connect(lambda *_args: self.remove())

    @property
    def chosen(self) -> str:
        """Name of the selected model; empty for none."""
        return chosen_key(self.ui.modelTable)

    def read(self) -> None:
        """Look again which models there are; their checksums are computed, which takes a moment."""
        self._models = {model.name: model for model in list_models()}
        rows = [
            (name, (name, model.task or _("damaged"), model.version, _("CTSMA") if model.shipped else _("added")))
            for name, model in self._models.items()
        ]
        fill(self.ui.modelTable, rows, self.chosen)

    def show(self, obstacle: str) -> None:
        """Show what may be done; ``obstacle`` says why nothing can be started now."""
        self._obstacle = obstacle
        self._show_model()

    def remove(self) -> None:
        """Delete the selected model from the library, if the user really wants to; what it was copied from stays."""
        model = self._models.get(self.chosen)
        if model is None:
            return
        question = _("Delete the model '{name}' with its folder {folder}? This cannot be undone.")
        if not slicer.util.confirmOkCancelDisplay(question.format(name=model.name, folder=model.folder)):
            return
        with problems_shown(_("The model could not be removed.")):
            remove_model(model.name)
        self.read()
        self._show_model()

    def _show_model(self) -> None:
        model = self._models.get(self.chosen)
        self.ui.modelLabel.setText(f"{model.problem or model.folder}" if model is not None else "")
        self.ui.modelLabel.setVisible(model is not None)
        none = "" if model is not None else _("Select a model in the table.")
        allow(
            self.ui.verifyButton,
            none or self._obstacle,
            _("Check that it is whole: checksums of weights and settings."),
        )
        shipped = _("It comes with CTSMA and stays.") if model is not None and model.shipped else ""
        about = _("Delete it from the library; what it was copied from stays.")
        allow(self.ui.removeModelButton, none or shipped or self._obstacle, about)
