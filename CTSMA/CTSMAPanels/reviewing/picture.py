"""Keeping the views as the state says: modes, moving pictures, pictures that follow slices and bones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import qt
import slicer

from CTSMALib.scene.registration.aiming import follow_crosshair
from CTSMALib.scene.registration.before_after import AFTER, show_state
from CTSMALib.scene.registration.error_on_bone import color_by_error, error_of, no_error_colors
from CTSMALib.scene.registration.handles import show_handles
from CTSMALib.scene.registration.mixed_pictures import refresh_pictures
from CTSMALib.scene.registration.modes import FLICKER, MIXED, ROCK, SIDE_BY_SIDE, SPYGLASS
from CTSMALib.scene.registration.results_aside import bring_back, put_aside
from CTSMALib.scene.registration.review_layout import fixed_views
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.seeing import flicker, rock, show_bones, show_mode
from CTSMALib.scene.registration.session import ReviewSession

MOVING = {ROCK: rock, FLICKER: flicker}
FRAME_MS = 40
SOON_MS = 15  # many changes of slices become one new picture


class ReviewPicture:
    """What the views show of a review.

    Args:
        on_drag: called after a handle in the views has moved the active bone.
    """

    def __init__(self, on_drag: Callable[[], None]) -> None:
        self._on_drag = on_drag
        self._session: ReviewSession | None = None
        self._state = ReviewState()
        self._watched: list[tuple[Any, int]] = []
        self._paused = True  # the views are those of another module
        self._clock = qt.QTimer()
        self._clock.setInterval(FRAME_MS)
        self._clock.timeout.connect(self.tick)
        self._soon = qt.QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh_now)

    def show(self, session: ReviewSession | None, state: ReviewState, before: ReviewState | None) -> None:
        """Bring into the views what differs from the state before; everything without one.

        Views are left alone while another module is open; everything must be shown after :meth:`resume`.
        """
        self._session, self._state = session, state
        if session is None:
            self.stop()
            return
        if not session.nodes.present:  # a scan was deleted, and the review is about to be closed
            return
        if self._paused:
            self._hide()
            return

        def differs(*fields: str) -> bool:
            return before is None or any(getattr(before, name) != getattr(state, name) for name in fields)

        if before is None:
            put_aside(session.nodes)
            show_bones(session.nodes, True)
        if state.subject != WHOLE:
            session.activate(state.subject)
        if differs("subject", "shown"):
            show_state(session.nodes, state.shown)
        if differs("error_colors"):
            self.color()
        if differs("handles", "anywhere", "subject", "shown", "second_reading"):
            movable = state.subject != WHOLE and state.shown == AFTER and not state.second_reading
            show_handles(session.nodes, state.handles and movable, state.anywhere)
        if differs("mode", "opacity"):
            show_mode(session.nodes, state.mode, state.opacity, state.square_mm, state.radius_mm)
        else:
            self.refresh_soon()
        if differs("points", "subject", "shown", "mode"):
            session.show_landmarks(state.points)
        self._watch()
        if state.mode in MOVING:
            self._clock.start()
        else:
            self._clock.stop()

    def moved(self) -> None:
        """A bone was moved: an earlier motion that is shown may be another one now, as after finding bones anew."""
        if self._session is not None and self._session.nodes.present and self._state.shown != AFTER:
            show_state(self._session.nodes, self._state.shown)
        self.refresh_soon()

    def color(self) -> None:
        """Color bones by the estimated error, or give them their own colors back."""
        assert self._session is not None
        if self._state.error_colors:
            color_by_error(self._session.nodes, error_of(self._session.record))
        else:
            no_error_colors(self._session.nodes)

    def refresh_soon(self, *_args: Any) -> None:
        """Compute mixed pictures again, once for many calls in a row."""
        shown = self._session is not None and not self._paused
        if shown and self._state.mode in MIXED and not _is_active(self._soon):
            self._soon.start()

    def refresh_now(self) -> None:
        """Compute mixed pictures again."""
        self._soon.stop()
        if self._session is not None and self._session.nodes.present:
            refresh_pictures(self._session.nodes, self._state.square_mm, self._state.radius_mm)

    def tick(self) -> None:
        """Show the next picture of a mode that moves."""
        if self._session is not None and self._state.mode in MOVING:
            phase = (time.monotonic() % self._state.period_s) / self._state.period_s
            MOVING[self._state.mode](self._session.nodes, phase)

    def stop(self) -> None:
        """Let go of everything in the scene."""
        self._session = None
        self._clock.stop()
        self._soon.stop()
        self._unwatch()

    def pause(self) -> None:
        """While another module is open nothing of the review moves, lies in views or is taken from them.

        That module may show what was put aside.
        """
        self._paused = True
        self._clock.stop()
        self._soon.stop()
        self._unwatch()
        if self._session is not None and self._session.nodes.present:
            self._hide()
            bring_back(self._session.nodes)

    def resume(self) -> None:
        """The views are those of the review again."""
        self._paused = False

    def _hide(self) -> None:
        """Hide bones, points and handles; what slices show is left to the other module."""
        assert self._session is not None
        show_bones(self._session.nodes, False)
        show_handles(self._session.nodes, False)
        self._session.show_landmarks(False)

    def _watch(self) -> None:
        assert self._session is not None
        self._unwatch()
        nodes = self._session.nodes
        for bone in nodes.bones:
            event = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
            self._observe(nodes.user(bone), event, lambda *_args: self._on_drag())
        if self._state.mode in MIXED:
            for view, _ in fixed_views(nodes.scene):
                self._observe(view, "ModifiedEvent", self.refresh_soon)
            for volume in (nodes.ct, nodes.mr):
                self._observe(volume.GetDisplayNode(), "ModifiedEvent", self.refresh_soon)
        crosshair = nodes.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if self._state.mode == SIDE_BY_SIDE and crosshair is not None:
            self._observe(crosshair, "ModifiedEvent", lambda *_args: follow_crosshair(nodes))
        if self._state.mode == SPYGLASS and crosshair is not None:
            self._observe(crosshair, crosshair.CursorPositionModifiedEvent, self.refresh_soon)

    def _observe(self, node: Any, event: Any, called: Callable[..., None]) -> None:
        if node is not None:
            self._watched.append((node, node.AddObserver(event, called)))

    def _unwatch(self) -> None:
        for node, observer in self._watched:
            node.RemoveObserver(observer)
        self._watched.clear()


def _is_active(timer: Any) -> bool:
    return bool(timer.property("active"))
