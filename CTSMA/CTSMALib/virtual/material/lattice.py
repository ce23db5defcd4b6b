"""Values on grids along the axes of a frame: fast interpolation, and coarse lattices to work on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    values = np.asarray(field.values, np.float32)
    for axis in (2, 1, 0):
        index = (np.asarray(axes[axis], float) - field.first_mm[axis]) / field.spacing_mm
        index = np.clip(index, 0.0, values.shape[axis] - 1.0)
        base = np.minimum(index.astype(np.intp), max(values.shape[axis] - 2, 0))
        share = (index - base).astype(np.float32).reshape((-1,) + (1,) * (2 - axis))
        low = np.take(values, base, axis)
        high = np.take(values, np.minimum(base + 1, values.shape[axis] - 1), axis)
        high -= low
        high *= share
        low += high
        values = low
    return values


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
