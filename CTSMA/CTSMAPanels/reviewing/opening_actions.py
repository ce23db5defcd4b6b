"""Opening a registration, leaving it, and what becomes of it when its scans or the whole scene go."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.scene.registration import opening
from CTSMALib.scene.registration.aiming import aim, joint_of
from CTSMALib.scene.registration.modes import mode_of
from CTSMALib.scene.registration.review_layout import REVIEW
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.state import NodeId
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.reviewing.bone_actions import BoneActions
from CTSMAPanels.reviewing.judge_panel import JudgePanel
from CTSMAPanels.reviewing.label_actions import LabelActions
from CTSMAPanels.reviewing.live_numbers import LiveNumbers
from CTSMAPanels.reviewing.picture import ReviewPicture
from CTSMAPanels.reviewing.scan_check import scans_accepted
from CTSMAPanels.reviewing.scans_panel import ScansPanel
from CTSMAPanels.reviewing.view_actions import ViewActions

TOLD_MS = 8000  # a message in the status bar


class OpeningDesk(Protocol):
    """Where the review lies."""

    scene: Any
    session: ReviewSession | None
    state: ReviewState
    entered: bool
    actions: BoneActions
    judging: JudgePanel
    labels: LabelActions
    looking: ViewActions
    numbers: LiveNumbers
    picture: ReviewPicture
    scans: ScansPanel

    def apply(self, state: ReviewState, everything: bool = False) -> None:
        """Take and show a state."""

    def chosen_scans(self) -> tuple[Any, Any]:
        """The nodes that are chosen as CT and MR."""

    def watch(self, session: ReviewSession | None) -> None:
        """Let a review be the one that is open."""

    def read_case_again(self) -> None:
        """Take in what became of the open case."""


class OpeningActions:
    """What begins and ends a review.

    Args:
        desk: holds review and state.
        elsewhere: folder for a review that can be kept neither in its folder nor beside it.
    """

    def __init__(self, desk: OpeningDesk, elsewhere: Path) -> None:
        self._desk, self._elsewhere = desk, elsewhere
        self._untold: list[str] = []

    def open_folder(self) -> None:
        """Open the registration in the chosen folder."""
        with problems_shown(_("The registration could not be opened.")):
            self.open(user_folder(self._desk.scans.folder), *self._desk.chosen_scans())

    def open(self, folder: Path, ct: Any, mr: Any, case: str = "") -> None:
        """Open a registration in the place of the one that is open; arguments as of :meth:`ReviewSession.open`.

        The one that is open stays where the folder cannot be used, or where the user refuses scans that are not its
        own; those of a case were read from the paths of its record. Views are arranged once the module is open.
        """
        desk = self._desk
        loaded = opening.load(folder)
        opening.check_ct(ct, loaded[2])
        if not (case or scans_accepted(loaded, ct, mr)) or not self._left():
            return
        try:
            session = ReviewSession.open(desk.scene, folder, ct, mr, desk.judging.reviewer)
        except Exception:  # the one before is closed, and must not look open
            self._show_none()
            raise
        desk.watch(session)
        desk.scans.opened(str(folder))
        if desk.entered:
            self.arrange()
        else:
            told = _("The registration is ready; open the module CTSMA Registration to see it.")
            slicer.util.showStatusMessage(told, TOLD_MS)
        desk.apply(_begun(desk.state, session, case), everything=True)
        desk.labels.give_again()

    def arrange(self) -> None:
        """Arrange the views for a review that they have not shown yet; the user is in the module."""
        session = self._desk.session
        if session is not None and not mode_of(session.nodes):
            self._desk.looking.show_layout(REVIEW)
            aim(session.nodes, joint_of(session))

    def close(self) -> None:
        """Save the review and take it out of the scene."""
        if self._left():
            self._show_none()

    def mend(self) -> None:
        """A user has deleted nodes: make transforms again, or close a review whose scans are gone."""
        session = self._desk.session
        if session is None:
            return
        if not session.nodes.present:
            self._keep_unsaved(session)
            self._let_go(session)
            self._show_none()
            slicer.util.showStatusMessage(_("A scan of the review was deleted, so that it was closed."), TOLD_MS)
            self.tell()
        elif session.mend():
            self._desk.apply(self._desk.state, everything=True)
            told = _("Transforms of the review were deleted; they were made again from the registration.")
            slicer.util.showStatusMessage(told, TOLD_MS)

    def scene_closing(self) -> None:
        """Keep what could not be saved, before the scene is emptied; it is told when that is over."""
        if self._desk.session is not None:
            self._keep_unsaved(self._desk.session)
            qt.QTimer.singleShot(0, self.tell)

    def tell(self) -> None:
        """Tell of reviews that ended without being saved."""
        untold, self._untold = self._untold, []
        for text in untold:
            slicer.util.errorDisplay(text)

    def _left(self) -> bool:
        """Whether the open review was closed, or there was none."""
        session = self._desk.session
        if session is None:
            return True
        self._desk.actions.forget_points()
        self._desk.numbers.settle()
        if session.unsaved and not slicer.util.confirmOkCancelDisplay(
            _("{problem}\n\nClose the review without its last changes?").format(problem=session.problem)
        ):
            return False
        self._desk.read_case_again()
        self._let_go(session)
        return True

    def _let_go(self, session: ReviewSession) -> None:
        desk = self._desk
        desk.actions.forget_points()
        desk.picture.stop()
        desk.numbers.stop()
        desk.session = None
        session.close(even_unsaved=True)

    def _show_none(self) -> None:
        self._desk.apply(replace(self._desk.state, case="", subject=""), everything=True)

    def _keep_unsaved(self, session: ReviewSession) -> None:
        session.settle()
        if not session.unsaved:
            return
        text = _("The review of {folder} was closed and is not saved.").format(folder=session.folder)
        try:
            kept = session.keep_aside(self._elsewhere)
            where = _("It was kept in {folder}; open that folder as a registration.").format(folder=kept)
        except CTSMAError as error:
            where = str(error)
        self._untold.append(f"{text}\n\n{session.problem}\n\n{where}")
        logging.error(self._untold[-1])  # the application may be quitting, too late for windows


def _begun(state: ReviewState, session: ReviewSession, case: str) -> ReviewState:
    """The state in which a review begins."""
    nodes = session.nodes
    return replace(
        state, case=case, subject=session.active, shown=ReviewState().shown, handles=False,
        second_reading=state.second_reading and bool(case),
        mr_labels=state.mr_labels if nodes.mr.GetID() == state.mr else NodeId(""),
        ct=NodeId(nodes.ct.GetID()), mr=NodeId(nodes.mr.GetID()),
    )  # fmt: skip
