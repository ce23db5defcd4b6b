"""Choosing a CT or an MR and what analyzes it, starting that, and correcting the bones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.jobs.arguments.values import NO_MODEL
from CTSMALib.jobs.model_names import STUDENT_TASK, models_for
from CTSMALib.jobs.request import SIDES
from CTSMALib.scene.bone_segments import why_no_bones
from CTSMALib.scene.ct_node import why_not
from CTSMALib.scene.panel_state import AS_STATED, VOLTAGES, PanelState
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.scan_kind import AUTO, CT, MR, SCANS, scan_kind
from CTSMALib.scene.state import NodeId
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.reading.jobs import Method
from CTSMAPanels.ui_files import load_panel, set_icon


def side_words() -> dict[str, str]:
    """What a user reads for each side."""
    return {"auto": _("Found in the image"), "left": _("Left"), "right": _("Right"), "both": _("Both, insist on two")}


def scan_words() -> dict[str, str]:
    """What a user reads for each kind of scan."""
    return {AUTO: _("Found from the values"), CT: _("CT"), MR: _("High-resolution MR")}


def voltage_words(kvp: int) -> str:
    """What a user reads for a tube voltage."""
    return _("{number} kV").format(number=kvp) if kvp != AS_STATED else _("As the scan states, else 120 kV")


def model_words(name: str) -> str:
    """What a user reads for a model that is not told more about."""
    known = {"": _("The one that comes with CTSMA"), NO_MODEL: _("None: only what the CT shows directly")}
    return known.get(name, name)


def method_words(method: Method) -> str:
    """How a scan is analyzed, a line for each choice."""
    lines = [
        _("It is: {kind}").format(kind=scan_words()[method.scan]),
        _("Knee: {side}").format(side=side_words()[method.side]),
    ]
    if method.scan != MR:
        more = _("{model}; the true structure (vcal_*) too") if method.structure else "{model}"
        lines.append(_("Model: {model}").format(model=more.format(model=model_words(method.model))))
        lines.append(_("Tube voltage: {voltage}").format(voltage=voltage_words(int(method.kvp))))
    return "\n".join(lines)


@dataclass(frozen=True)
class ScanActions:
    """What the user starts.

    Attributes:
        apply: the analysis.
        correct: opening the bones of the shown result in the Segment Editor.
        again: the analysis with the chosen bones.
    """

    apply: Callable[[], None]
    correct: Callable[[], None]
    again: Callable[[], None]


class ScanPanel:
    """The chosen scan.

    Args:
        scene: ``vtkMRMLScene``.
        on_change: called with fields of :class:`PanelState` that the user changed.
        actions: what the user starts.
    """

    UI_FILE = "CTSMAScan.ui"

    def __init__(self, scene: Any, on_change: Callable[..., None], actions: ScanActions) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.applyButton, "CTSMAStart")
        self._scene = scene
        self._on_change = on_change
        self._models: list[tuple[str, str]] = []
        for side in SIDES:
            self.ui.sideComboBox.addItem(side_words()[side], side)
        for kind in SCANS:
            self.ui.scanComboBox.addItem(scan_words()[kind], kind)
        for kvp in VOLTAGES:
            self.ui.voltageComboBox.addItem(voltage_words(kvp), kvp)
        self.list_models()
        self.ui.ctSelector.setMRMLScene(scene)
        self.ui.ctSelector.currentNodeChanged.connect(lambda *_args: self._chosen(self.ui.ctSelector, "ct"))
        self.ui.correctedSelector.setMRMLScene(scene)
        self.ui.correctedSelector.currentNodeChanged.connect(
            lambda *_args: self._chosen(self.ui.correctedSelector, "corrected")
        )
        self.ui.sideComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(side=str(value_of(self.ui.sideComboBox, "currentData")))
        )
        self.ui.scanComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(scan=str(value_of(self.ui.scanComboBox, "currentData")))
        )
        self.ui.modelComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(model=str(value_of(self.ui.modelComboBox, "currentData") or ""))
        )
        self.ui.voltageComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(kvp=int(value_of(self.ui.voltageComboBox, "currentData")))
        )
        self.ui.structureCheckBox.toggled.connect(
            lambda *_args: on_change(structure=bool(value_of(self.ui.structureCheckBox, "checked")))
        )
        self.ui.applyButton.clicked.connect(lambda *_args: actions.apply())
        self.ui.correctButton.clicked.connect(lambda *_args: actions.correct())
        self.ui.againButton.clicked.connect(lambda *_args: actions.again())

    def list_models(self) -> None:
        """Look again which models there are."""
        listed = [("", model_words(""))]
        for model in models_for(STUDENT_TASK):
            if not model.shipped:
                listed.append((model.name, _("{name} {version}").format(name=model.name, version=model.version)))
        listed.append((NO_MODEL, model_words(NO_MODEL)))
        if listed == self._models:
            return
        self._models = listed
        box: Any = self.ui.modelComboBox
        chosen = value_of(box, "currentData")
        blocked = box.blockSignals(True)
        box.clear()
        for name, words in listed:
            box.addItem(words, name)
        box.setCurrentIndex(max(box.findData(chosen or ""), 0))
        box.blockSignals(blocked)

    @property
    def models(self) -> list[str]:
        """The names of the models that can be chosen; empty for the one that comes with CTSMA."""
        return [name for name, _words in self._models]

    def show(self, state: PanelState, result: ResultNodes | None, obstacle: str) -> None:
        """Show a state.

        Args:
            state: what to show.
            result: the shown result.
            obstacle: why nothing can be started now; empty where something can.
        """
        ct = self._scene.GetNodeByID(state.ct) if state.ct else None
        bones = self._scene.GetNodeByID(state.corrected) if state.corrected else None
        put(self.ui.ctSelector, "setCurrentNode", ct)
        put(self.ui.correctedSelector, "setCurrentNode", bones)
        choose(self.ui.sideComboBox, state.side)
        choose(self.ui.modelComboBox, state.model)
        choose(self.ui.scanComboBox, state.scan)
        choose(self.ui.voltageComboBox, state.kvp)
        put(self.ui.structureCheckBox, "setChecked", state.structure)
        self._show_start(ct, state, obstacle)
        shown = "" if result is not None else _("No result is shown.")
        allow(self.ui.correctButton, shown, _("Open the bones of the shown result in the Segment Editor."))
        allow(
            self.ui.againButton,
            obstacle or why_not(ct) or why_no_bones(bones, ct),
            _("Analyze the scan with the chosen bones instead of finding them."),
        )

    def _show_start(self, ct: Any, state: PanelState, obstacle: str) -> None:
        unfit = why_not(ct)
        on_mr = (state.scan if unfit else scan_kind(ct, state.scan)) == MR
        seconds = _("Find the bones, place the patches and measure them. Takes about 10 to 60 seconds.")
        minutes = _("Find the bones, place the patches and read apparent parameters off the MR. Takes minutes.")
        allow(self.ui.applyButton, obstacle or unfit, minutes if on_mr else seconds)
        estimated = _("What estimates apparent trabecular parameters on a CT. Without a model they are left out.")
        measured = _("On an MR they are measured, not estimated.") if on_mr else ""
        allow(self.ui.modelComboBox, measured, estimated)
        alone = _("Only a model estimates these.") if state.model == NO_MODEL else ""
        true = _("BV/TV, Tb.Th, Tb.Sp and Tb.N (vcal_*) on the scale of the true structure of simulated knees.")
        allow(self.ui.structureCheckBox, measured or alone, true)
        voltage = _("Where a CT does not state it, as a NIfTI or NRRD file: bone has other CT numbers at another one.")
        allow(self.ui.voltageComboBox, _("An MR has none.") if on_mr else "", voltage)

    def let_go(self) -> None:
        """Know the scene no more."""
        for selector in (self.ui.ctSelector, self.ui.correctedSelector):
            selector.blockSignals(True)
            selector.setMRMLScene(None)

    def _chosen(self, selector: Any, field: str) -> None:
        node = selector.currentNode()
        self._on_change(**{field: NodeId(node.GetID() if node is not None else "")})
