"""What a research model says of osteoarthritis in the shown knee, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.model_names import DIAGNOSIS_TASK, models_for
from CTSMALib.scene.diagnosis_nodes import (
    LOGISTIC,
    DiagnosisState,
    ShownDiagnosis,
    diagnosis_of,
    keep_state,
    may_be_diagnosed,
    model_was_chosen,
    percent_text,
    signed_text,
    stamp_of,
    state_of,
)
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels.diagnosis_words import part_words
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.settings.store import read_settings
from CTSMAPanels.tables import chosen_key, fill, prepare, select
from CTSMAPanels.ui_files import load_panel, set_icon

STRONGEST = 10  # patches that are listed
FULL_BAR = 1000
LIKELY_NOTHING = 0.01  # log odds; less speaks neither for nor against


def aggregator_words() -> dict[str, str]:
    """What the parts of a model are called."""
    return {"": _("The one that the model names"), **part_words()}


class DiagnosisPanel:
    """How the shown result is diagnosed, and what came of it.

    Args:
        on_diagnose: called when the user wants a diagnosis.
        on_patch: called with the label of a patch that the user chooses, 1 to 96.
        on_switch: called after the research switch was turned: other numbers may be shown now.
    """

    UI_FILE = "CTSMADiagnosis.ui"

    def __init__(
        self, on_diagnose: Callable[[], None], on_patch: Callable[[int], None], on_switch: Callable[[], None]
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.diagnoseButton, "CTSMAStart")
        self.state, self._on_patch, self._on_switch = DiagnosisState(), on_patch, on_switch
        self._result: ResultNodes | None = None
        self._stamp: tuple[Any, ...] = ()
        self._obstacle = ""
        self._answer: ShownDiagnosis | None = None
        self._models: list[tuple[str, str]] = []
        self._listed: list[tuple[str, str]] = []
        self._bars = [getattr(self.ui, f"grade{grade}Bar") for grade in range(5)]
        prepare(self.ui.compartmentTable, [_("Compartment"), _("Patches"), _("Log odds"), _("Speaks")], 0)
        prepare(self.ui.strongestTable, [_("Patch"), _("Log odds"), _("Speaks")], 0)
        for name, words in aggregator_words().items():
            self.ui.aggregatorComboBox.addItem(words, name)
        self.list_models()
        self.ui.modelComboBox.currentIndexChanged.connect(lambda *_args: self._change(model=self._chosen_model()))
        self.ui.aggregatorComboBox.currentIndexChanged.connect(
            lambda *_args: self._change(aggregator=str(value_of(self.ui.aggregatorComboBox, "currentData") or ""))
        )
        self.ui.researchCheckBox.toggled.connect(
            lambda *_args: self._change(research=bool(value_of(self.ui.researchCheckBox, "checked")))
        )
        self.ui.modelFolderButton.clicked.connect(lambda *_args: self.choose_folder())
        self.ui.diagnoseButton.clicked.connect(lambda *_args: on_diagnose())
        self.ui.strongestTable.itemSelectionChanged.connect(lambda *_args: self._patch_chosen())
        self._refresh()

    def show(self, result: ResultNodes | None, obstacle: str, patch: int = 0) -> None:
        """Show the diagnosis of a result.

        Args:
            result: the shown result.
            obstacle: why nothing can be started now; empty where something can.
            patch: label of the selected patch; 0 for none.
        """
        self._result, self._obstacle = result, obstacle
        self.state = state_of(result) if result is not None else DiagnosisState()
        self._refresh()
        stamp = stamp_of(result) if result is not None else ()
        if stamp != self._stamp:
            self._stamp = stamp
            self._answer = diagnosis_of(result) if result is not None else None  # takes some milliseconds
            self._show_answer(self._answer)
        known = result is not None and 1 <= patch <= len(result.patches)
        blocked = self.ui.strongestTable.blockSignals(True)
        select(self.ui.strongestTable, result.patches.ids[patch - 1] if result is not None and known else "")
        self.ui.strongestTable.blockSignals(blocked)

    @property
    def asked(self) -> DiagnosisState:
        """How the result is to be diagnosed: as was saved with it, with the model that is shown as chosen."""
        return replace(self.state, model=self._chosen_model())

    @property
    def contributions(self) -> dict[str, float] | None:
        """Patch id to what it adds to the log odds; ``None`` where no diagnosis is shown."""
        return self._answer.patches if self._answer is not None and self._may_show(self._answer) else None

    @property
    def outdated(self) -> bool:
        """Whether patches have changed since the diagnosis was made."""
        return self._answer is not None and self._answer.outdated

    def _may_show(self, answer: ShownDiagnosis) -> bool:
        """Whether numbers are shown: those of research only while it is switched on."""
        return answer.shown and (self.state.research or not answer.needs_switch)

    def list_models(self) -> None:
        """Look again which models there are."""
        words = _("{name} {version}")
        self._models = [
            ("" if model.shipped else model.name, words.format(name=model.name, version=model.version))
            for model in models_for(DIAGNOSIS_TASK)
        ]
        self._fill_models()

    def choose_folder(self) -> None:
        """Ask for the folder of a model."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of a model"))
        if folder:
            self._change(model=str(folder))

    def _fill_models(self) -> None:
        box: Any = self.ui.modelComboBox
        listed = list(self._models)
        if self.state.model and self.state.model not in [name for name, _words in listed]:
            listed.append((self.state.model, self.state.model))
        if not listed:
            listed.append(("", _("None is installed")))
        if listed != self._listed:
            self._listed = listed
            blocked = box.blockSignals(True)
            box.clear()
            for name, words in listed:
                box.addItem(words, name)
            box.blockSignals(blocked)
        names = [name for name, _words in listed]
        chosen = self._result is not None and model_was_chosen(self._result)
        wanted = self.state.model if chosen else read_settings().diagnosis_model
        choose(box, wanted if wanted in names else names[0])

    def _chosen_model(self) -> str:
        return str(value_of(self.ui.modelComboBox, "currentData") or "")

    def _change(self, **changes: Any) -> None:
        if self._result is None:
            return
        self.state = replace(self.state, **{"model": self._chosen_model(), **changes})
        keep_state(self._result, self.state)
        self._refresh()
        self._show_answer(self._answer)
        if "research" in changes:
            self._on_switch()

    def _patch_chosen(self) -> None:
        name = chosen_key(self.ui.strongestTable)
        if self._result is not None and name in self._result.patches.ids:
            self._on_patch(self._result.patches.ids.index(name) + 1)

    def _refresh(self) -> None:
        self._fill_models()
        choose(self.ui.aggregatorComboBox, self.state.aggregator)
        put(self.ui.researchCheckBox, "setChecked", self.state.research)
        self.ui.researchLabel.setVisible(self.state.research)
        shown = _("Say how likely osteoarthritis is, from the patches of the shown knee.")
        no_result = "" if self._result is not None else _("No result is shown.")
        allow(self.ui.diagnoseButton, self._reason(), shown)
        for control, about in (
            (self.ui.modelComboBox, _("The model that answers.")),
            (self.ui.modelFolderButton, _("Choose the folder of a model that is not listed.")),
            (self.ui.aggregatorComboBox, _("Which part of the model answers.")),
            (self.ui.researchCheckBox, _("For research only. What is shown is marked, here and in reports.")),
        ):
            allow(control, no_result, about)

    def _reason(self) -> str:
        if self._result is None:
            return _("No result is shown.")
        if self._obstacle:
            return self._obstacle
        if not may_be_diagnosed(self._result):
            return _("The patches have no apparent parameters. Analyze the scan with a model for them.")
        if not self._models and not self.state.model:
            return _("No model for a diagnosis is installed. Choose the folder of one, or train one.")
        return ""

    def _show_answer(self, found: ShownDiagnosis | None) -> None:
        shown = found is not None and self._may_show(found)
        self.ui.answerWidget.setVisible(shown)
        if found is None:
            self.ui.markLabel.setText(_("There is no diagnosis yet."))
        elif found.shown and not shown:
            self.ui.markLabel.setText(_("An answer for research is hidden. Switch research on to see it."))
        else:
            self.ui.markLabel.setText(found.statement)
        self.ui.outdatedLabel.setVisible(found is not None and found.outdated)
        self.ui.checkedLabel.setText("\n".join(_sentences(found)))
        self.ui.checkedLabel.setVisible(found is not None)
        if found is not None and shown:
            self._show_numbers(found)

    def _show_numbers(self, found: ShownDiagnosis) -> None:
        self.ui.probabilityLabel.setText(
            _("Osteoarthritis: {middle} (95 % interval {low} to {high})").format(
                middle=percent_text(found.probability), low=percent_text(found.low), high=percent_text(found.high)
            )
        )
        start = _("For a knee with usual values") if found.aggregator == LOGISTIC else _("Before any patch is known")
        self.ui.usualLabel.setText(
            _("{start}: {usual}. Grade 2 or more on the Kellgren-Lawrence scale counts.").format(
                start=start, usual=percent_text(found.usual_probability)
            )
        )
        for bar, share in zip(self._bars, found.grades, strict=False):
            bar.setValue(round(FULL_BAR * share))
            bar.setFormat(percent_text(share))
        rows = [(title, (title, str(count), *_weighed(part))) for title, count, part in found.by_compartment()]
        fill(self.ui.compartmentTable, rows)
        fill(self.ui.strongestTable, [(name, (name, *_weighed(part))) for name, part in found.strongest(STRONGEST)])


def _weighed(part: float) -> tuple[str, str]:
    if abs(part) < LIKELY_NOTHING:
        return signed_text(part), _("neither")
    return signed_text(part), _("for") if part > 0.0 else _("against")


def _sentences(found: ShownDiagnosis | None) -> list[str]:
    """What was checked, what must be known beside it, and what answered."""
    if found is None:
        return []
    named = _("Model: {model}, {part}.").format(
        model=found.model, part=aggregator_words().get(found.aggregator, found.aggregator)
    )
    return [*found.checked, *found.notes, *([named] if found.model else [])]
