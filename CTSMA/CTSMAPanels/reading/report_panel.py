"""Exporting the report of a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import OutputError
from CTSMALib.jobs.request import ExportRequest
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.qt_values import allow, choose, on_path, value_of
from CTSMAPanels.settings.paper import chosen_paper, paper_words
from CTSMAPanels.settings.store import proposed_folder, write_settings
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMA/ReportFolder"  # kept with the application: it is the same in every scene


class ReportPanel:
    """What is exported, and where to.

    Args:
        on_export: called when the user exports the report.
    """

    UI_FILE = "CTSMAReport.ui"

    def __init__(self, on_export: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.exportButton, "CTSMAExport")
        self._result: ResultNodes | None = None
        self._obstacle = ""
        self._exported: Path | None = None
        for check in self._checks().values():
            check.toggled.connect(lambda *_args: self._refresh())
        for paper, words in paper_words().items():
            self.ui.paperComboBox.addItem(words, paper)
        self.ui.paperComboBox.currentIndexChanged.connect(lambda *_args: write_settings(paper=self.paper))
        self.ui.pseudonymiseCheckBox.toggled.connect(lambda *_args: self._refresh())
        self.ui.folderEdit.setCurrentPath(proposed_folder(FOLDER_SETTING))
        on_path(self.ui.folderEdit, lambda *_args: self._refresh())
        self.ui.exportButton.clicked.connect(lambda *_args: on_export())
        self.ui.openReportButton.clicked.connect(lambda *_args: self.open_report())

    def show(self, result: ResultNodes | None, obstacle: str) -> None:
        """Show what can be exported; ``obstacle`` says why nothing can be exported now."""
        self._result, self._obstacle = result, obstacle
        self._refresh()

    @property
    def folder(self) -> str:
        """The folder that the user has chosen; empty for none."""
        return str(value_of(self.ui.folderEdit, "currentPath") or "").strip()

    def existing(self) -> list[str]:
        """The names of reports in the folder that an export would replace.

        Raises:
            OutputError: there can be no such folder, or it cannot be read.
        """
        names = [f"report.{name}" for name in self.formats]
        folder = user_folder(self.folder)
        try:
            return [name for name in names if (folder / name).exists()]
        except OSError as error:
            raise OutputError(f"The folder {folder} cannot be read.", "Choose another folder.") from error

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that are chosen."""
        return tuple(name for name, check in self._checks().items() if value_of(check, "checked"))

    @property
    def paper(self) -> str:
        """What the PDF is made for, of :data:`CTSMALib.jobs.request.PAPERS`."""
        return str(value_of(self.ui.paperComboBox, "currentData"))

    def request(self, source: Path, overwrite: bool) -> ExportRequest:
        """What the user has asked for.

        Args:
            source: the result, on disk.
            overwrite: replace reports that are there.

        Raises:
            OutputError: there can be no such folder.
        """
        return ExportRequest(source, user_folder(self.folder), self.formats, self.pseudonymise, overwrite, self.paper)

    @property
    def pseudonymise(self) -> bool:
        """Whether identifiers are left out."""
        return bool(value_of(self.ui.pseudonymiseCheckBox, "checked"))

    def exported(self, folder: Path) -> None:
        """A report was written into a folder."""
        self._exported = folder
        slicer.app.settings().setValue(FOLDER_SETTING, str(folder))
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

    def _reason(self) -> str:
        if self._result is None:
            return _("No result is shown.")
        if self._obstacle:
            return self._obstacle
        if not self.formats:
            return _("Choose at least one format.")
        if not self.folder:
            return _("Choose a folder for the report.")
        return ""

    def _refresh(self) -> None:
        choose(self.ui.paperComboBox, chosen_paper())
        no_pages = "" if "pdf" in self.formats else _("Only the PDF has pages.")
        allow(self.ui.paperComboBox, no_pages, _("What the PDF is printed on. It is remembered."))
        allow(
            self.ui.exportButton,
            self._reason(),
            _("Write the report into the folder. You are asked before a report there is replaced."),
        )
        allow(
            self.ui.openReportButton,
            "" if self._exported is not None and self._exported.is_dir() else _("No report was exported yet."),
            _("Open the report that was exported last."),
        )
