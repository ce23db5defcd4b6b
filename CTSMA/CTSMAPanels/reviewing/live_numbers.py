"""Numbers that follow a bone without holding the picture up."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.reviewing.correct_panel import numbers_text

SOON_MS = 90  # after the view was drawn; many moves in a row become one measurement
FIRST_MS = 700  # the first measurement takes seconds, so it waits until nothing moves any more
SETTLED_MS = 400  # without a further step: what was done is one step, and is saved


class LiveNumbers:
    """Measures the bone under work when there is time for it.

    Args:
        on_text: called with what to show.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._session: ReviewSession | None = None
        self._prepared: set[str] = set()
        self._soon, self._settled = qt.QTimer(), qt.QTimer()
        for timer, called in ((self._soon, self.measure), (self._settled, self.settle)):
            timer.setSingleShot(True)
            timer.timeout.connect(called)

    def follow(self, session: ReviewSession | None) -> None:
        """Measure bones of another review, or of none."""
        if session is not self._session:
            self.settle()
            self._session = session
            self._prepared.clear()
            self._on_text("")
            self._soon.stop()
            if session is not None:
                self.later()

    def later(self) -> None:
        """The bone was moved, or is another one."""
        if self._session is None:
            return
        if self._session.active not in self._prepared:
            self._on_text(_("The numbers follow when nothing moves; the first time takes some seconds."))
            self._soon.start(FIRST_MS)
        elif not self._soon.property("active"):
            self._soon.start(SOON_MS)
        self._settled.start(SETTLED_MS)

    def measure(self) -> None:
        """Measure now."""
        self._soon.stop()
        if self._session is not None:
            self._on_text(numbers_text(self._session))
            self._prepared.add(self._session.active)

    def settle(self) -> None:
        """What was done until now is one step, and is saved."""
        self._settled.stop()
        if self._session is not None:
            self._session.settle()

    def stop(self) -> None:
        """Forget the review without touching it: it goes with its scene."""
        self._soon.stop()
        self._settled.stop()
        self._session = None
