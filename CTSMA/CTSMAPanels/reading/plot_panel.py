"""Choosing what the plot shows, and the scan that is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.plots import BLAND_ALTMAN, DEPTH, DISTRIBUTION, MEDIAL_LATERAL, OF_PAIRS, SCATTER, Plot
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.state import NO_NODE, NodeId
from CTSMAPanels.qt_values import allow, choose, value_of
from CTSMAPanels.ui_files import load_panel


def plot_words() -> dict[str, str]:
    """What a user reads for each plot."""
    return {
        DISTRIBUTION: _("Distribution by compartment"),
        DEPTH: _("Depth: 9 mm against 5 mm"),
        MEDIAL_LATERAL: _("Medial against lateral"),
        SCATTER: _("CT against MR"),
        BLAND_ALTMAN: _("CT and MR: differences (Bland-Altman)"),
    }


class PlotPanel:
    """The plot.

    Args:
        on_change: called with fields of :class:`PanelState` that the user changed.
        on_show: called when the user wants the plot in the views.
        on_compare: called when the user wants both scans side by side.
    """

    UI_FILE = "CTSMAPlots.ui"

    def __init__(
        self, on_change: Callable[..., None], on_show: Callable[[], None], on_compare: Callable[[], None]
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._others: list[tuple[str, str]] = []
        self._abouts = {box: str(value_of(box, "toolTip")) for box in (self.ui.plotComboBox, self.ui.otherComboBox)}
        for kind, words in plot_words().items():
            self.ui.plotComboBox.addItem(words, kind)
        self.ui.plotComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(plot=str(value_of(self.ui.plotComboBox, "currentData")))
        )
        self.ui.otherComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(other=NodeId(value_of(self.ui.otherComboBox, "currentData") or ""))
        )
        self.ui.plotButton.clicked.connect(lambda *_args: on_show())
        self.ui.compareButton.clicked.connect(lambda *_args: on_compare())

    def show(
        self, state: PanelState, result: ResultNodes | None, plot: Plot | None, others: list[ResultNodes], views: str
    ) -> None:
        """Show a state.

        Args:
            state: what to show.
            result: the shown result.
            plot: what its plot shows.
            others: results that it can be compared with.
            views: why views cannot be arranged; empty where they can.
        """
        reason = "" if result is not None else _("No result is shown.")
        self._list_others(others)
        choose(self.ui.plotComboBox, state.plot)
        choose(self.ui.otherComboBox, str(state.other))
        allow(self.ui.plotComboBox, reason, self._abouts[self.ui.plotComboBox])
        alone = _("There is no result of the same knee from the other modality in the scene. Open one as a result.")
        allow(self.ui.otherComboBox, reason or ("" if others else alone), self._abouts[self.ui.otherComboBox])
        about = _("Arrange the views for reading, with the plot beside the bones.")
        allow(self.ui.plotButton, reason or views, about)
        single = "" if state.other else _("Choose a result to compare with.")
        about = _("Show slices of both scans, each with its own patches or map; both go to the selected patch.")
        allow(self.ui.compareButton, reason or (single if others else alone) or views, about)
        note = plot.note if plot is not None else ""
        if plot is not None and state.plot in OF_PAIRS and not state.other:
            note = _("Choose a result to compare with; until then the plot shows the distribution.")
        self.ui.noteLabel.setText(note)
        self.ui.noteLabel.setVisible(bool(note))

    def _list_others(self, others: list[ResultNodes]) -> None:
        listed = [("", _("Nothing")), *((str(each.node.GetID()), _title(each)) for each in others)]
        if listed == self._others:
            return
        self._others = listed
        box: Any = self.ui.otherComboBox
        blocked = box.blockSignals(True)
        box.clear()
        for node, title in listed:
            box.addItem(title, node)
        box.blockSignals(blocked)


def comparable(result: ResultNodes | None, results: list[ResultNodes]) -> list[ResultNodes]:
    """The results that one can be compared with: of the other modality, and of no other side or patient.

    Sides and patients that are not known may be the same; so may pseudonyms, which differ from place to place.
    """
    if result is None:
        return []
    own = result.facts

    def fits(each: ResultNodes) -> bool:
        try:
            facts, _patches = each.facts, each.patches
        except (CTSMAError, ValueError, KeyError):  # a damaged one
            return False
        sides = {own["side"]["side"], facts["side"]["side"]} - {"unknown"}
        patients = {result.patient_id, each.patient_id} - {""}
        return ("mr" in facts["files"]) != ("mr" in own["files"]) and len(sides) < 2 and len(patients) < 2

    return [each for each in results if each.node is not result.node and fits(each)]


def chosen_other(state: PanelState, others: list[ResultNodes]) -> ResultNodes | None:
    """The result that is compared with; ``None`` where none is chosen, or it does not fit any more."""
    if state.other == NO_NODE:
        return None
    return next((each for each in others if each.node.GetID() == state.other), None)


def _title(result: ResultNodes) -> str:
    """What a result is called in a list, with whose it is."""
    whose = result.whose
    return _("{title} – {whose}").format(title=result.title, whose=whose) if whose else result.title
