"""What a user does with scans: analyzing one, several, or one again with corrected bones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import qt
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.scene.bone_segments import EDITOR, bones_of, prepare_editor
from CTSMALib.scene.panel_state import AS_STATED, VOLTAGES, PanelState
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.state import NodeId
from CTSMAPanels.main_window import open_module
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.reading.batch import Batch, BatchItem
from CTSMAPanels.reading.jobs import Method, ReadingJobs


class ScanDesk(Protocol):
    """Where scans and results lie."""

    scene: Any
    state: PanelState
    result: ResultNodes | None
    jobs: ReadingJobs

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def refresh(self) -> None:
        """Show again what may be done now."""


class ScanWork:
    """Starts analyses.

    Args:
        desk: holds scans and results.
    """

    def __init__(self, desk: ScanDesk) -> None:
        self._desk = desk
        self.batch = Batch(self._start, self._cancel, self._batch_changed, _soon, self._method)

    def analyze(self) -> None:
        """Analyze the chosen CT."""
        with problems_shown(_("The analysis could not be started.")):
            self._desk.jobs.analyze(self._chosen_ct(), self._method())

    def analyze_again(self) -> None:
        """Analyze the chosen CT with the chosen bones."""
        with problems_shown(_("The analysis could not be started.")):
            bones = self._desk.scene.GetNodeByID(self._desk.state.corrected)
            self._desk.jobs.analyze(self._chosen_ct(), self._method(bones))

    def correct_bones(self) -> None:
        """Open the bones of the shown result in the Segment Editor."""
        result = self._desk.result
        if result is None:
            return
        with problems_shown(_("The bones cannot be corrected.")):
            bones, ct = bones_of(result), result.get("ct")
            prepare_editor(self._desk.scene, bones, ct)
            chosen = {"ct": NodeId(ct.GetID()), "kvp": _voltage_of(result)} if ct is not None else {}
            self._desk.change(corrected=NodeId(bones.GetID()), **chosen)
            open_module(EDITOR)

    def job_changed(self, monitor: JobMonitor) -> None:
        """The state of a job has changed."""
        self.batch.changed(monitor)

    def _chosen_ct(self) -> Any:
        return self._desk.scene.GetNodeByID(self._desk.state.ct)

    def _method(self, bones: Any = None) -> Method:
        state = self._desk.state
        return Method(state.side, state.model, bones, state.scan, state.kvp, state.structure)

    def _start(self, item: BatchItem) -> None:
        if item.path is not None:
            if not item.path.exists():
                raise CTSMAError(_("The file is no longer there."), "")
            self._desk.jobs.analyze_file(Path(item.path), item.method)
            return
        ct = self._desk.scene.GetNodeByID(item.node)
        if ct is None:
            raise CTSMAError(_("The CT is no longer in the scene."), "")
        self._desk.jobs.analyze(ct, item.method)

    def _cancel(self) -> None:
        self._desk.jobs.runner.cancel()

    def _batch_changed(self) -> None:
        self._desk.refresh()


def _voltage_of(result: ResultNodes) -> int:
    """What a result was analyzed with, or that of the scan where it is none that can be chosen."""
    stated = result.facts["header"].get("kvp")
    return next((kvp for kvp in VOLTAGES if kvp == stated), AS_STATED)


def _soon(function: Any) -> None:
    qt.QTimer.singleShot(0, function)
