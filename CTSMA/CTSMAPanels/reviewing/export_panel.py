"""Copying the results of a review out, and writing its quality report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration.review_entry import images_of, no_report, report_files, report_steps
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.qt_values import allow, on_path, value_of
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMARegistration/ExportFolder"  # kept with the application: it is the same in every scene


class ExportPanel:
    """What is exported, and where to.

    Args:
        on_export: called when the user exports.
    """

    UI_FILE = "CTSMAReviewExport.ui"

    def __init__(self, on_export: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.exportButton, "CTSMAExport")
        set_icon(self.ui.reportButton, "CTSMAExport")
        self._session: ReviewSession | None = None
        self._steps: Iterator[tuple[str, float]] | None = None  # of a report that is being written
        self._out, self._reported = Path(), Path()  # where that goes, and where the last one is
        self._next = qt.QTimer(self.widget)  # goes with the widget
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._step)
        self.ui.exportFolderEdit.setCurrentPath(str(slicer.app.settings().value(FOLDER_SETTING, "") or ""))
        on_path(self.ui.exportFolderEdit, lambda *_args: self._refresh())
        for check in (self.ui.transformsCheckBox, self.ui.imagesCheckBox, self.ui.tableCheckBox):
            check.toggled.connect(lambda *_args: self._refresh())
        self.ui.exportButton.clicked.connect(lambda *_args: on_export())
        self.ui.reportButton.clicked.connect(lambda *_args: self.write_report())
        self.ui.openReportButton.clicked.connect(lambda *_args: self.open_report())

    @property
    def folder(self) -> str:
        """The folder that the user has chosen; empty for none."""
        return str(value_of(self.ui.exportFolderEdit, "currentPath") or "").strip()

    @property
    def transforms(self) -> bool:
        """Whether transforms are wanted."""
        return bool(value_of(self.ui.transformsCheckBox, "checked"))

    @property
    def images(self) -> bool:
        """Whether resampled images are wanted, and there are any that fit the bones."""
        return bool(value_of(self.ui.imagesCheckBox, "checked")) and not self._no_images()

    @property
    def table(self) -> bool:
        """Whether the table is wanted."""
        return bool(value_of(self.ui.tableCheckBox, "checked"))

    def show(self, session: ReviewSession | None) -> None:
        """Show what can be exported."""
        if session is not self._session and self._steps is None:
            self.ui.exportedLabel.setText("")
        self._session = session
        self._refresh()

    def exported(self, folder: Path, count: int) -> None:
        """Files were written into a folder."""
        slicer.app.settings().setValue(FOLDER_SETTING, str(folder))
        self.ui.exportedLabel.setText(_("{count} files were written to {folder}.").format(count=count, folder=folder))

    def write_report(self) -> None:
        """Begin to write the quality report into the chosen folder; views can be used in the meantime."""
        if self._session is None or self._steps is not None:
            return
        with problems_shown(_("The report could not be written.")):
            out = user_folder(self.folder)
            existing = [path.name for path in report_files(out) if path.exists()]
            question = _("Replace {names} in {folder}? They may be the report of another registration.")
            if existing and not slicer.util.confirmOkCancelDisplay(
                question.format(names=", ".join(existing), folder=out)
            ):
                return
            self._steps, self._out = report_steps(self._session, out), out
            self._step()

    def open_report(self) -> None:
        """Open the report that was written last."""
        path = report_files(self._reported)[0]
        if path.is_file():
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))

    def _step(self) -> None:
        """Do the next part of a report."""
        steps, self._steps = self._steps, None
        if steps is None:
            return
        self.ui.exportedLabel.setText("")
        with problems_shown(_("The report could not be written.")):
            text, done = next(steps)
            if done < 1.0:
                self._steps = steps
                self.ui.exportedLabel.setText(f"{text} … {100 * done:.0f} %")
                self._next.start(0)
            else:
                self._reported = self._out
                slicer.app.settings().setValue(FOLDER_SETTING, str(self._out))
                self.ui.exportedLabel.setText(_("The report was written to {folder}.").format(folder=self._out))
        self._refresh()

    def _no_images(self) -> str:
        if self._session is None:
            return _("No registration is open.")
        if not all(self._session.is_judged(bone) for bone in self._session.bones):
            return _("Bones were moved; judge again first, which makes the images.")
        return "" if images_of(self._session) else _("There are no images of these motions; judge again first.")

    def _reason(self) -> str:
        if self._session is None:
            return _("No registration is open.")
        if not (self.transforms or self.images or self.table):
            return _("Choose what to export.")
        return "" if self.folder else _("Choose a folder.")

    def _no_report(self) -> str:
        if self._session is None:
            return _("No registration is open.")
        if self._steps is not None:
            return _("The report is being written.")
        if unsigned := no_report(self._session):
            return unsigned
        return "" if self.folder else _("Choose a folder.")

    def _refresh(self) -> None:
        allow(
            self.ui.imagesCheckBox,
            self._no_images(),
            _("The MR on the grid of the CT and the paired boxes, as the last judging left them."),
        )
        allow(self.ui.exportButton, self._reason(), _("Copy the files; those of the same names there are replaced."))
        allow(
            self.ui.reportButton,
            self._no_report(),
            _("Write the quality report, HTML and PDF, into the folder. You are asked before one there is replaced."),
        )
        allow(
            self.ui.openReportButton,
            "" if self._reported != Path() else _("No report was written yet."),
            _("Open the report that was written last."),
        )
