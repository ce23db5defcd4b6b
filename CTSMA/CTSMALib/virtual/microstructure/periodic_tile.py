"""A periodic volume that is sampled smoothly on any box along its axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PeriodicTile:
    """Cubic B-splines through a volume that repeats in all directions.

    Attributes:
        coefficients: (z, y, x) float32 spline coefficients.
        step: (z, y, x) distance between samples, in the unit of the coordinates.
    """

    coefficients: Floats
    step: tuple[float, float, float]

    @property
    def period(self) -> tuple[float, float, float]:
        """(z, y, x) lengths after which the tile repeats."""
        z, y, x = (n * s for n, s in zip(self.coefficients.shape, self.step, strict=True))
        return z, y, x

    def sample(self, axes: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]) -> Floats:
        """Values on the grid that three lists of coordinates span.

        Because the grid follows the axes of the tile, the splines are three matrix products in place of 64 products
        for every voxel.

        Args:
            axes: (z, y, x) coordinates, each (n,), in any order and of any range.

        Returns:
            (z, y, x) float32.
        """
        weights, used = zip(
            *(_spline_weights(axes[a] / self.step[a], self.coefficients.shape[a]) for a in range(3)), strict=True
        )
        values = self.coefficients[np.ix_(*used)]
        for axis in (2, 1, 0):  # the rows of the volume first: they are contiguous
            values = np.moveaxis(np.tensordot(values, weights[axis], axes=(axis, 1)), -1, axis)
        return np.ascontiguousarray(values, dtype=np.float32)


def tile_of(values: Floats, step: float | tuple[float, float, float]) -> PeriodicTile:
    """A tile that takes given values at its samples.

    Args:
        values: (z, y, x) one period.
        step: distance between samples.
    """
    z, y, x = np.broadcast_to(np.asarray(step, dtype=float), (3,)).tolist()
    coefficients = values.astype(np.float32)
    for axis in range(3):
        coefficients = ndimage.spline_filter1d(coefficients, 3, axis, output=np.float32, mode="grid-wrap")
    return PeriodicTile(coefficients, (z, y, x))


def _spline_weights(positions: NDArray[np.float64], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Matrix (n, m) of cubic B-spline weights, and the m samples of the period that it uses."""
    base = np.floor(positions).astype(np.intp)
    t = positions - base
    parts = ((1 - t) ** 3 / 6, 2 / 3 - t**2 + t**3 / 2, 2 / 3 - (1 - t) ** 2 + (1 - t) ** 3 / 2, t**3 / 6)
    samples = np.stack([(base + shift) % count for shift in (-1, 0, 1, 2)])
    used, place = np.unique(samples, return_inverse=True)
    weights = np.zeros((positions.size, used.size), np.float32)
    rows = np.arange(positions.size)
    for part, columns in zip(parts, place.reshape(samples.shape), strict=True):
        np.add.at(weights, (rows, columns), part.astype(np.float32))
    return weights, used
