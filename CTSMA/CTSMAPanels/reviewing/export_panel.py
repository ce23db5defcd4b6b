"""Copying the results of a review out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration.review_entry import images_of
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.qt_values import allow, value_of
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMARegistration/ExportFolder"  # of the application, not of the scene: it may name a patient


class ExportPanel:
    """What is exported, and where to.

    Args:
        on_export: called when the user exports.
    """

    UI_FILE = "CTSMAReviewExport.ui"

    def __init__(self, on_export: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.exportButton, "CTSMAExport")
        self._session: ReviewSession | None = None
        self.ui.exportFolderEdit.setCurrentPath(str(slicer.app.settings().value(FOLDER_SETTING, "") or ""))
        self.ui.exportFolderEdit.currentPathChanged.connect(lambda *_args: self._refresh())
        for check in (self.ui.transformsCheckBox, self.ui.imagesCheckBox, self.ui.tableCheckBox):
            check.toggled.connect(lambda *_args: self._refresh())
        self.ui.exportButton.clicked.connect(lambda *_args: on_export())

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
        if session is not self._session:
            self.ui.exportedLabel.setText("")
        self._session = session
        self._refresh()

    def exported(self, folder: Path, count: int) -> None:
        """Files were written into a folder."""
        slicer.app.settings().setValue(FOLDER_SETTING, str(folder))
        self.ui.exportedLabel.setText(_("{count} files were written to {folder}.").format(count=count, folder=folder))

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

    def _refresh(self) -> None:
        allow(
            self.ui.imagesCheckBox,
            self._no_images(),
            _("The MR on the grid of the CT and the paired boxes, as the last judging left them."),
        )
        allow(self.ui.exportButton, self._reason(), _("Copy the files; those of the same names there are replaced."))
