"""Points on the bone surface, found between voxel centers: one per voxel next to the surface.

The surface is sought along the axis nearest to its normal. Where the partial volumes of that column end in pure bone
and pure marrow, their sum is the height of the surface (the height functions of volume-of-fluid methods, exact for a
plane: Cummins, Francois & Kothe, Comput Struct 2005); elsewhere it is where the fraction, interpolated linearly, is one
half. The tangent plane there is carried to the voxel. Kernels: voxels of an isotropic grid, (z, y, x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled

NO_SITE = -1
PURE = 0.03  # a voxel that is this close to 0 or 1 is pure
COLUMN = 3  # voxels beyond the two next to the surface that a sum may extend to, on each side


@compiled
def _at(fraction: Any, z: int, y: int, x: int) -> float:
    """The fraction, that of the border beyond it."""
    nz, ny, nx = fraction.shape
    return fraction[
        np.uint32(min(max(z, 0), nz - 1)), np.uint32(min(max(y, 0), ny - 1)), np.uint32(min(max(x, 0), nx - 1))
    ]


@compiled
def _is_at_surface(fraction: Any, z: int, y: int, x: int) -> bool:
    nz, ny, nx = fraction.shape
    inside = fraction[z, y, x] > 0.5
    return (
        (z + 1 < nz and (fraction[z + 1, y, x] > 0.5) != inside)
        or (z > 0 and (fraction[z - 1, y, x] > 0.5) != inside)
        or (y + 1 < ny and (fraction[z, y + 1, x] > 0.5) != inside)
        or (y > 0 and (fraction[z, y - 1, x] > 0.5) != inside)
        or (x + 1 < nx and (fraction[z, y, x + 1] > 0.5) != inside)
        or (x > 0 and (fraction[z, y, x - 1] > 0.5) != inside)
    )


@compiled
def _gradient(fraction: Any, z: int, y: int, x: int, gradient: Any) -> None:
    """Set the gradient: central differences, averaged over the 3 x 3 columns with weights 1 2 1."""
    gradient[:] = 0.0
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                value = _at(fraction, z + dz, y + dy, x + dx)
                wz, wy, wx = 2.0 - abs(dz), 2.0 - abs(dy), 2.0 - abs(dx)
                gradient[0] += dz * wy * wx * value
                gradient[1] += dy * wz * wx * value
                gradient[2] += dx * wz * wy * value


@compiled
def _height(fraction: Any, z: int, y: int, x: int, dz: int, dy: int, dx: int) -> float:
    """Distance from a voxel's center to the surface, in a direction in which the next voxel lies beyond it."""
    own = _at(fraction, z, y, x)
    beyond = _at(fraction, z + dz, y + dy, x + dx)
    sign = 1.0 if own > 0.5 else -1.0
    total = 0.5 + sign * (own - 0.5)  # as if this voxel's side were bone
    first = 0
    value = total
    while value < 1.0 - PURE:
        first -= 1
        before = 0.5 + sign * (_at(fraction, z + first * dz, y + first * dy, x + first * dx) - 0.5)
        if first < -COLUMN or before < value - PURE:
            return (own - 0.5) / (own - beyond)
        value = before
        total += value
    last = 1
    value = 0.5 + sign * (beyond - 0.5)
    total += value
    while value > PURE:
        last += 1
        after = 0.5 + sign * (_at(fraction, z + last * dz, y + last * dy, x + last * dx) - 0.5)
        if last > COLUMN + 1 or after > value + PURE:
            return (own - 0.5) / (own - beyond)
        value = after
        total += value
    return first - 0.5 + total


@compiled
def _site(fraction: Any, z: int, y: int, x: int, normal: Any, position: Any) -> None:
    """Set the unit normal into the bone and the site of a voxel at the surface."""
    inside = fraction[z, y, x] > 0.5
    _gradient(fraction, z, y, x, normal)
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    if length > 1e-9:
        normal /= length
    nearest, slope = 2.0, -1.0
    axis, sign = 0, 1
    for a in range(3):
        for s in (-1, 1):
            dz, dy, dx = s * (a == 0), s * (a == 1), s * (a == 2)
            if (_at(fraction, z + dz, y + dy, x + dx) > 0.5) != inside and abs(normal[a]) >= slope - 1e-6:
                height = _height(fraction, z, y, x, dz, dy, dx)
                if abs(normal[a]) > slope + 1e-6 or height < nearest:
                    nearest, slope, axis, sign = height, abs(normal[a]), a, s
    toward = -1.0 if inside else 1.0  # from this voxel the surface lies against the normal if it is in bone
    if normal[axis] * sign * toward <= 0.1:  # the gradient misses a structure of one voxel: the axis is the normal
        normal[:] = 0.0
        normal[axis] = sign * toward
    position[0], position[1], position[2] = z, y, x
    for a in range(3):
        position[a] += nearest * sign * normal[axis] * normal[a]


@compiled
def count_sites(fraction: Any) -> int:
    """Number of voxels next to the surface."""
    nz, ny, nx = fraction.shape
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if _is_at_surface(fraction, z, y, x):
                    count += 1
    return count


@compiled
def find_sites(fraction: Any, nearest: Any, sites: Any) -> None:
    """Find the sites.

    Args:
        fraction: (z, y, x) float32.
        nearest: (z, y, x) int32, set to the number of each voxel's own site, :data:`NO_SITE` elsewhere.
        sites: (n, 4) float32, set to the sites, and their unit normals into the bone in one number: 127 times the
            components, rounded, are its digits to base 256.
    """
    nz, ny, nx = fraction.shape
    normal, position = np.empty(3), np.empty(3)
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if not _is_at_surface(fraction, z, y, x):
                    nearest[z, y, x] = NO_SITE
                    continue
                _site(fraction, z, y, x, normal, position)
                for axis in range(3):
                    sites[count, axis] = position[axis]
                    normal[axis] = np.rint(127.0 * normal[axis])
                sites[count, 3] = 65536.0 * normal[0] + 256.0 * normal[1] + normal[2]
                nearest[z, y, x] = count
                count += 1
