"""How much longer a job will take, from how fast it has been lately."""

from __future__ import annotations

from collections import deque

WINDOW_S = 300.0  # so far back the pace is looked at
_FEWEST_S = 3.0
_LEAST = 1e-4  # share of the work


class Remaining:
    """Takes in how far a job is, and tells how long it will take.

    A job that goes on with what was done before leaps at its beginning; such a leap is no measure of its pace.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def begin(self) -> None:
        """Another job begins."""
        self._seen.clear()

    def note(self, elapsed_s: float, fraction: float) -> None:
        """Take in that a share of the work was done after a time since the beginning."""
        if self._seen and fraction == self._seen[-1][1]:
            return  # only steps forward tell of the pace
        self._seen.append((elapsed_s, fraction))
        while self._seen[-1][0] - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    def seconds(self, elapsed_s: float) -> float | None:
        """Seconds from now to the end; ``None`` while that cannot be told.

        Args:
            elapsed_s: since the beginning of the job.
        """
        steps = list(self._seen)[2:]  # the first ones tell of what was there before
        if len(steps) < 2:
            return None
        (first_s, first), (last_s, last) = steps[0], steps[-1]
        if last_s - first_s < _FEWEST_S or last - first < _LEAST:
            return None
        pace = (last - first) / (last_s - first_s)
        return max((1.0 - last) / pace - (elapsed_s - last_s), 0.0)


def in_words(seconds: float) -> str:
    """A time for people: ``"40 s"``, ``"12 min"``, ``"3 h 20 min"``."""
    if seconds < 90:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
