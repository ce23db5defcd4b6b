"""How long work tells its caller where it is, and learns that it is to stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called by long work at every step.

    An implementation cancels the work by raising
    :class:`~CTSMALib.errors.CancelledError`; the callee lets it pass.
    """

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        """Report that ``stage`` runs and that ``fraction`` (0 to 1) of all work is done."""


def silent(stage: str, fraction: float, message: str = "") -> None:
    """Progress that nobody watches."""


def part_of(progress: Progress, start: float, stop: float) -> Progress:
    """Map a sub-task's fractions 0 to 1 onto ``start`` to ``stop`` of the whole."""

    def report(stage: str, fraction: float, message: str = "") -> None:
        progress(stage, start + (stop - start) * min(max(fraction, 0.0), 1.0), message)

    return report
