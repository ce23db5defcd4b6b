"""The practice pair reviewed by a script from beginning to end: what the module tests itself with, in any Slicer.

It takes the packages that :mod:`CTSMALib.jobs.requirements` names, no torch, no widgets, no process and no network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from CTSMALib.registration.record import ACCEPTED
from CTSMALib.scene.registration.practice import WRONG_BONE, load_practice, true_error_mm
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.volumes.rigid import Matrix

SHIFTS_RAS_MM = ((0.0, 2.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, -2.0))
TURNS_RAS_DEG = (-2.0, -2.0)  # about S
REVIEWER = "Self-test"
MISPLACED_MM, CORRECTED_MM = 4.0, 0.5  # at least, at most


@dataclass(frozen=True)
class PracticeReview:
    """What came out.

    Attributes:
        before_mm, after_mm: true error of the bone that lies wrong, before and after it was corrected.
        contour_mm: distance of its outline before and after; ``None`` where it could not be measured.
        undone: whether undoing everything gave back the very motion that was found.
        redone: whether redoing led to the very motion from before.
        decision: about the bone, as the folder says after it was closed and opened again.
        reopened: whether the motion was the same then.
    """

    before_mm: float
    after_mm: float
    contour_mm: tuple[float | None, float | None]
    undone: bool
    redone: bool
    decision: str
    reopened: bool

    def problems(self) -> list[str]:
        """What is not as it must be; empty where the review works."""
        first, last = self.contour_mm
        expected = {
            f"the bone lies {self.before_mm:.1f} mm off at the beginning": self.before_mm > MISPLACED_MM,
            f"the bone lies {self.after_mm:.1f} mm off at the end": self.after_mm < CORRECTED_MM,
            f"the distance of the outline went from {first} to {last} mm": bool(first and last and last < 0.6 * first),
            "undoing did not give back what was found": self.undone,
            "redoing did not lead to where it was": self.redone,
            f"the decision is '{self.decision}' after opening again": self.decision == ACCEPTED,
            "the motion is another one after opening again": self.reopened,
        }
        return [text for text, holds in expected.items() if not holds]


def review_practice(scene: Any, parent: Path) -> PracticeReview:
    """Open the practice pair, correct the bone that lies wrong, undo, redo, accept, close, and open it again.

    Args:
        scene: ``vtkMRMLScene``.
        parent: folder for the copy of the registration.

    Raises:
        CTSMAError: a step was refused.
    """
    pair = load_practice(scene, parent)
    session = ReviewSession.open(scene, pair.folder, pair.ct, pair.mr, REVIEWER)
    session.activate(WRONG_BONE)
    found, first = session.corrections.composed(WRONG_BONE), _contour_mm(session)
    _correct(session)
    corrected, last = session.corrections.composed(WRONG_BONE), _contour_mm(session)
    undone = _repeated(session.undo, lambda: bool(session.undo_name)) and _same(session, found)
    redone = _repeated(session.redo, lambda: bool(session.redo_name)) and _same(session, corrected)
    session.decide(WRONG_BONE, ACCEPTED)
    session.close()
    again = ReviewSession.open(scene, pair.folder, pair.ct, pair.mr, REVIEWER)
    decision, reopened = again.decision(WRONG_BONE), _same(again, corrected)
    again.close()
    return PracticeReview(
        true_error_mm(WRONG_BONE, found), true_error_mm(WRONG_BONE, corrected), (first, last), undone, redone,
        decision.decision if decision is not None else "", reopened,
    )  # fmt: skip


def _correct(session: ReviewSession) -> None:
    """By nudges, as a reader does it with keys."""
    for degrees in TURNS_RAS_DEG:
        session.turn(WRONG_BONE, (0.0, 0.0, 1.0), degrees)
    for shift in SHIFTS_RAS_MM:
        session.move(WRONG_BONE, shift)


def _contour_mm(session: ReviewSession) -> float | None:
    numbers = session.numbers()
    return None if numbers is None else numbers.contour_mm


def _repeated(step: Callable[[], None], possible: Callable[[], bool]) -> bool:
    """Whether a step could be taken at least once; it is taken until none is left."""
    count = 0
    while possible():
        step()
        count += 1
    return count > 0


def _same(session: ReviewSession, motion: Matrix) -> bool:
    return bool(np.array_equal(session.corrections.composed(WRONG_BONE), motion))
