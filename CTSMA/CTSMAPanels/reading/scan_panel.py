"""Choosing a CT and starting its analysis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.jobs.request import SIDES
from CTSMALib.scene.ct_node import why_not
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.state import NodeId
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.ui_files import load_panel, set_icon


def side_words() -> dict[str, str]:
    """What a user reads for each side."""
    return {"auto": _("Found in the image"), "left": _("Left"), "right": _("Right"), "both": _("Both, insist on two")}


class ScanPanel:
    """The chosen CT.

    Args:
        scene: ``vtkMRMLScene``.
        on_change: called with fields of :class:`PanelState` that the user changed.
        on_apply: called when the user starts the analysis.
    """

    UI_FILE = "CTSMAScan.ui"

    def __init__(self, scene: Any, on_change: Callable[..., None], on_apply: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.applyButton, "CTSMAStart")
        self._scene = scene
        self._on_change = on_change
        for side in SIDES:
            self.ui.sideComboBox.addItem(side_words()[side], side)
        self.ui.ctSelector.setMRMLScene(scene)
        self.ui.ctSelector.currentNodeChanged.connect(self._ct_chosen)
        self.ui.sideComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(side=str(value_of(self.ui.sideComboBox, "currentData")))
        )
        self.ui.applyButton.clicked.connect(lambda *_args: on_apply())

    def show(self, state: PanelState, obstacle: str) -> None:
        """Show a state.

        Args:
            state: what to show.
            obstacle: why nothing can be started now; empty where something can.
        """
        ct = self._scene.GetNodeByID(state.ct) if state.ct else None
        put(self.ui.ctSelector, "setCurrentNode", ct)
        choose(self.ui.sideComboBox, state.side)
        allow(
            self.ui.applyButton,
            obstacle or _(why_not(ct)),
            _("Find the bones, place the patches and measure them. Takes about 10 to 40 seconds."),
        )

    def _ct_chosen(self, *_args: Any) -> None:
        node = self.ui.ctSelector.currentNode()
        self._on_change(ct=NodeId(node.GetID() if node is not None else ""))
