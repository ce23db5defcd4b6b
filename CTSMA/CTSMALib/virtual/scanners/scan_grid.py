"""The voxel grids of scans, and the boxes of voxels that cover a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.errors import InputError
from CTSMALib.volumes.grid import Grid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Columns of an image: anterior to posterior along a row, rows from proximal to distal, slices from left to right.
SAGITTAL = (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)

Box = tuple[slice, slice, slice]


def centered_grid(
    center_mm: ArrayLike,
    extent_mm: Sequence[float],
    spacing_mm: Sequence[float],
    direction: Sequence[float] = AXIAL,
) -> Grid:
    """A grid whose middle lies at a point.

    Args:
        center_mm: LPS.
        extent_mm: along the grid's x, y, z; rounded up to whole voxels.
        spacing_mm: along x, y, z.
        direction: nine numbers, row by row; columns are the axes x, y, z in LPS.
    """
    spacing = np.asarray(spacing_mm, dtype=float)
    size = np.maximum(np.ceil(np.asarray(extent_mm, dtype=float) / spacing - 1e-6), 1).astype(int)
    axes = np.reshape(direction, (3, 3))
    origin = np.asarray(center_mm, dtype=float) - axes @ (0.5 * (size - 1) * spacing)
    return Grid(_integers(size), _numbers(spacing), _numbers(origin), tuple(float(v) for v in direction))


def covering_box(grid: Grid, points_mm: ArrayLike, margin_mm: float = 0.0) -> Box:
    """The smallest box of voxels (z, y, x) whose centers enclose points, within the grid.

    Args:
        grid: of the scan.
        points_mm: (n, 3) LPS, for example the corners of a patch.
        margin_mm: to add on every side.

    Raises:
        InputError: nothing of it lies within the grid.
    """
    index = continuous_index(grid, points_mm)
    margin = margin_mm / np.asarray(grid.spacing_mm)
    start = np.maximum(np.floor(index.min(axis=0) - margin + 1e-6), 0).astype(int)
    stop = np.minimum(np.ceil(index.max(axis=0) + margin - 1e-6) + 1, grid.size).astype(int)
    if np.any(stop <= start):
        raise InputError("The box lies outside the scan.", "Place the scan so that it covers the box.")
    x, y, z = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    return z, y, x


def continuous_index(grid: Grid, points_mm: ArrayLike) -> NDArray[np.float64]:
    """(n, 3) voxel indices x, y, z of (n, 3) points, LPS."""
    offset = np.atleast_2d(np.asarray(points_mm, dtype=float)) - grid.origin_mm
    return offset @ np.reshape(grid.direction, (3, 3)) / grid.spacing_mm


def center_of(grid: Grid) -> NDArray[np.float64]:
    """The middle of a grid, LPS, mm."""
    return grid.corners_mm().mean(axis=0)


def checked_box(grid: Grid, box: Box | None) -> tuple[tuple[int, int], ...]:
    """Start and stop of a box along z, y, x; the whole grid for ``None``.

    Raises:
        InputError: the box is empty, has steps, or leaves the grid.
    """
    if box is None:
        return tuple((0, count) for count in grid.size[::-1])
    spans = []
    for cut, count in zip(box, grid.size[::-1], strict=True):
        start, stop = cut.start or 0, count if cut.stop is None else cut.stop
        if cut.step not in (None, 1) or not 0 <= start < stop <= count:
            raise InputError(
                f"The box {box} is not a part of a scan of {grid.size[::-1]} voxels (z, y, x).",
                "Give slices without steps that lie within the scan.",
            )
        spans.append((int(start), int(stop)))
    return tuple(spans)


def _integers(values: NDArray) -> tuple[int, int, int]:
    return int(values[0]), int(values[1]), int(values[2])


def _numbers(values: NDArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
