"""Painting spheres: every voxel is given the radius of the largest sphere that contains it.

Kernels: voxels of an isotropic grid, (z, y, x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled

LEAST_RADIUS = 0.25  # voxels; of what is thinner than any sphere between voxel centers


WORD = np.uint32(64)  # voxels of a row noted in one number
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def _is_open(still_open: Any, z: Any, y: Any, first: Any, last: Any, close: bool) -> bool:
    """Whether any voxel of a stretch of a row is not yet painted; ``close`` notes that all are from now on."""
    found = False
    start, end = np.uint32(first // WORD), np.uint32(last // WORD)
    for word in range(start, np.uint32(end + np.uint32(1))):
        stretch = ALL
        if word == start:
            stretch = ALL << np.uint64(first % WORD)
        if word == end:
            stretch &= ALL >> np.uint64(WORD - np.uint32(1) - last % WORD)
        known = still_open[z, y, word]
        if known & stretch:
            found = True
            if close:
                still_open[z, y, word] = known & ~stretch
    return found


@compiled
def _open_between(spheres: Any, still_open: Any, fraction: Any, phase: int, nz: int) -> None:
    """Note as not yet painted what spheres may reach, but for voxels that are cleared later."""
    low, high = nz, 0
    for index in range(spheres.shape[0]):
        low = min(low, max(int(np.floor(spheres[index, 0] - spheres[index, 3])), 0))
        high = max(high, min(int(np.ceil(spheres[index, 0] + spheres[index, 3])) + 1, nz))
    still_open[low:high] = ALL
    if phase == 2:
        return
    for z in range(low, high):
        for y in range(fraction.shape[1]):
            for x in range(np.uint32(fraction.shape[2])):
                if (fraction[z, y, x] > 0.5) != (phase == 1):
                    still_open[z, y, x // WORD] &= ~(np.uint64(1) << np.uint64(x % WORD))


@compiled
def paint_spheres(spheres: Any, fraction: Any, phase: int, still_open: Any, radius: Any) -> None:
    """Set every voxel of a phase to the radius of the largest sphere that contains its center.

    Args:
        spheres: (n, 5) float32, the largest first: what one has painted, those after it pass over.
        fraction: (z, y, x) float32.
        phase: 1 bone, 0 marrow, 2 both; voxels beside it may be painted, too.
        still_open: (z, y, x / 64 + 1) uint64 work space.
        radius: (z, y, x) float32 that is raised where a sphere is larger.
    """
    nz, ny, nx = radius.shape
    _open_between(spheres, still_open, fraction, phase, nz)
    for index in range(spheres.shape[0]):
        cz, cy, cx, r = spheres[index, 0], spheres[index, 1], spheres[index, 2], spheres[index, 3]
        for z in range(np.uint32(max(int(np.ceil(cz - r)), 0)), np.uint32(max(min(int(np.floor(cz + r)) + 1, nz), 0))):
            rest = r * r - (np.int64(z) - cz) * (np.int64(z) - cz)
            if rest <= 0.0:
                continue
            half = np.sqrt(rest)
            left, right = max(int(np.ceil(cx - half)), 0), min(int(np.floor(cx + half)), nx - 1)
            if left > right:
                continue
            widest = np.uint32(left), np.uint32(right)
            low, high = max(int(np.ceil(cy - half)), 0), max(min(int(np.floor(cy + half)) + 1, ny), 0)
            for y in range(np.uint32(low), np.uint32(high)):
                if not _is_open(still_open, z, y, widest[0], widest[1], False):
                    continue  # spares the square root
                rest_row = rest - (np.int64(y) - cy) * (np.int64(y) - cy)
                if rest_row <= 0.0:
                    continue
                reach = np.sqrt(rest_row)
                left, right = max(int(np.ceil(cx - reach)), 0), min(int(np.floor(cx + reach)), nx - 1)
                if left <= right and _is_open(still_open, z, y, np.uint32(left), np.uint32(right), True):
                    for x in range(np.uint32(left), np.uint32(right + 1)):
                        radius[z, y, x] = max(radius[z, y, x], r)


@compiled
def clear_outside(fraction: Any, phase: int, radius: Any) -> None:
    """Set the radius to 0 in voxels of the other phase, which the rims of spheres may have painted.

    Args:
        fraction: (z, y, x) float32.
        phase: 1 bone, 0 marrow.
        radius: (z, y, x) float32.
    """
    nz, ny, nx = radius.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if (fraction[z, y, x] > 0.5) != (phase == 1):
                    radius[z, y, x] = 0.0


@compiled
def paint_spheres_in_bone(spheres: Any, fraction: Any, radius: Any) -> None:
    """:func:`paint_spheres`, but for voxels of bone only; slower for each voxel, and bone is the smaller part."""
    nz, ny, nx = radius.shape
    for index in range(spheres.shape[0]):
        cz, cy, cx, r = spheres[index, 0], spheres[index, 1], spheres[index, 2], spheres[index, 3]
        for z in range(max(int(np.ceil(cz - r)), 0), min(int(np.floor(cz + r)) + 1, nz)):
            for y in range(max(int(np.ceil(cy - r)), 0), min(int(np.floor(cy + r)) + 1, ny)):
                rest = r * r - (z - cz) * (z - cz) - (y - cy) * (y - cy)
                if rest <= 0.0:
                    continue
                reach = np.sqrt(rest)
                for x in range(max(int(np.ceil(cx - reach)), 0), min(int(np.floor(cx + reach)) + 1, nx)):
                    if fraction[z, y, x] > 0.5 and radius[z, y, x] < r:
                        radius[z, y, x] = r


@compiled
def _mean_of_neighbors(fraction: Any, phase: int, radius: Any, z: int, y: int, x: int) -> float:
    nz, ny, nx = radius.shape
    total, count = 0.0, 0
    for zz in range(max(z - 1, 0), min(z + 2, nz)):
        for yy in range(max(y - 1, 0), min(y + 2, ny)):
            for xx in range(max(x - 1, 0), min(x + 2, nx)):
                if radius[zz, yy, xx] > 0.0 and (phase == 2 or (fraction[zz, yy, xx] > 0.5) == (phase == 1)):
                    total += radius[zz, yy, xx]
                    count += 1
    return total / count if count else 0.0


@compiled
def fill_gaps(fraction: Any, phase: int, square: Any, radius: Any) -> None:
    """Give voxels of the phase that no sphere contains the mean of their neighbors: they lie in the rim at the surface.

    Args:
        fraction: (z, y, x) float32.
        phase: 1 bone, 0 marrow, 2 both.
        square: (z, y, x) float32 squared distances from the surface, for voxels without such neighbors.
        radius: (z, y, x) float32, completed.
    """
    nz, ny, nx = radius.shape
    for round in range(2):
        for z in range(nz):
            for y in range(ny):
                for x in range(nx):
                    if radius[z, y, x] == 0.0 and (phase == 2 or (fraction[z, y, x] > 0.5) == (phase == 1)):
                        value = _mean_of_neighbors(fraction, phase, radius, z, y, x)
                        if value == 0.0 and round == 1:
                            value = max(np.sqrt(square[z, y, x]), LEAST_RADIUS)
                        radius[z, y, x] = -value  # negative: not yet a neighbor of others
        for z in range(nz):
            for y in range(ny):
                for x in range(nx):
                    radius[z, y, x] = abs(radius[z, y, x])
