"""Choosing the scans, and the registration of them to judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration.practice import load_practice
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.state import NodeId
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.qt_values import allow, choose, on_path, put, value_of
from CTSMAPanels.reviewing.jobs import why_not_scan
from CTSMAPanels.reviewing.words import decision_words, guide_words
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMARegistration/Folder"  # kept with the application: it is the same in every scene


class LabelChoice(Protocol):
    """Who is told of bone labels of the MR."""

    def choose(self, node: Any) -> None:
        """Compare with the bones of a node, or with none."""

    def read_file(self, path: str) -> None:
        """Read a label map from a file, and choose it."""


class ScansPanel:
    """The chosen scans and the folder of their registration.

    Args:
        scene: ``vtkMRMLScene``.
        on_change: called with fields of :class:`ReviewState` that the user changed.
        on_open, on_register, on_close: called when the user opens, makes or closes a registration.
        labels: told when the user chooses bone labels of the MR.
    """

    UI_FILE = "CTSMAReviewScans.ui"

    def __init__(
        self,
        scene: Any,
        on_change: Callable[..., None],
        on_open: Callable[[], None],
        on_register: Callable[[], None],
        on_close: Callable[[], None],
        labels: LabelChoice,
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.registerButton, "CTSMAStart")
        self._scene, self._obstacle = scene, ""
        self._session: ReviewSession | None = None
        self._state = ReviewState()
        self.ui.ctSelector.setMRMLScene(scene)
        self.ui.mrSelector.setMRMLScene(scene)
        self.ui.ctSelector.currentNodeChanged.connect(lambda *_args: on_change(ct=_chosen(self.ui.ctSelector)))
        self.ui.mrSelector.currentNodeChanged.connect(lambda *_args: on_change(mr=_chosen(self.ui.mrSelector)))
        for guide, words in guide_words().items():
            self.ui.guideComboBox.addItem(words, guide)
        self.ui.guideComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(guide=str(value_of(self.ui.guideComboBox, "currentData")))
        )
        self.ui.labelsSelector.setMRMLScene(scene)
        self.ui.labelsSelector.currentNodeChanged.connect(
            lambda *_args: labels.choose(self.ui.labelsSelector.currentNode())
        )
        self.ui.labelsButton.clicked.connect(lambda *_args: labels.read_file(self._labels_path))
        on_path(self.ui.labelsEdit, lambda *_args: self._refresh())
        self.ui.folderEdit.setCurrentPath(str(slicer.app.settings().value(FOLDER_SETTING, "") or ""))
        on_path(self.ui.folderEdit, lambda *_args: self._refresh())
        self.ui.openButton.clicked.connect(lambda *_args: on_open())
        self.ui.registerButton.clicked.connect(lambda *_args: on_register())
        self.ui.closeButton.clicked.connect(lambda *_args: on_close())
        self.ui.practiceButton.clicked.connect(lambda *_args: self._practice(on_change, on_open))

    @property
    def folder(self) -> str:
        """The folder that the user has chosen; empty for none."""
        return str(value_of(self.ui.folderEdit, "currentPath") or "").strip()

    @property
    def _labels_path(self) -> str:
        return str(value_of(self.ui.labelsEdit, "currentPath") or "").strip()

    def opened(self, folder: str) -> None:
        """The registration of a folder was opened."""
        put(self.ui.folderEdit, "setCurrentPath", folder)
        slicer.app.settings().setValue(FOLDER_SETTING, folder)

    def show(self, state: ReviewState, session: ReviewSession | None, obstacle: str) -> None:
        """Show a state.

        Args:
            state: what to show.
            session: the open review.
            obstacle: why nothing can be started now; empty where something can.
        """
        self._state, self._session, self._obstacle = state, session, obstacle
        ui = self.ui
        for selector, node in (
            (ui.ctSelector, state.ct), (ui.mrSelector, state.mr), (ui.labelsSelector, state.mr_labels),
        ):  # fmt: skip
            put(selector, "setCurrentNode", self._scene.GetNodeByID(node) if node else None)
        choose(ui.guideComboBox, state.guide)
        self._refresh()

    def _refresh(self) -> None:
        reason = self._obstacle or self._reason()
        allow(
            self.ui.openButton,
            reason,
            _("Open the registration in the folder, to see, correct and judge it."),
        )
        allow(
            self.ui.registerButton,
            reason,
            _("Register the MR to the CT bone by bone, write the result to the folder and open it. Takes minutes."),
        )
        allow(
            self.ui.closeButton,
            "" if self._session is not None else _("No registration is open."),
            _("Save the review and take it out of the scene. The scans stay."),
        )
        allow(
            self.ui.practiceButton,
            self._obstacle,
            _("Open a virtual pair that comes with the module. Its tibia lies wrong; find it and correct it."),
        )
        closed = "" if self._session is not None else _("Open a registration first.")
        about = _("Bones outlined in the MR, a label map or a segmentation: the table then says Dice and ASSD.")
        allow(self.ui.labelsSelector, closed, about)
        none = "" if self._labels_path else _("Choose the file of a label map first.")
        allow(self.ui.labelsEdit, closed, _("A label map of the MR: NIfTI, NRRD or MetaImage."))
        allow(
            self.ui.labelsButton,
            closed or none,
            _("Read a label map of the MR: 1 femur, 2 tibia, 3 patella, 4 fibula."),
        )
        self.ui.summaryLabel.setText(_summary(self._session))

    def _practice(self, on_change: Callable[..., None], on_open: Callable[[], None]) -> None:
        """Open a new copy of the practice pair."""
        with problems_shown(_("The practice pair could not be opened.")):
            pair = load_practice(self._scene, Path(slicer.app.temporaryPath))
            on_change(ct=NodeId(pair.ct.GetID()), mr=NodeId(pair.mr.GetID()))
            put(self.ui.folderEdit, "setCurrentPath", str(pair.folder))
            on_open()

    def _reason(self) -> str:
        ct, mr = (self._scene.GetNodeByID(node) if node else None for node in (self._state.ct, self._state.mr))
        if reason := why_not_scan(ct, "CT") or why_not_scan(mr, "MR"):
            return reason
        if ct is mr:
            return _("CT and MR are the same volume; choose another MR.")
        return "" if self.folder else _("Choose the folder of the registration.")


def _chosen(selector: Any) -> NodeId:
    node = selector.currentNode()
    return NodeId(node.GetID() if node is not None else "")


def _summary(session: ReviewSession | None) -> str:
    if session is None:
        return _("Open a registration, or register the scans.")
    if session.problem:
        return _("Not saved: {problem}").format(problem=session.problem)
    status = {**decision_words(), "unreviewed": _("Unreviewed"), "in part": _("Reviewed in part")}[session.status]
    return _("{folder}: {status}. Everything is saved.").format(folder=session.folder.name, status=status)
