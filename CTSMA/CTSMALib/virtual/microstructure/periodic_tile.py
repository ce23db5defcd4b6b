"""A periodic volume that is sampled smoothly on any box along its axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.compiled import compiled

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

        Because the grid follows the axes of the tile, one axis after the other is interpolated: 12 products in place of
        64 for every voxel.

        Args:
            axes: (z, y, x) coordinates, each (n,), in any order and of any range.

        Returns:
            (z, y, x) float32.
        """
        z, y, x = (_spline_plan(axes[a] / self.step[a], self.coefficients.shape[a]) for a in range(3))
        nz, ny, nx = (plan.weights.shape[1] for plan in (z, y, x))
        lines = np.empty((len(z.used), len(y.used), nx), np.float32)
        _interpolate_lines(self.coefficients, z.used, y.used, x.used[x.places], x.weights, lines)
        planes = np.empty((len(z.used), ny, nx), np.float32)
        _interpolate(lines, y.places, y.weights, planes)
        found = np.empty((1, nz, ny * nx), np.float32)
        _interpolate(planes.reshape(1, len(z.used), ny * nx), z.places, z.weights, found)
        return found.reshape(nz, ny, nx)


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


@dataclass(frozen=True)
class _Plan:
    """How one axis is interpolated.

    Attributes:
        used: (m,) samples of the period that are needed.
        places: (4, n) for every position, which of these it takes.
        weights: (4, n) float32 cubic B-spline weights.
    """

    used: NDArray[np.intp]
    places: NDArray[np.intp]
    weights: Floats


def _spline_plan(positions: NDArray[np.float64], count: int) -> _Plan:
    base = np.floor(positions).astype(np.intp)
    t = positions - base
    parts = ((1 - t) ** 3 / 6, 2 / 3 - t**2 + t**3 / 2, 2 / 3 - (1 - t) ** 2 + (1 - t) ** 3 / 2, t**3 / 6)
    samples = np.stack([(base + shift) % count for shift in (-1, 0, 1, 2)])
    used, places = np.unique(samples, return_inverse=True)
    return _Plan(used, np.ascontiguousarray(places.reshape(samples.shape)), np.array(parts, np.float32))


@compiled
def _interpolate(values, places, weights, found):  # type: ignore[no-untyped-def]
    """Along the middle axis: four weighted rows make one."""
    for k in range(found.shape[0]):
        for i in range(found.shape[1]):
            a, b, c, d = (
                values[k, places[0, i]],
                values[k, places[1, i]],
                values[k, places[2, i]],
                values[k, places[3, i]],
            )
            wa, wb, wc, wd = weights[0, i], weights[1, i], weights[2, i], weights[3, i]
            row = found[k, i]
            for x in range(row.size):
                row[x] = (wa * a[x] + wb * b[x]) + (wc * c[x] + wd * d[x])


@compiled
def _interpolate_lines(values, planes, rows, places, weights, found):  # type: ignore[no-untyped-def]
    """The same along the last axis, of some planes and rows only."""
    for k in range(found.shape[0]):
        for i in range(found.shape[1]):
            line, row = values[planes[k], rows[i]], found[k, i]
            for x in range(row.size):
                low = weights[0, x] * line[places[0, x]] + weights[1, x] * line[places[1, x]]
                row[x] = low + (weights[2, x] * line[places[2, x]] + weights[3, x] * line[places[3, x]])
