"""Maximal inscribed spheres: centers between the voxels, each touching the surface at two places at least.

From the surface point nearest to a voxel, a sphere grows along the normal through that voxel until it meets the surface
again (the shrinking-ball principle: Ma, Bae & Choi, Vis Comput 2012). Its center lies on the medial axis, wherever that
runs between voxel centers. Kernels: voxels of an isotropic grid, (z, y, x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled
from CTSMALib.morphometry.trabecular.nearest_sites import squared_distance

LOOK_AHEAD = 1.5  # voxels
GROWTH = 0.75  # a distance that grows slower than this per voxel along its own direction has passed the medial axis
SPARSE = (2.5, 5.0)  # voxels; so far from the surface every second, every fourth voxel sees all of the medial axis
ITERATIONS = 12
STEPS = (0.3, 0.2, 0.15, 0.1, 0.07, 0.05)
CONVERGED = 2e-2  # voxels


@compiled
def _still_grows(square: Any, center: Any, direction: Any, distance: float) -> bool:
    """Whether the distance from the surface still grows ahead of a voxel: then its sphere is not maximal."""
    z = int(np.rint(center[0] + LOOK_AHEAD * direction[0]))
    y = int(np.rint(center[1] + LOOK_AHEAD * direction[1]))
    x = int(np.rint(center[2] + LOOK_AHEAD * direction[2]))
    nz, ny, nx = square.shape
    if z < 0 or y < 0 or x < 0 or z >= nz or y >= ny or x >= nx:
        return False
    way = (z - center[0]) * direction[0] + (y - center[1]) * direction[1] + (x - center[2]) * direction[2]
    least = distance + GROWTH * way
    return square[z, y, x] >= least * least


@compiled
def _radius_to(foot: Any, direction: Any, positions: Any, normals: Any, side: float, site: int) -> float:
    """Radius of the sphere that touches ``foot`` and a site: the point, or the plane through it if that is nearer.

    The sites are samples: a sphere between them would reach through a flat surface, and a plane through a curved one.
    """
    square, along, height, slope = 0.0, 0.0, 0.0, 0.0
    for axis in range(3):
        way = positions[site, axis] - foot[axis]
        square += way * way
        along += way * direction[axis]
        normal = side * normals[site, axis] / 127.0
        height -= way * normal
        slope += direction[axis] * normal
    if along <= 1e-6:
        return np.inf
    radius = square / (2.0 * along)
    if side != 0.0 and height > 0.0 and slope < 0.0:
        plane = height / (1.0 - slope)
        if plane < radius:
            radius = plane if side > 0.0 else 0.5 * (plane + radius)
    return radius


@compiled
def _shrink_once(
    nearest: Any, positions: Any, normals: Any, side: float, foot: Any, direction: Any, radius: float, contact: Any
) -> tuple[float, int]:
    """The radius left by the sites around the sphere's center, and the site that limits it (``contact`` if none)."""
    nz, ny, nx = nearest.shape
    z = foot[0] + radius * direction[0]
    y = foot[1] + radius * direction[1]
    x = foot[2] + radius * direction[2]
    z0 = min(max(int(np.floor(z)), 0), max(nz - 2, 0))
    y0 = min(max(int(np.floor(y)), 0), max(ny - 2, 0))
    x0 = min(max(int(np.floor(x)), 0), max(nx - 2, 0))
    smallest = radius
    last: Any = np.int64(-1)
    for zz in range(np.uint32(z0), np.uint32(min(z0 + 2, nz))):
        for yy in range(np.uint32(y0), np.uint32(min(y0 + 2, ny))):
            for xx in range(np.uint32(x0), np.uint32(min(x0 + 2, nx))):
                site = np.uint32(nearest[zz, yy, xx])
                if site == last:
                    continue
                last = site
                if squared_distance(positions, site, z, y, x) > (radius + 0.5) ** 2:
                    continue
                limit = _radius_to(foot, direction, positions, normals, side, site)
                if limit < smallest:
                    smallest = limit
                    contact = np.int64(site)
    return smallest, contact


@compiled
def _clearance(nearest: Any, positions: Any, normals: Any, side: float, center: Any, away: Any) -> float:
    """Distance of a point from the surface; ``away`` is set to the direction from the nearest site."""
    nz, ny, nx = nearest.shape
    z0 = min(max(int(np.floor(center[0])), 0), max(nz - 2, 0))
    y0 = min(max(int(np.floor(center[1])), 0), max(ny - 2, 0))
    x0 = min(max(int(np.floor(center[2])), 0), max(nx - 2, 0))
    smallest = np.inf
    chosen: Any = np.uint32(0)
    last: Any = np.int64(-1)
    for zz in range(np.uint32(z0), np.uint32(min(z0 + 2, nz))):
        for yy in range(np.uint32(y0), np.uint32(min(y0 + 2, ny))):
            for xx in range(np.uint32(x0), np.uint32(min(x0 + 2, nx))):
                site = np.uint32(nearest[zz, yy, xx])
                if site == last:
                    continue
                last = site
                point = np.sqrt(squared_distance(positions, site, center[0], center[1], center[2]))
                clear = point
                if side != 0.0:
                    height = 0.0
                    for axis in range(3):
                        height += (center[axis] - positions[site, axis]) * side * normals[site, axis] / 127.0
                    if 0.0 < height < point:
                        clear = height if side > 0.0 else 0.5 * (height + point)
                if clear < smallest:
                    smallest = clear
                    chosen = site
    length = 1e-12 + np.sqrt(squared_distance(positions, chosen, center[0], center[1], center[2]))
    for axis in range(3):
        away[axis] = (center[axis] - positions[chosen, axis]) / length
    return smallest


@compiled
def center_spheres(spheres: Any, nearest: Any, positions: Any, normals: Any, side: float) -> None:
    """Move the centers of spheres to where they are largest nearby, and set their radii to the distance there.

    Args: as in :func:`collect_spheres`.
    """
    sphere, away, trial = np.empty(3), np.empty(3), np.empty(3)
    for index in range(spheres.shape[0]):
        for axis in range(3):
            sphere[axis] = spheres[index, axis]
        spheres[index, 3] = _centered(nearest, positions, normals, side, sphere, away, trial)
        for axis in range(3):
            spheres[index, axis] = sphere[axis]


@compiled
def _centered(nearest: Any, positions: Any, normals: Any, side: float, sphere: Any, away: Any, trial: Any) -> float:
    """Move a center away from what it is nearest to, where that makes the sphere larger; its radius."""
    best = _clearance(nearest, positions, normals, side, sphere, away)
    trial[:] = sphere[:3]
    for step in STEPS:
        for axis in range(3):
            trial[axis] += step * away[axis]
        clear = _clearance(nearest, positions, normals, side, trial, away)
        if clear > best:
            best = clear
            sphere[:3] = trial
    return best


@compiled
def _longest_way(shape: Any, foot: Any, direction: Any) -> float:
    """How far a center may move along the direction before it leaves the image."""
    longest = np.inf
    for axis in range(3):
        if direction[axis] > 1e-9:
            longest = min(longest, (shape[axis] - 1 - foot[axis]) / direction[axis])
        elif direction[axis] < -1e-9:
            longest = min(longest, -foot[axis] / direction[axis])
    return longest


@compiled
def _maximal_sphere(
    nearest: Any, positions: Any, normals: Any, side: float, foot: Any, direction: Any, distance: float, sphere: Any
) -> bool:
    """Set ``sphere`` to center (z, y, x), radius, and cosine of the angle between its two contacts.

    Returns:
        Whether there is one: not if it still grows beyond the reach of the look ahead.
    """
    longest = _longest_way(nearest.shape, foot, direction)
    start = min(1.2 * distance + 2.5, longest)
    if start < 0.1:
        return False
    contact: Any = np.int64(-1)
    radius = start
    for _ in range(ITERATIONS):
        smaller, contact = _shrink_once(nearest, positions, normals, side, foot, direction, radius, contact)
        done = smaller > radius - CONVERGED
        radius = smaller
        if done:
            break
    if contact < 0 and start < longest:
        return False
    cosine, length = 0.0, 1e-12
    for axis in range(3):
        sphere[axis] = foot[axis] + radius * direction[axis]
        if contact >= 0:
            way = positions[contact, axis] - sphere[axis]
            cosine -= way * direction[axis]
            length += way * way
    sphere[3] = radius
    sphere[4] = cosine / np.sqrt(length) if contact >= 0 else -1.0
    return True


@compiled
def _cell_size(radius: float) -> int:
    """Edge of the cells of which only the largest sphere is kept: what they leave uncovered is below 0.2 voxels."""
    if radius < 3.0:
        return 1
    if radius < 8.0:
        return 2
    return 3 if radius < 20.0 else max(5, int(radius / 6.0))


@compiled
def _is_left_out(z: int, y: int, x: int, distance: float) -> bool:
    if distance > SPARSE[1]:
        return (z + y) % 2 != 0 or (y + x) % 2 != 0
    return distance > SPARSE[0] and (z + y + x) % 2 != 0


@compiled
def collect_spheres(
    fraction: Any,
    phase: int,
    nearest: Any,
    square: Any,
    positions: Any,
    normals: Any,
    side: float,
    first: int,
    cells: Any,
    out: Any,
) -> int:
    """Maximal spheres whose medial axis is seen from a slab of slices.

    Args:
        fraction: (z, y, x) float32.
        phase: 1 bone, 0 marrow, 2 both.
        nearest: (z, y, x) int32 numbers of the nearest sites.
        square: (z, y, x) float32 squared distances from them.
        positions: (n, 3) float32 sites.
        normals: (n, 3) int8 normals into the bone, as :func:`find_sites` leaves them.
        side: 1 if the normals point into the phase, -1 if out of it, 0 to leave them aside.
        first: first slice of the slab.
        cells: (thickness + 8, y + 1, x + 1) int32 work space, all negative; left so.
        out: (m, 5) float32, set to the spheres.

    Returns:
        The number of spheres.
    """
    nz, ny, nx = nearest.shape
    last = min(first + cells.shape[0] - 8, nz)
    center, direction, foot, sphere = np.empty(3), np.empty(3), np.empty(3), np.empty(5)
    count = 0
    for z in range(first, last):
        for y in range(ny):
            for x in range(nx):
                if phase < 2 and (fraction[z, y, x] > 0.5) != (phase == 1):
                    continue
                site = nearest[z, y, x]
                distance = np.sqrt(square[z, y, x])
                if distance < 0.05 or _is_left_out(z, y, x, distance):
                    continue
                center[0], center[1], center[2] = z, y, x
                for axis in range(3):
                    foot[axis] = positions[site, axis]
                    direction[axis] = (center[axis] - foot[axis]) / distance
                if _still_grows(square, center, direction, distance):
                    continue
                if side != 0.0:
                    for axis in range(3):
                        direction[axis] = side * normals[site, axis] / 127.0
                if _maximal_sphere(nearest, positions, normals, side, foot, direction, distance, sphere):
                    count = _keep(sphere, first, cells, out, count)
    cells[:] = -1
    return count


@compiled
def _keep(sphere: Any, first: int, cells: Any, out: Any, count: int) -> int:
    """Keep a sphere if it is the largest of its cell; the number of spheres kept."""
    size = _cell_size(sphere[3])
    z = (int(np.rint(sphere[0])) // size) * size - first + 4
    y = (int(np.rint(sphere[1])) // size) * size
    x = (int(np.rint(sphere[2])) // size) * size
    z = min(max(z, 0), cells.shape[0] - 1)
    y = min(max(y, 0), cells.shape[1] - 1)
    x = min(max(x, 0), cells.shape[2] - 1)
    slot = cells[z, y, x]
    if slot < 0:
        if count >= out.shape[0]:
            return count
        cells[z, y, x] = count
        slot = count
        count += 1
    elif out[slot, 3] >= sphere[3]:
        return count
    for part in range(5):
        out[slot, part] = sphere[part]
    return count
