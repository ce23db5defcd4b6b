"""Values on grids along the axes of a frame: fast interpolation, and coarse lattices to work on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled
from CTSMALib.virtual.field import Field

Floats = NDArray[np.float32]
Axes = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


def spanned(field: Field, axes: Axes) -> Floats:
    """Linear interpolation on the grid that lists of coordinates span; beyond the lattice, its nearest points.

    Equal to ``field.at`` of the grid's points, but one axis after the other: some nanoseconds a point.

    Args:
        field: the lattice.
        axes: (z, y, x) coordinates in mm, each (n,), in any order.

    Returns:
        (z, y, x) float32.
    """
    z, y, x = (_places(field, axis, axes[axis]) for axis in range(3))
    # Of planes and rows only those that are needed: boxes are small beside a bone.
    values = np.ascontiguousarray(field.values[_span(z), _span(y)], np.float32)
    depth, height = values.shape[:2]
    lines = np.empty((depth, height, len(x[0])), np.float32)
    _between_columns(values, *x, lines)
    planes = np.empty((depth, len(y[0]), lines.shape[2]), np.float32)
    _between_rows(lines, y[0] - y[0].min(), y[1] - y[0].min(), y[2], planes)
    found = np.empty((1, len(z[0]), planes[0].size), np.float32)
    _between_rows(planes.reshape(1, depth, -1), z[0] - z[0].min(), z[1] - z[0].min(), z[2], found)
    return found.reshape(len(z[0]), *planes.shape[1:])


def _places(field: Field, axis: int, at: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Along one axis: the points below and above, and the share of the latter."""
    last = field.values.shape[axis] - 1
    index = np.clip((np.asarray(at, float) - field.first_mm[axis]) / field.spacing_mm, 0.0, last)
    below = np.minimum(index.astype(np.intp), max(last - 1, 0))
    return below, np.minimum(below + 1, last), (index - below).astype(np.float32)


def _span(places: tuple[NDArray[np.intp], NDArray[np.intp], Floats]) -> slice:
    return slice(int(places[0].min()), int(places[1].max()) + 1)


@compiled
def _between_columns(values, below, above, share, found):  # type: ignore[no-untyped-def]
    for k in range(found.shape[0]):
        for i in range(found.shape[1]):
            line, row = values[k, i], found[k, i]
            for x in range(row.size):
                low = line[below[x]]
                row[x] = low + share[x] * (line[above[x]] - low)


@compiled
def _between_rows(values, below, above, share, found):  # type: ignore[no-untyped-def]
    for k in range(found.shape[0]):
        for i in range(found.shape[1]):
            low, high, row, part = values[k, below[i]], values[k, above[i]], found[k, i], share[i]
            for x in range(row.size):
                row[x] = low[x] + part * (high[x] - low[x])


def coarser(field: Field, spacing_mm: float) -> Field:
    """Every so many points of a field, so that they are about ``spacing_mm`` apart and reach to its ends or beyond."""
    step = max(1, round(spacing_mm / field.spacing_mm))
    axes = tuple(
        first + step * field.spacing_mm * np.arange(-(-(count - 1) // step) + 1)
        for first, count in zip(field.first_mm, field.values.shape, strict=True)
    )
    return Field(spanned(field, (axes[0], axes[1], axes[2])), field.first_mm, step * field.spacing_mm)


def onto(values: Floats, coarse: Field, fine: Field) -> Floats:
    """Values of a coarse lattice, interpolated at the points of a fine one."""
    if coarse.values.shape == fine.values.shape:
        return values
    return spanned(coarse.like(values), fine.axes_mm)
