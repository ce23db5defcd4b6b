"""The nearest of many points, for every voxel: distances that are exact between voxel centers too.

Vector propagation (Danielsson, Comput Graph Image Process 1980): every voxel takes over the nearest point of a neighbor
if it is nearer than its own. Kernels: voxels of an isotropic grid, (z, y, x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled


@compiled
def squared_distance(positions: Any, site: int, z: float, y: float, x: float) -> float:
    """Squared distance of a point from a site."""
    dz, dy, dx = positions[site, 0] - z, positions[site, 1] - y, positions[site, 2] - x
    return dz * dz + dy * dy + dx * dx


@compiled
def _take_over_row(nearest: Any, square: Any, others: Any, positions: Any, z: float, y: float) -> None:
    """Let every voxel of a row consider the site of its neighbor in another row."""
    for x in range(np.uint32(nearest.shape[0])):  # unsigned: spares the kernel the care for negative indices
        other = others[x]
        if other == nearest[x] or other < 0:
            continue
        distance = squared_distance(positions, np.uint32(other), z, y, np.float32(x))
        if distance < square[x]:
            nearest[x] = other
            square[x] = distance


@compiled
def _sweep_row(nearest: Any, square: Any, positions: Any, z: float, y: float, backward: bool) -> None:
    """Let every voxel of a row consider the site of its neighbor before it."""
    count = np.uint32(nearest.shape[0])
    other = nearest[count - np.uint32(1)] if backward else nearest[0]
    for step in range(np.uint32(1), count):
        x = np.uint32(count - np.uint32(1) - step) if backward else step
        own = nearest[x]
        if own != other and other >= 0:
            distance = squared_distance(positions, np.uint32(other), z, y, np.float32(x))
            if distance < square[x]:
                nearest[x] = other
                square[x] = distance
                continue
        other = own


@compiled
def _sweep_slice(nearest: Any, square: Any, positions: Any, z: int, before: int) -> None:
    """Take over from the slice ``before`` (none if negative), then within the slice."""
    rows = nearest.shape[1]
    height = np.float32(z)
    for y in range(rows):
        if before >= 0:
            _take_over_row(nearest[z, y], square[z, y], nearest[before, y], positions, height, np.float32(y))
        if y > 0:
            _take_over_row(nearest[z, y], square[z, y], nearest[z, y - 1], positions, height, np.float32(y))
        _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), False)
        _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), True)
    for y in range(rows - 2, -1, -1):
        _take_over_row(nearest[z, y], square[z, y], nearest[z, y + 1], positions, height, np.float32(y))
        _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), False)
        _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), True)


@compiled
def propagate(nearest: Any, square: Any, positions: Any) -> None:
    """Find the nearest site of every voxel.

    Args:
        nearest: (z, y, x) int32: numbers of sites where they are known, negative elsewhere; completed.
        square: (z, y, x) float32, set to the squared distances; infinite if there are no sites.
        positions: (n, 3) float32 sites.
    """
    nz, ny, nx = nearest.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                site = nearest[z, y, x]
                square[z, y, x] = np.inf if site < 0 else squared_distance(positions, site, z, y, x)
    for z in range(nz):
        _sweep_slice(nearest, square, positions, z, z - 1)
    for z in range(nz - 2, -1, -1):
        _sweep_slice(nearest, square, positions, z, z + 1)
