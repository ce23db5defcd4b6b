"""Choosing the scans, and the registration of them to judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration.review_state import ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.state import NodeId
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.reviewing.jobs import why_not_scan
from CTSMAPanels.reviewing.words import decision_words
from CTSMAPanels.ui_files import load_panel, set_icon

FOLDER_SETTING = "CTSMARegistration/Folder"  # of the application, not of the scene: it may name a patient


class ScansPanel:
    """The chosen scans and the folder of their registration.

    Args:
        scene: ``vtkMRMLScene``.
        on_change: called with fields of :class:`ReviewState` that the user changed.
        on_open, on_register, on_close: called when the user opens, makes or closes a registration.
    """

    UI_FILE = "CTSMAReviewScans.ui"

    def __init__(
        self,
        scene: Any,
        on_change: Callable[..., None],
        on_open: Callable[[], None],
        on_register: Callable[[], None],
        on_close: Callable[[], None],
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
        self.ui.folderEdit.setCurrentPath(str(slicer.app.settings().value(FOLDER_SETTING, "") or ""))
        self.ui.folderEdit.currentPathChanged.connect(lambda *_args: self._refresh())
        self.ui.openButton.clicked.connect(lambda *_args: on_open())
        self.ui.registerButton.clicked.connect(lambda *_args: on_register())
        self.ui.closeButton.clicked.connect(lambda *_args: on_close())

    @property
    def folder(self) -> str:
        """The folder that the user has chosen; empty for none."""
        return str(value_of(self.ui.folderEdit, "currentPath") or "").strip()

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
        for selector, node in ((self.ui.ctSelector, state.ct), (self.ui.mrSelector, state.mr)):
            put(selector, "setCurrentNode", self._scene.GetNodeByID(node) if node else None)
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
        self.ui.summaryLabel.setText(_summary(self._session))

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
