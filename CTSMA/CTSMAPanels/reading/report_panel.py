"""Exporting the report of a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.ui_files import load_panel, set_icon


class ReportPanel:
    """What is exported, and where to.

    Args:
        on_change: called with fields of :class:`PanelState` that the user changed.
        on_export: called when the user exports the report.
    """

    UI_FILE = "CTSMAReport.ui"

    def __init__(self, on_change: Callable[..., None], on_export: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.exportButton, "CTSMAExport")
        self._on_change = on_change
        self._state = PanelState()
        self._result: ResultNodes | None = None
        self._obstacle = ""
        self._exported: Path | None = None
        for check in self._checks().values():
            check.toggled.connect(lambda *_args: self._refresh())
        self.ui.pseudonymiseCheckBox.toggled.connect(lambda *_args: self._refresh())
        self.ui.folderEdit.currentPathChanged.connect(self._folder_chosen)
        self.ui.exportButton.clicked.connect(lambda *_args: on_export())
        self.ui.openReportButton.clicked.connect(lambda *_args: self.open_report())

    def show(self, state: PanelState, result: ResultNodes | None, obstacle: str) -> None:
        """Show a state; ``obstacle`` says why nothing can be exported now."""
        self._state, self._result, self._obstacle = state, result, obstacle
        put(self.ui.folderEdit, "setCurrentPath", state.last_folder)
        self._refresh()

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that are chosen."""
        return tuple(name for name, check in self._checks().items() if value_of(check, "checked"))

    @property
    def pseudonymise(self) -> bool:
        """Whether identifiers are left out."""
        return bool(value_of(self.ui.pseudonymiseCheckBox, "checked"))

    def exported(self, folder: Path) -> None:
        """A report was written into a folder."""
        self._exported = folder
        self._refresh()

    def open_report(self) -> None:
        """Open the report that was exported last, or its folder."""
        if self._exported is None:
            return
        files = [self._exported / f"report.{name}" for name in ("html", "pdf")]
        shown = next((file for file in files if file.is_file()), self._exported)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(shown)))

    def _checks(self) -> dict[str, Any]:
        return {"html": self.ui.htmlCheckBox, "pdf": self.ui.pdfCheckBox, "csv": self.ui.csvCheckBox}

    def _folder_chosen(self, *_args: Any) -> None:
        self._on_change(last_folder=str(value_of(self.ui.folderEdit, "currentPath") or ""))

    def _reason(self) -> str:
        if self._result is None:
            return _("No result is shown.")
        if self._obstacle:
            return self._obstacle
        if not self.formats:
            return _("Choose at least one format.")
        if not self._state.last_folder.strip():
            return _("Choose a folder for the report.")
        return ""

    def _refresh(self) -> None:
        allow(self.ui.exportButton, self._reason(), _("Write the report into the folder; a report there is replaced."))
        allow(
            self.ui.openReportButton,
            "" if self._exported is not None and self._exported.is_dir() else _("No report was exported yet."),
            _("Open the report that was exported last."),
        )
