"""What a user does with results, and what becomes of one that an analysis has left: shown now, or when it is time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.scene.add_result import add_results
from CTSMALib.scene.overlay import hide
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.selection import NO_PATCH
from CTSMALib.scene.state import NO_NODE, NodeId
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.reading.jobs import ReadingJobs
from CTSMAPanels.reading.scan_actions import ScanWork
from CTSMAPanels.scene_panel import tell

TOLD_MS = 10000


class ResultDesk(Protocol):
    """Where results are shown.

    Attributes:
        entered: the module is open; else views are another one's.
    """

    scene: Any
    widget: Any
    state: PanelState
    result: ResultNodes | None
    jobs: ReadingJobs
    work: ScanWork
    entered: bool

    def apply(self, state: PanelState, everything: bool = False) -> None:
        """Bring a state into scene and views."""

    def refresh(self) -> None:
        """Show again what may be done now."""

    def show_reading_layout(self) -> None:
        """Arrange the views for reading."""


class ResultActions:
    """Opens, removes and takes results.

    Args:
        desk: shows them.
    """

    def __init__(self, desk: ResultDesk) -> None:
        self._desk = desk
        self._waiting: ResultNodes | None = None  # came while another module was open

    def open_folder(self) -> None:
        """Ask for a result folder and show it."""
        folder = qt.QFileDialog.getExistingDirectory(self._desk.widget, _("Result folder"))
        if folder:
            with problems_shown(_("The result could not be opened.")):
                knees = knee_folders(Path(str(folder))) or [Path(str(folder))]
                results = add_results(self._desk.scene, knees)
                for result, knee in zip(results, knees, strict=True):
                    self._desk.jobs.remember(result, knee)
                self.came(results)

    def remove(self) -> None:
        """Remove the shown result with its files of this session, if the user really wants to."""
        desk, removed = self._desk, self._desk.result
        if removed is None:
            return
        question = _("Remove '{title}' from the scene? This cannot be undone.").format(title=removed.title)
        if slicer.util.confirmOkCancelDisplay(question):
            desk.apply(replace(desk.state, result=NO_NODE, patch=NO_PATCH))  # hides it
            remove_result(removed)
            desk.jobs.forget_missing()

    def came(self, results: list[ResultNodes]) -> None:
        """Take new results; what a user is reading, and views of another module, are left alone.

        Raises:
            CTSMAError: there are none.
        """
        if not results:
            raise CTSMAError("The analysis has left no result.", "Start it again.")
        desk, shown = self._desk, results[0]
        of_several = desk.work.batch.came([str(each.node.GetID()) for each in results])
        for other in results[1:]:
            hide(other)
        if of_several and (desk.result is not None or self._waiting is not None):
            hide(shown)
            desk.refresh()
        elif not desk.entered:
            hide(shown)
            self._waiting = shown
            desk.refresh()
            told = _("{title} has been analyzed. It is shown when you open the module CTSMA.")
            slicer.util.showStatusMessage(told.format(title=shown.title), TOLD_MS)
        else:
            self._show(shown)

    def show_waiting(self) -> None:
        """The module is open again: show the result that came meanwhile, if it is still there."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._desk.scene.IsNodePresent(waiting.node):
            self._show(waiting)

    def forget(self) -> None:
        """The scene goes, with all results."""
        self._waiting = None

    def left_nothing(self, error: Exception) -> None:
        """A job has ended well, and what it left cannot be shown; among several scans, the list tells that."""
        if not self._desk.work.batch.failed_to_show(str(error)):
            tell(error)

    def _show(self, result: ResultNodes) -> None:
        state, ct = self._desk.state, result.get("ct")
        chosen = state.ct or (NodeId(ct.GetID()) if ct is not None else NO_NODE)
        self._desk.apply(replace(state, ct=chosen, result=NodeId(result.node.GetID()), patch=NO_PATCH))
        self._desk.show_reading_layout()
