"""What a user does to the bones of a review: moving them, points, decisions."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.registration.before_after import AFTER
from CTSMALib.scene.registration.point_entry import PointEntry
from CTSMALib.scene.registration.review_entry import accept_good, enter_numbers
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.seeing import jump
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.reviewing.keys import Nudge

Three = tuple[float, float, float]


class Desk(Protocol):
    """Where the review lies."""

    session: ReviewSession | None
    state: ReviewState

    def change(self, **fields: Any) -> None:
        """Take what the user changed."""

    def refresh(self) -> None:
        """Show again what may be done now."""


class BoneActions:
    """Steps of a review; nothing happens where none is open.

    Args:
        desk: holds review and state.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.points: PointEntry | None = None

    def nudge(self, nudge: Nudge) -> None:
        """Move or turn what is under work by a step."""
        session, state = self._movable()
        if session is None:
            return
        if nudge.turns:
            session.turn(state.subject, np.array(nudge.axis), state.step)
        else:
            session.move(state.subject, state.step * np.array(nudge.axis))

    def enter(self, shift_mm: Three, turn_deg: Three) -> None:
        """Move by numbers."""
        session, state = self._movable()
        if session is not None:
            with problems_shown(_("The bone could not be moved.")):
                enter_numbers(session, state.subject, shift_mm, turn_deg)

    def dragged(self) -> None:
        """A handle in the views was moved."""
        session = self._desk.session
        if session is not None:
            with problems_shown(_("The bone could not be moved.")):
                session.taken_from_handles()

    def reset(self) -> None:
        """Take the corrections of what is under work away."""
        session, state = self._movable()
        if session is not None:
            session.reset(state.subject)

    def undo(self) -> None:
        """Take the last step back."""
        if self._desk.session is not None:
            self._desk.session.undo()

    def redo(self) -> None:
        """Make a step again."""
        if self._desk.session is not None:
            self._desk.session.redo()

    def toggle_motion(self) -> None:
        """Show the motion as found, or with the corrections again."""
        self._desk.change(shown="auto" if self._desk.state.shown == AFTER else AFTER)

    def place_point(self, scan: str) -> None:
        """Let the next click place the point of a scan."""
        if self._desk.session is None:
            return
        if self.points is None:
            self.points = PointEntry(self._desk.session.nodes, self._desk.refresh)
        self.points.begin(scan)
        self._desk.refresh()

    def add_pair(self, held_out: bool, snap: bool) -> None:
        """Make a pair of the two points."""
        session = self._desk.session
        if session is None or self.points is None:
            return
        with problems_shown(_("The pair could not be added.")):
            session.add_landmark(self._desk.state.subject, *self.points.pair(), held_out, snap)
            self.forget_points()

    def forget_points(self) -> None:
        """Take points away that are no pair yet."""
        if self.points is not None:
            self.points.clear()
        self.points = None
        self._desk.refresh()

    def show_points(self, shown: bool) -> None:
        """Show points that are no pair yet, or hide them while another module is open."""
        if self.points is not None:
            self.points.show(shown)

    def jump_to_pair(self, name: str) -> None:
        """Show a pair in the views."""
        session = self._desk.session
        for pair in session.record.landmarks if session is not None else ():
            if pair.id == name and session is not None:
                jump(session.nodes, flipped(np.array(pair.ct_lps_mm)))

    def hold_out(self, name: str) -> None:
        """Keep a pair out of fits, or let them use it."""
        session = self._desk.session
        for pair in session.record.landmarks if session is not None else ():
            if pair.id == name and session is not None:
                session.hold_out(name, not pair.held_out)

    def snap(self, name: str) -> None:
        """Move the points of a pair to the edge of the bone."""
        if self._desk.session is not None:
            with problems_shown(_("The pair could not be moved to an edge.")):
                self._desk.session.move_landmark(name, snap=True)

    def delete_pair(self, name: str) -> None:
        """Remove a pair."""
        if self._desk.session is not None:
            self._desk.session.remove_landmark(name)

    def fit(self) -> None:
        """Correct the bone under work by its pairs."""
        session, state = self._movable()
        if session is not None and state.subject != WHOLE:
            with problems_shown(_("The bone could not be fitted.")):
                session.fit_landmarks(state.subject)

    def decide(self, decision: str, reason: str) -> bool:
        """Decide about what is under work; whether that was possible."""
        session, subject = self._desk.session, self._desk.state.subject
        decided = False
        if session is not None:
            with problems_shown(_("The decision was not taken.")):
                for bone in session.bones if subject == WHOLE else (subject,):
                    session.decide(bone, decision, reason)
                decided = True
        return decided

    def accept_good(self) -> None:
        """Accept every bone that is good where it lies."""
        if self._desk.session is not None:
            with problems_shown(_("The decision was not taken.")):
                bones = accept_good(self._desk.session)
                slicer.util.showStatusMessage(_("Accepted: {bones}").format(bones=", ".join(bones)), 3000)

    def _movable(self) -> tuple[ReviewSession | None, ReviewState]:
        """The review, unless an earlier motion is shown, in which no step could be seen, or nothing may be moved."""
        state = self._desk.state
        return (self._desk.session if state.shown == AFTER and not state.second_reading else None), state
