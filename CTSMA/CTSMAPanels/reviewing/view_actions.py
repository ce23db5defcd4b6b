"""Where views look, and how they are arranged."""

from __future__ import annotations

from typing import Any, Protocol

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration import review_layout
from CTSMALib.scene.registration.aiming import aim, joint_of
from CTSMALib.scene.registration.error_on_bone import jump_to_worst
from CTSMALib.scene.registration.modes import CONTOUR, SIDE_BY_SIDE
from CTSMALib.scene.registration.review_layout import REVIEW, link_views
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.registration.views_before import note_views
from CTSMAPanels.main_window import views_node


class ViewDesk(Protocol):
    """Where the review lies."""

    session: ReviewSession | None
    state: ReviewState

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def apply(self, state: ReviewState, everything: bool = False) -> None:
        """Take and show a state."""


class ViewActions:
    """What a user does with views; nothing happens where no review is open.

    Args:
        desk: holds review and state.
    """

    def __init__(self, desk: ViewDesk) -> None:
        self._desk = desk

    def jump_to_worst(self) -> None:
        """Move all views to the patch with the largest estimated error, of the bone under work if it has one."""
        session, subject = self._desk.session, self._desk.state.subject
        if session is None:
            return
        nodes, record = session.nodes, session.record
        patch = jump_to_worst(nodes, record, "" if subject == WHOLE else subject) or jump_to_worst(nodes, record)
        if patch is not None:
            told = _("{patch}: estimated error {mm:.2f} mm").format(patch=patch.id, mm=patch.estimated_mm)
            slicer.util.showStatusMessage(told, 5000)

    def arrange(self, side_by_side: bool) -> None:
        """Arrange the views, for CT and MR in one frame or in two."""
        session = self._desk.session
        if session is None:
            return
        self.show_layout(review_layout.SIDE_BY_SIDE if side_by_side else REVIEW)
        if side_by_side:
            self._desk.change(mode=SIDE_BY_SIDE)
        elif self._desk.state.mode == SIDE_BY_SIDE:
            self._desk.change(mode=CONTOUR)
        self._desk.apply(self._desk.state, everything=True)  # there may be new views now
        if side_by_side:
            aim(session.nodes, joint_of(session))

    def show_layout(self, number: int) -> None:
        """Arrange the views of the open review, and link them."""
        session = self._desk.session
        if session is not None and views_node() is not None:  # without a main window
            note_views(session.nodes)
            review_layout.show_layout(views_node(), number)
            link_views(session.nodes.scene)
