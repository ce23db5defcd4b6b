"""A quantity on a lattice along the axes of a frame, such as the depth below the surface of a bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Field:
    """Values at the points of a lattice whose axes are those of a frame: (lateral, anterior, proximal), mm.

    Attributes:
        values: (z, y, x), which are proximal, anterior and lateral.
        first_mm: (z, y, x) position of the first point.
        spacing_mm: between points, the same along all axes.
    """

    values: NDArray[np.float32]
    first_mm: tuple[float, float, float]
    spacing_mm: float

    @property
    def axes_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """(z, y, x) positions of the points along each axis."""
        z, y, x = (
            first + self.spacing_mm * np.arange(count)
            for first, count in zip(self.first_mm, self.values.shape, strict=True)
        )
        return z, y, x

    def points_mm(self) -> NDArray[np.float64]:
        """(z, y, x, 3) positions (lateral, anterior, proximal) of all points."""
        z, y, x = np.meshgrid(*self.axes_mm, indexing="ij")
        return np.stack([x, y, z], axis=-1)

    def at(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Linearly interpolated values; beyond the lattice, those of its nearest point.

        Args:
            points_mm: (..., 3) as (lateral, anterior, proximal).

        Returns:
            (...,) values.
        """
        points = np.asarray(points_mm, dtype=float)
        index = (points[..., ::-1].reshape(-1, 3) - self.first_mm) / self.spacing_mm
        found = ndimage.map_coordinates(self.values, index.T, np.float64, order=1, mode="nearest")
        return found.reshape(points.shape[:-1])

    def like(self, values: NDArray[np.float32]) -> Field:
        """Other values at the same points."""
        return Field(values, self.first_mm, self.spacing_mm)
