"""Gradient nonlinearity of an MR scanner: the image is slightly warped away from the isocenter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.errors import InputError

MOST_MM = 2.0  # stronger warps fold the image within a knee coil


@dataclass(frozen=True)
class GradientDistortion:
    """A cubic warp about the isocenter; the lowest odd order that gradient coils leave.

    The image at ``p`` shows the tissue at ``p + d(p)`` with ``d_i = edge_i (r / R)^2 p_i / R``, where ``p`` is relative
    to the isocenter, ``r`` its length, at most ``R``, and ``R`` the radius. Reported sizes after the vendor's
    correction are below 0.5 to 1 mm at the edge of the field of view (reference-method f.4 and f.5, from memory there).

    Attributes:
        edge_mm: displacement along L, P, S of a point on that axis at the radius; 0 switches it off.
        radius_mm: half the field of view.
        isocenter_mm: LPS.
    """

    edge_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius_mm: float = 80.0
    isocenter_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse warps that are too strong or no numbers."""
        if not (np.all(np.abs(self.edge_mm) <= MOST_MM) and self.radius_mm > 0.0):
            raise InputError(
                f"A gradient distortion of {self.edge_mm} mm at {self.radius_mm} mm cannot be simulated.",
                f"Give at most {MOST_MM:g} mm and a positive radius.",
            )

    @property
    def is_off(self) -> bool:
        """Whether nothing moves."""
        return not np.any(self.edge_mm)

    @property
    def warp(self) -> NDArray[np.float64]:
        """(3,) the displacement is this times ``r^2 p_i``; mm per cubic mm."""
        return np.asarray(self.edge_mm, dtype=float) / self.radius_mm**3

    def displacement_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """(n, 3) from points of the image, (n, 3) LPS, to the points of the body that they show."""
        p = np.atleast_2d(np.asarray(points_mm, dtype=float)) - self.isocenter_mm
        return self.warp * np.minimum(np.sum(p * p, axis=1, keepdims=True), self.radius_mm**2) * p

    def shown_at(self, body_points_mm: ArrayLike) -> NDArray[np.float64]:
        """(n, 3) where points of the body, (n, 3) LPS, appear in the image: the inverse, by fixed-point iteration."""
        body = np.atleast_2d(np.asarray(body_points_mm, dtype=float))
        shown = body.copy()
        for _ in range(20):
            shown = body - self.displacement_mm(shown)
        return shown
