"""Pairs of points of a review."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from CTSMALib.errors import InputError
from CTSMALib.registration.record import LandmarkPair
from CTSMALib.registration.review import landmark_error
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.registration.drawn_points import draw_errors, draw_points
from CTSMALib.scene.registration.session_state import lps
from CTSMALib.scene.registration.session_steps import ACTIVE, LANDMARKS, MOTION, ReviewSteps


class ReviewPoints(ReviewSteps):
    """Steps that change pairs of points, and their errors."""

    _points_shown = False

    def add_landmark(
        self, bone: str, ct_ras_mm: ArrayLike, mr_ras_mm: ArrayLike, held_out: bool = False, snap: bool = False
    ) -> str:  # fmt: skip
        """Add a pair of points.

        Args:
            bone: that they belong to.
            ct_ras_mm: (3,) in the CT.
            mr_ras_mm: (3,) in the MR's own frame.
            held_out: whether it is kept out of fits, to measure the error with.
            snap: whether both snap to the edge of the bone.

        Returns:
            The ID of the pair.

        Raises:
            InputError: the bone is unknown, or a coordinate is no number.
        """
        name = landmark_error.next_id(self.record)
        empty = LandmarkPair(name, bone, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), held_out, self.reviewer)
        landmark_error.with_landmark(self.record, empty)  # refuses an unknown bone before anything snaps to it
        self._set_landmark(f"Add landmark {name}", self._at(empty, ct_ras_mm, mr_ras_mm, snap))
        return name

    def move_landmark(
        self, name: str, ct_ras_mm: ArrayLike | None = None, mr_ras_mm: ArrayLike | None = None, snap: bool = False
    ) -> None:  # fmt: skip
        """Move one or both points of a pair; see :meth:`add_landmark`."""
        pair = self._landmark(name)
        ct = flipped(np.array(pair.ct_lps_mm)) if ct_ras_mm is None else ct_ras_mm
        mr = flipped(np.array(pair.mr_lps_mm)) if mr_ras_mm is None else mr_ras_mm
        self._set_landmark(f"Move landmark {name}", self._at(pair, ct, mr, snap), f"landmark {name}")

    def hold_out(self, name: str, held_out: bool) -> None:
        """Keep a pair out of fits, or let them use it.

        Raises:
            InputError: there is no such pair.
        """
        title = f"{'Hold out' if held_out else 'Use'} landmark {name}"
        self._set_landmark(title, replace(self._landmark(name), held_out=held_out))

    def remove_landmark(self, name: str) -> None:
        """Remove a pair of points; nothing happens where there is none."""
        self._pushed(f"Remove landmark {name}", landmark_error.without_landmark(self.record, name))

    def show_landmarks(self, shown: bool = True) -> None:
        """Draw the pairs of the active bone in the views, now and after every change, or no longer.

        To be called again after another motion, other views or another way of seeing was chosen.
        """
        self._points_shown = shown
        draw_points(self.nodes, self.record.landmarks, shown)

    def point_errors(self) -> tuple[landmark_error.PointError, ...]:
        """The error at every pair of points."""
        return landmark_error.point_errors(self.record, self.corrections)

    def bone_errors(self) -> tuple[landmark_error.BoneError, ...]:
        """The errors at points by bone, held-out ones apart."""
        return landmark_error.bone_errors(self.point_errors())

    def _tell(self, reasons: Collection[str]) -> None:
        try:
            if not (self._points_shown and self.nodes.present):
                return
            if {LANDMARKS, ACTIVE} & set(reasons):
                draw_points(self.nodes, self.record.landmarks)
            elif MOTION in reasons:  # points follow by themselves
                draw_errors(self.nodes, self.record.landmarks)
        finally:
            super()._tell(reasons)

    def _landmark(self, name: str) -> LandmarkPair:
        for pair in self.record.landmarks:
            if pair.id == name:
                return pair
        raise InputError(f"There is no landmark {name}.", "Choose one of the list.")

    def _at(self, pair: LandmarkPair, ct_ras_mm: ArrayLike, mr_ras_mm: ArrayLike, snap: bool) -> LandmarkPair:
        if snap:
            composed = self.corrections.composed(pair.bone)
            ct_ras_mm, mr_ras_mm = self._scans.snapped(pair.bone, ct_ras_mm, mr_ras_mm, composed)
        return replace(pair, ct_lps_mm=lps(ct_ras_mm), mr_lps_mm=lps(mr_ras_mm))

    def _set_landmark(self, name: str, pair: LandmarkPair, merge_key: str = "") -> None:
        self._pushed(name, landmark_error.with_landmark(self.record, pair), merge_key)
