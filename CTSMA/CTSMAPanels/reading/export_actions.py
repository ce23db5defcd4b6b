"""What a user does with a finished result: writing its report, writing it as DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.reading.dicom_panel import DicomPanel
from CTSMAPanels.reading.jobs import ReadingJobs
from CTSMAPanels.reading.report_panel import ReportPanel


class ExportDesk(Protocol):
    """Where the result lies."""

    result: ResultNodes | None
    jobs: ReadingJobs
    report: ReportPanel
    dicom: DicomPanel


class ExportWork:
    """Starts exports, after a question where they would replace something.

    Args:
        desk: holds the result.
    """

    def __init__(self, desk: ExportDesk) -> None:
        self._desk = desk

    def report(self) -> None:
        """Write the report of the shown result."""
        result, panel = self._desk.result, self._desk.report
        if result is None:
            return
        with problems_shown(_("The report could not be exported.")):
            folder, existing = user_folder(panel.folder), panel.existing()
            if _may_replace(existing, folder, _("They may be the report of another knee.")):
                self._desk.jobs.export(result, lambda source: panel.request(source, bool(existing)))

    def dicom(self) -> None:
        """Write the shown result as DICOM."""
        result, panel = self._desk.result, self._desk.dicom
        if result is None:
            return
        with problems_shown(_("The DICOM objects could not be written.")):
            folder, existing = user_folder(panel.folder), panel.existing()
            if _may_replace(existing, folder, _("They may be of another knee.")):
                self._desk.jobs.write_dicom(
                    result, lambda source: panel.request(source, overwrite=bool(existing)), panel.exported
                )

    def preview_dicom(self) -> None:
        """List what would be written."""
        result, panel = self._desk.result, self._desk.dicom
        if result is not None:
            with problems_shown(_("The DICOM objects cannot be listed.")):
                self._desk.jobs.preview_dicom(result, panel.request, panel.preview_of_this())


def _may_replace(existing: Sequence[str], folder: Path, what: str) -> bool:
    if not existing:
        return True
    question = _("Replace {names} in {folder}?").format(names=", ".join(existing), folder=folder)
    return bool(slicer.util.confirmOkCancelDisplay(f"{question} {what}"))
