"""The joint frame of a bone: one rigid coordinate system in which every knee looks alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class JointFrame:
    """A proper rigid frame fixed to one bone.

    Attributes:
        origin_mm: (3,) LPS position of the frame's origin, at the center of the articular surface.
        axes: (3, 3); rows are unit vectors in LPS: patient's right-hand side of the bone,
            anterior, proximal. Right-handed, determinant +1.
        mirrored: ``True`` for a left knee, where the first axis points medially. *Anatomical*
            coordinates flip the first coordinate there, so that they read
            (lateral, anterior, proximal) in every knee. The transform itself never reflects.
    """

    origin_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    mirrored: bool

    def to_anatomical(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS points (..., 3) in mm to (lateral, anterior, proximal) in mm."""
        local = (np.asarray(points_lps_mm, dtype=float) - self.origin_mm) @ self.axes.T
        return local * self._sign()

    def to_lps(self, points_anatomical_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(lateral, anterior, proximal) points (..., 3) in mm to LPS in mm."""
        local = np.asarray(points_anatomical_mm, dtype=float) * self._sign()
        return local @ self.axes + self.origin_mm

    def _sign(self) -> NDArray[np.float64]:
        return np.array([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
