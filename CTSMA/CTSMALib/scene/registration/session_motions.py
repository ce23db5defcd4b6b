"""Moving the bones of a review."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from CTSMALib.errors import InputError
from CTSMALib.registration.review.landmark_error import fitted_to_landmarks
from CTSMALib.scene.registration.review_nodes import matrices, set_active
from CTSMALib.scene.registration.session_state import SessionState, heading, moved_mm, turned_deg, way_of_turn
from CTSMALib.scene.registration.session_steps import ACTIVE, ReviewSteps
from CTSMALib.volumes.rigid import Matrix, is_rigid

SAME = 1e-9  # difference of matrices that is rounding


class ReviewMotions(ReviewSteps):
    """Steps that move bones, each or all of them as the ``"knee"``."""

    def activate(self, bone: str) -> None:
        """Work on another bone.

        Raises:
            KeyError: it was not registered.
        """
        if bone != self.active:
            self.mend()
            set_active(self.nodes, bone)
            self.settle()
            self._tell((ACTIVE,))

    def move(self, subject: str, vector_ras_mm: ArrayLike) -> None:
        """Shift a bone, or the ``"knee"``, by a (3,) vector in the CT's frame; a held key makes one step."""
        vector = np.asarray(vector_ras_mm, dtype=float)
        key, where = heading(vector)
        after = self.corrections.moved(subject, vector)

        def name(before: SessionState) -> str:
            return f"Move {moved_mm(before.corrections, after, subject):.3g} mm {where} ({subject})"

        self._corrected(name, after, f"move {subject} {key}")

    def turn(self, subject: str, axis_ras: ArrayLike, degrees: float) -> None:
        """Turn a bone, or the ``"knee"``, by the right-hand rule about its center; a held key makes one step.

        Args:
            subject: what is turned.
            axis_ras: (3,) in the CT's frame.
            degrees: angle.
        """
        axis = np.asarray(axis_ras, dtype=float) * degrees
        key, _ = heading(axis)
        after = self.corrections.turned(subject, axis_ras, degrees)

        def name(before: SessionState) -> str:
            return f"Turn {turned_deg(before.corrections, after, subject):.3g}° {way_of_turn(axis)} ({subject})"

        self._corrected(name, after, f"turn {subject} {key}")

    def place(self, bone: str, moving_to_fixed_ras: Matrix) -> None:
        """Give a bone a composed motion (4, 4).

        Raises:
            InputError: the matrix is not rigid.
        """
        self._corrected(f"Place the {bone}", self.corrections.placed(bone, moving_to_fixed_ras))

    def taken_from_handles(self) -> bool:
        """Take over what handles in the views did to the active bone; a drag is one step.

        Returns:
            Whether the bone was moved.

        Raises:
            InputError: it was scaled or mirrored; its node is put back.
        """
        self.mend()
        if self._showing or not self.nodes.present:
            return False
        bone, user = self.active, matrices(self.nodes, self.active).user
        if np.allclose(user, self.corrections.user[bone], rtol=0.0, atol=SAME):
            return False
        if not is_rigid(user):
            self._show()
            raise InputError(f"The {bone} was scaled or mirrored.", "Only turn and shift it.")
        after = self.corrections.placed(bone, user @ self.corrections.auto[bone])

        def name(before: SessionState) -> str:
            mm, degrees = moved_mm(before.corrections, after, bone), turned_deg(before.corrections, after, bone)
            return f"Drag by {mm:.1f} mm and {degrees:.1f}° ({bone})"

        self._corrected(name, after, f"drag {bone}")
        return True

    def reset(self, subject: str) -> None:
        """Take all corrections of a bone, or of the ``"knee"``, away."""
        self._corrected(f"Reset the {subject}", self.corrections.reset(subject))

    def fit_landmarks(self, bone: str) -> None:
        """Correct a bone so that its points fit best; held-out ones do not count.

        Raises:
            InputError: there are too few points, or they do not determine a motion.
        """
        fitted = fitted_to_landmarks(self.corrections, self.record, bone)
        self._corrected(f"Fit the {bone} to its landmarks", fitted)
