"""Numbers that follow a bone without holding the picture up."""

from __future__ import annotations

import time
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.reviewing.correct_panel import numbers_text

SOON_MS = 90  # after the view was drawn; many moves in a row become one measurement
POLL_MS, GIVEN_S = 30, 0.008  # while another thread prepares; in Slicer it gets on while this one sleeps
SETTLED_MS = 400  # without a further step: what was done is one step, and is saved


class LiveNumbers:
    """Measures the bone under work when there is time for it.

    Args:
        on_text: called with what to show.
        on_measured: called when other threads have measured all that was asked for.
    """

    def __init__(self, on_text: Callable[[str], None], on_measured: Callable[[], None]) -> None:
        self._on_text, self._on_measured = on_text, on_measured
        self._session: ReviewSession | None = None
        self._wanted = False  # numbers, once they are prepared
        self._soon, self._settled, self._poll = qt.QTimer(), qt.QTimer(), qt.QTimer()
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self.poll)
        for timer, called in ((self._soon, self._measure_when_ready), (self._settled, self.settle)):
            timer.setSingleShot(True)
            timer.timeout.connect(called)

    def follow(self, session: ReviewSession | None) -> None:
        """Measure bones of another review, or of none."""
        if session is not self._session:
            self.settle()
            self._session = session
            self._wanted = False
            self._on_text("")
            self._soon.stop()
            self._poll.stop()
            if session is not None:
                self.later()

    def later(self) -> None:
        """The bone was moved, or is another one."""
        if self._session is None:
            return
        if not self._session.prepare_numbers():
            self._on_text(_("The numbers of this bone are being prepared."))
        if not self._soon.property("active"):
            self._soon.start(SOON_MS)
        self._settled.start(SETTLED_MS)

    def measure(self) -> None:
        """Measure now, however long it takes."""
        self._soon.stop()
        self._wanted = False
        if self._session is not None:
            self._on_text(numbers_text(self._session))

    def watch(self) -> None:
        """Wait for other threads, if they are at work."""
        if self._session is not None and self._session.measuring and not self._poll.property("active"):
            self._poll.start()

    def poll(self) -> None:
        """Show what other threads have prepared by now."""
        time.sleep(GIVEN_S)
        if self._wanted:
            self._measure_when_ready()
        if self._session is None or not self._session.measuring:
            self._poll.stop()
            self._on_measured()

    def _measure_when_ready(self) -> None:
        if self._session is not None and self._session.prepare_numbers():
            self.measure()
        else:
            self._wanted = True
            self.watch()

    def settle(self) -> None:
        """What was done until now is one step, and is saved."""
        self._settled.stop()
        if self._session is not None:
            self._session.settle()

    def stop(self) -> None:
        """Forget the review without touching it: it goes with its scene."""
        for timer in (self._soon, self._settled, self._poll):
            timer.stop()
        self._session = None
