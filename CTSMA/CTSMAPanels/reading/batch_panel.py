"""The list of scans that are analyzed one after another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.ct_node import why_not
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.state import NodeId
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.qt_values import allow, on_path, value_of
from CTSMAPanels.reading.batch import CANCELLED, DONE, FAILED, RUNNING, WAITING, Batch
from CTSMAPanels.reading.scan_panel import method_words
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.ui_files import load_panel

FOLDER_SETTING = "CTSMA/BatchFolder"


class BatchPanel:
    """The list.

    Args:
        scene: ``vtkMRMLScene``.
        batch: what waits.
        on_change: called with fields of :class:`PanelState` that the user changed.
    """

    UI_FILE = "CTSMABatch.ui"

    def __init__(self, scene: Any, batch: Batch, on_change: Callable[..., None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._scene, self._batch, self._on_change = scene, batch, on_change
        self._ct: Any = None
        self._obstacle = ""
        prepare(self.ui.batchTable, [_("Scan"), _("State"), _("Message")], 2)
        self.ui.batchTable.itemSelectionChanged.connect(lambda *_args: self._allow())
        self.ui.batchTable.itemDoubleClicked.connect(lambda *_args: self._show_result())
        self.ui.addCtButton.clicked.connect(lambda *_args: self._add_ct())
        on_path(self.ui.fileEdit, lambda *_args: self._allow())
        self.ui.addFileButton.clicked.connect(lambda *_args: self._add_file())
        self.ui.addFolderButton.clicked.connect(lambda *_args: self._add_folder())
        self.ui.startButton.clicked.connect(lambda *_args: batch.go())
        self.ui.stopButton.clicked.connect(lambda *_args: batch.stop(self._chosen()))
        self.ui.clearButton.clicked.connect(lambda *_args: batch.clear())

    def show(self, state: PanelState, obstacle: str) -> None:
        """Show the list; ``obstacle`` says why nothing can be started now."""
        self._ct, self._obstacle = self._scene.GetNodeByID(state.ct) if state.ct else None, obstacle
        words = {
            WAITING: _("Waiting"), RUNNING: _("Running"), DONE: _("Done"), FAILED: _("Failed"),
            CANCELLED: _("Cancelled"),
        }  # fmt: skip
        rows = [(str(item.number), (item.title, words[item.state], item.message)) for item in self._batch.items]
        fill(self.ui.batchTable, rows, chosen_key(self.ui.batchTable))
        for row, item in enumerate(self._batch.items):
            self.ui.batchTable.item(row, 0).setToolTip(f"{item.title}\n{method_words(item.method)}")
        self._allow()

    def _allow(self) -> None:
        batch, chosen = self._batch, self._batch.item(self._chosen())
        allow(
            self.ui.addFileButton, "" if self._file else _("Choose a file first."), _("Add the scan in the file above.")
        )
        allow(self.ui.addCtButton, why_not(self._ct), _("Add the CT that is chosen above."))
        nothing = "" if batch.waiting else _("No scan waits.")
        busy = _("The scans are being analyzed.") if batch.going else self._obstacle
        allow(self.ui.startButton, busy or nothing, _("Analyze the scans that wait, one after another."))
        over = (
            "" if chosen is not None and chosen.state in (WAITING, RUNNING) else _("Select a scan that waits or runs.")
        )
        about = _("Cancel or take away the selected scan; the others go on.")
        allow(self.ui.stopButton, over, about)
        done = "" if any(item.state in (DONE, FAILED, CANCELLED) for item in batch.items) else _("Nothing is done yet.")
        allow(self.ui.clearButton, done, _("Take away what is done. Its results stay in the scene."))

    @property
    def _file(self) -> str:
        return str(value_of(self.ui.fileEdit, "currentPath") or "").strip()

    def _chosen(self) -> int:
        return int(chosen_key(self.ui.batchTable) or 0)

    def _add_ct(self) -> None:
        self._batch.add(self._ct.GetName(), node=self._ct.GetID())

    def _add_file(self) -> None:
        self._add(self._file)
        self.ui.fileEdit.setCurrentPath("")

    def _add_folder(self) -> None:
        self._add(str(qt.QFileDialog.getExistingDirectory(self.widget, _("Folder with scans"), self._folder()) or ""))

    def _add(self, path: str) -> None:
        if path:
            slicer.app.settings().setValue(FOLDER_SETTING, str(Path(path).parent))
            with problems_shown(_("The scans could not be added.")):
                self._batch.add_path(Path(path))

    def _folder(self) -> str:
        return str(slicer.app.settings().value(FOLDER_SETTING, "") or "")

    def _show_result(self) -> None:
        item = self._batch.item(self._chosen())
        results = [node for node in item.results if self._scene.GetNodeByID(node) is not None] if item else []
        if results:
            self._on_change(result=NodeId(results[0]))
