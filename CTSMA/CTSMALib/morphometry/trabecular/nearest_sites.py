"""The nearest of many points, for every voxel: distances that are exact between voxel centers too.

Vector propagation (Danielsson, Comput Graph Image Process 1980): every voxel takes over the nearest point of a neighbor
if it is nearer than its own. Kernels: voxels of an isotropic grid, (z, y, x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled, compiled_with

BATCH = 32  # points worked on at a time, one lane each
# rows of what surrounds them, given by their first lane; one corner of the voxels around a point fills four rows
SITE_Y, SITE_X, NORMAL, CORNER = (np.uint32(BATCH * row) for row in range(1, 5))


@compiled
def squared_distance(positions: Any, site: int, z: float, y: float, x: float) -> float:
    """Squared distance of a point from a site."""
    dz, dy, dx = positions[site, 0] - z, positions[site, 1] - y, positions[site, 2] - x
    return dz * dz + dy * dy + dx * dx


@compiled
def gather_sites(nearest: Any, sites: Any, z: float, y: float, x: float, around: Any, lane: Any) -> None:
    """Copy the nearest sites of the eight voxels around a point into a lane.

    Args:
        nearest: (z, y, x) int32 numbers of the nearest sites.
        sites: (n, 4) float32, as :func:`~...surface_sites.find_sites` leaves them.
        z: of the point.
        y: of the point.
        x: of the point.
        around: (8 * CORNER,) float32 work space.
        lane: below ``BATCH``.
    """
    nz, ny, nx = nearest.shape
    z0 = min(max(int(np.floor(z)), 0), max(nz - 2, 0))
    y0 = min(max(int(np.floor(y)), 0), max(ny - 2, 0))
    x0 = min(max(int(np.floor(x)), 0), max(nx - 2, 0))
    at = lane
    for zz in (np.uint32(z0), np.uint32(min(z0 + 1, nz - 1))):
        for yy in (np.uint32(y0), np.uint32(min(y0 + 1, ny - 1))):
            for xx in (np.uint32(x0), np.uint32(min(x0 + 1, nx - 1))):
                site = np.uint32(nearest[zz, yy, xx])
                around[at] = sites[site, 0]
                around[at + SITE_Y] = sites[site, 1]
                around[at + SITE_X] = sites[site, 2]
                around[at + NORMAL] = sites[site, 3]
                at += CORNER


@compiled_with(inline="always")
def normal_to(code: Any, side: float) -> Any:
    """The normal of a site as it is kept there, toward the side of the spheres: 127 times its components."""
    z = np.rint(code / 65536.0)
    code = code - 65536.0 * z
    y = np.rint(code / 256.0)
    return side * z, side * y, side * (code - 256.0 * y)


@compiled
def _take_over_row(nearest: Any, square: Any, others: Any, positions: Any, z: float, y: float) -> bool:
    """Let every voxel of a row consider the site of its neighbor in another row; whether any was taken over."""
    changed = False
    for x in range(np.uint32(nearest.shape[0])):  # unsigned: spares the kernel the care for negative indices
        other = others[x]
        if other == nearest[x] or other < 0:
            continue
        distance = squared_distance(positions, np.uint32(other), z, y, np.float32(x))
        if distance < square[x]:
            nearest[x] = other
            square[x] = distance
            changed = True
    return changed


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
        # else the sweeps would repeat the last ones
        if _take_over_row(nearest[z, y], square[z, y], nearest[z, y + 1], positions, height, np.float32(y)):
            _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), False)
            _sweep_row(nearest[z, y], square[z, y], positions, height, np.float32(y), True)


@compiled
def propagate(nearest: Any, square: Any, positions: Any) -> None:
    """Find the nearest site of every voxel.

    Args:
        nearest: (z, y, x) int32: numbers of sites where they are known, negative elsewhere; completed.
        square: (z, y, x) float32, set to the squared distances; infinite if there are no sites.
        positions: (n, 3 or more) float32, sites first.
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
