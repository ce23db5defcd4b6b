"""The pictures of checkerboard and spyglass in every view of the CT's frame, which must follow views and bones."""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.scene.registration.mixed import Checkerboard, Spyglass, refresh
from CTSMALib.scene.registration.modes import CHECKERBOARD, MIXED, SPYGLASS, mode_of
from CTSMALib.scene.registration.review_layout import fixed_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes

Point = tuple[float, float, float]


def refresh_pictures(review: ReviewNodes, square_mm: float, radius_mm: float) -> bool:
    """Compute the pictures again if the present mode has any.

    Args:
        review: the nodes.
        square_mm: edge of a square of the checkerboard.
        radius_mm: of the spyglass, which is around the cursor, or the middle of views in which there is none.

    Returns:
        Whether the mode has any.
    """
    mode = mode_of(review)
    if mode not in MIXED:
        return False
    cursor = cursor_of(review.scene) if mode == SPYGLASS else None
    for view, _ in fixed_views(review.scene):
        around = cursor if cursor is not None and _shows(view, cursor) else _middle(view)
        refresh(review, view, Checkerboard(square_mm) if mode == CHECKERBOARD else Spyglass(around, radius_mm))
    return True


def cursor_of(scene: Any) -> Point | None:
    """Where the mouse is, RAS, mm; ``None`` where it is in no view."""
    crosshair = scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    place = [0.0, 0.0, 0.0]
    if crosshair is None or not crosshair.GetCursorPositionRAS(place):
        return None
    return place[0], place[1], place[2]


def _middle(view: Any) -> Point:
    """The middle of a slice view, RAS, mm."""
    width, height = view.GetDimensions()[:2]
    x, y, z, _ = to_numpy(view.GetXYToRAS()) @ (0.5 * width, 0.5 * height, 0.0, 1.0)
    return float(x), float(y), float(z)


def _shows(view: Any, point: Point) -> bool:
    """Whether a point lies within the window of a view, near its plane."""
    x, y, away = (np.linalg.inv(to_numpy(view.GetSliceToRAS())) @ (*point, 1.0))[:3]
    width, height = view.GetFieldOfView()[:2]
    return bool(abs(x) <= width / 2 and abs(y) <= height / 2 and abs(away) <= max(width, height) / 2)
