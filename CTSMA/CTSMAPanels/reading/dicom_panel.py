"""Writing a result as DICOM objects into the study of its series, with a look at them before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import OutputError
from CTSMALib.jobs.dicom_export import PREVIEW_FILE, DicomRequest, size_text
from CTSMALib.jobs.dicom_names import KINDS, PDF, PM, SEG, SR, file_names
from CTSMALib.scene.ct_node import first_instance
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels import tables
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.qt_values import allow, on_path, put, value_of
from CTSMAPanels.reading.jobs import dicom_file_of
from CTSMAPanels.settings.paper import chosen_paper
from CTSMAPanels.settings.store import proposed_folder
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMA/DicomFolder"  # kept with the application: it is the same in every scene


def series_folder_of(result: ResultNodes | None) -> str:
    """The folder with the DICOM files of a result's scan, from the application's database; empty where it has none."""
    ct = None if result is None else result.get("ct")
    file = "" if ct is None else dicom_file_of(first_instance(ct))
    folder = Path(file).parent if file else None
    return str(folder) if folder is not None and folder.is_dir() else ""


class DicomPanel:
    """Which objects are written, for whom and where to.

    Args:
        on_export: called when the user wants them written.
        on_preview: called when the user wants to know what would be written.
    """

    UI_FILE = "CTSMADicom.ui"

    def __init__(self, on_export: Callable[[], None], on_preview: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.dicomExportButton, "CTSMAExport")
        tables.prepare(self.ui.previewTable, (_("File"), _("Object"), _("Frames"), _("About")), stretched=1)
        self._result: ResultNodes | None = None
        self._obstacle = ""
        self._exported: Path | None = None
        self._question = 0  # counts what a preview was or could be asked for
        for check in (*self._checks().values(), self.ui.dicomPseudonymiseCheckBox):
            check.toggled.connect(lambda *_args: self._changed())
        self.ui.dicomFolderEdit.setCurrentPath(proposed_folder(FOLDER_SETTING))
        on_path(self.ui.dicomFolderEdit, lambda *_args: self._refresh())
        on_path(self.ui.seriesEdit, lambda *_args: self._changed())
        self.ui.previewButton.clicked.connect(lambda *_args: on_preview())
        self.ui.dicomExportButton.clicked.connect(lambda *_args: on_export())
        self.ui.openDicomButton.clicked.connect(lambda *_args: self.open_folder())
        self._changed()

    def show(self, result: ResultNodes | None, obstacle: str) -> None:
        """Show what can be written; ``obstacle`` says why nothing can be written now."""
        before, self._result, self._obstacle = self._result, result, obstacle
        if (None if before is None else before.node) is not (None if result is None else result.node):
            put(self.ui.seriesEdit, "setCurrentPath", series_folder_of(result))
            self._changed()
        else:
            self._refresh()

    @property
    def series(self) -> str:
        """The folder of the series; empty for none."""
        return str(value_of(self.ui.seriesEdit, "currentPath") or "").strip()

    @property
    def folder(self) -> str:
        """The folder that the user has chosen to write to; empty for none."""
        return str(value_of(self.ui.dicomFolderEdit, "currentPath") or "").strip()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The objects that are chosen."""
        checks = self._checks()
        return tuple(kind for kind in KINDS if value_of(checks[kind], "checked"))

    @property
    def pseudonymise(self) -> bool:
        """Whether a pseudonym is written in place of the patient."""
        return bool(value_of(self.ui.dicomPseudonymiseCheckBox, "checked"))

    def existing(self) -> list[str]:
        """The names of files in the folder that would be replaced.

        Raises:
            OutputError: there can be no such folder, or it cannot be read.
        """
        folder = user_folder(self.folder)
        maps = [one["key"] for one in self._facts().get("maps", [])]
        try:
            return [name for name in file_names(self.kinds, maps) if (folder / name).exists()]
        except OSError as error:
            raise OutputError(f"The folder {folder} cannot be read.", "Choose another folder.") from error

    def request(self, result_folder: Path, out: Path | None = None, overwrite: bool = False) -> DicomRequest:
        """What the user has asked for.

        Args:
            result_folder: the result, on disk.
            out: where files go; ``None`` for the chosen folder.
            overwrite: replace files that are there.

        Raises:
            OutputError: a folder begins with the home of somebody who is unknown here.
        """
        folder = user_folder(self.folder) if out is None else out
        return DicomRequest(
            result_folder, user_folder(self.series), folder, self.kinds, self.pseudonymise, overwrite, chosen_paper()
        )

    def preview_of_this(self) -> Callable[[Path], None]:
        """What shows the answer to a preview that is asked for now; nothing once another choice was made."""
        question = self._question

        def show(folder: Path) -> None:
            if question == self._question:
                self.show_preview(folder)

        return show

    def show_preview(self, folder: Path) -> None:
        """Show what the job for a preview has left in a folder."""
        found = json.loads((folder / PREVIEW_FILE).read_text(encoding="utf-8"))
        patient, study = found["patient"], found["study"]
        lines = [
            _("Patient: {name} (ID {id})").format(name=patient["name"] or "–", id=patient["id"] or "–"),
            _("Study: {description}, {date}").format(
                description=study["description"] or study["uid"], date=study["date"] or "–"
            ),
        ]
        if found["virtual"]:
            lines.append(_("The scan is virtual; every object says so."))
        self.ui.previewLabel.setText("\n".join([*lines, *found["remarks"]]))
        rows = [
            (one["file"], (one["file"], one["title"], str(one["frames"] or "–"), size_text(one["size"])))
            for one in found["objects"]
        ]
        tables.fill(self.ui.previewTable, rows)
        self.ui.previewTable.setVisible(True)

    def exported(self, folder: Path) -> None:
        """Objects were written into a folder."""
        self._exported = folder
        slicer.app.settings().setValue(FOLDER_SETTING, str(folder))
        self._refresh()

    def open_folder(self) -> None:
        """Open the folder that was written to last."""
        if self._exported is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._exported)))

    def _checks(self) -> dict[str, Any]:
        ui = self.ui
        return {SEG: ui.segCheckBox, PM: ui.pmCheckBox, SR: ui.srCheckBox, PDF: ui.encapsulatedCheckBox}

    def _facts(self) -> dict[str, Any]:
        return {} if self._result is None else self._result.facts

    def _no_preview_reason(self) -> str:
        if self._result is None:
            return _("No result is shown.")
        if self._obstacle:
            return self._obstacle
        facts = self._facts()
        removed = not facts["identity"]["sha256"]
        if not removed and not facts["header"]["series_uid"]:
            return _("This result was made from a file that belongs to no DICOM study. Analyze the DICOM series.")
        if removed and not self.pseudonymise:
            return _("This result is pseudonymised; it can only be written under a pseudonym.")
        if not self.kinds:
            return _("Choose at least one object.")
        if not self.series:
            return _("Choose the folder of the series that was analyzed.")
        return ""

    def _reason(self) -> str:
        reason = self._no_preview_reason()
        if reason or self.folder:
            return reason
        return _("Choose a folder for the DICOM files.")

    def _changed(self) -> None:
        """What a preview showed, or is about to show, holds no more."""
        self._question += 1
        self.ui.previewLabel.setText("")
        self.ui.previewTable.setRowCount(0)
        self.ui.previewTable.setVisible(False)
        self._refresh()

    def _refresh(self) -> None:
        allow(
            self.ui.previewButton,
            self._no_preview_reason(),
            _("Compare the series with the result, and list the objects. Nothing is written."),
        )
        allow(
            self.ui.dicomExportButton,
            self._reason(),
            _("Write the objects into the folder. You are asked before files there are replaced."),
        )
        allow(
            self.ui.openDicomButton,
            "" if self._exported is not None and self._exported.is_dir() else _("No objects were written yet."),
            _("Open the folder that was written to last."),
        )
