"""Maximal inscribed spheres: centers between the voxels, each touching the surface at two places at least.

From the surface point nearest to a voxel, a sphere grows along the normal through that voxel until it meets the surface
again (the shrinking-ball principle: Ma, Bae & Choi, Vis Comput 2012). Its center lies on the medial axis, wherever that
runs between voxel centers. Kernels: voxels of an isotropic grid, (z, y, x).

Spheres are worked on in batches, one lane each: what is known of a batch lies in rows of ``BATCH`` numbers, so that the
compiler turns the loops over lanes into vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled, compiled_with
from CTSMALib.morphometry.trabecular.nearest_sites import BATCH, CORNER, NORMAL, SITE_X, SITE_Y, gather_sites, normal_to

LOOK_AHEAD = 1.5  # voxels
GROWTH = 0.75  # a distance that grows slower than this per voxel along its own direction has passed the medial axis
SPARSE = (2.5, 5.0)  # voxels; so far from the surface every second, every fourth voxel sees all of the medial axis
ITERATIONS = 12
STEPS = (0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.0)  # voxels; the last position is looked at, too
CONVERGED = 2e-2  # voxels

# Rows of a batch, given by their first lane. Unsigned: spares the kernels the care for negative indices. Row 0 is Z.
SIZE = np.uint32(BATCH)
ROWS = np.uint32(14)
Y, X = np.uint32(BATCH), np.uint32(2 * BATCH)
# While spheres shrink: the foot, the direction ahead, the contact (infinite if none), and the lane begun in.
AHEAD_Z, AHEAD_Y, AHEAD_X, RADIUS, SMALLER, CONTACT_Z, CONTACT_Y, CONTACT_X, START, LONGEST, NUMBER = (
    np.uint32(BATCH * row) for row in range(3, 14)
)
# While they are centered: the position, the best one so far, and what is nearest.
BEST, BEST_Z, BEST_Y, BEST_X, CLEAR, LENGTH, AWAY_Z, AWAY_Y, AWAY_X = (np.uint32(BATCH * row) for row in range(3, 12))


@compiled
def _still_grows(square: Any, z: int, y: int, x: int, direction: Any, distance: float) -> bool:
    """Whether the distance from the surface still grows ahead of a voxel: then its sphere is not maximal."""
    az, ay, ax = direction
    zz, yy, xx = int(np.rint(z + LOOK_AHEAD * az)), int(np.rint(y + LOOK_AHEAD * ay)), int(np.rint(x + LOOK_AHEAD * ax))
    nz, ny, nx = square.shape
    if zz < 0 or yy < 0 or xx < 0 or zz >= nz or yy >= ny or xx >= nx:
        return False
    least = distance + GROWTH * ((zz - z) * az + (yy - y) * ay + (xx - x) * ax)
    return square[np.uint32(zz), np.uint32(yy), np.uint32(xx)] >= least * least


@compiled_with(inline="always")
def _radius_to(way: Any, ahead: Any, normal: Any, side: float) -> float:
    """Radius of the sphere that touches its foot and a site: the point, or the plane through it if that is nearer.

    The sites are samples: a sphere between them would reach through a flat surface, and a plane through a curved one.

    Args:
        way: (z, y, x) from the foot to the site.
        ahead: (z, y, x) from the foot to the center, of length one.
        normal: of the site, 127 times its components.
        side: as in :func:`collect_spheres`.
    """
    wz, wy, wx = way
    az, ay, ax = ahead
    nz, ny, nx = normal[0] / 127.0, normal[1] / 127.0, normal[2] / 127.0
    along = wz * az + wy * ay + wx * ax
    point = (wz * wz + wy * wy + wx * wx) / (2.0 * along)
    height = -(wz * nz) - wy * ny - wx * nx
    slope = az * nz + ay * ny + ax * nx
    plane = height / (1.0 - slope)
    chosen = plane if side > 0.0 else 0.5 * (plane + point)
    radius = chosen if (height > 0.0) & (slope < 0.0) & (plane < point) else point
    return radius if along > 1e-6 else np.inf


@compiled
def _shrink(batch: Any, around: Any, side: float, count: Any) -> None:
    """Shrink the spheres in the first lanes to what the sites around their centers leave."""
    for lane in range(count):
        batch[lane + SMALLER] = batch[lane + RADIUS]
    for corner in range(np.uint32(8)):
        first = np.uint32(corner * CORNER)
        for lane in range(count):
            fz, fy, fx = batch[lane], batch[lane + Y], batch[lane + X]
            az, ay, ax = batch[lane + AHEAD_Z], batch[lane + AHEAD_Y], batch[lane + AHEAD_X]
            at = lane + first
            sz, sy, sx = np.float64(around[at]), np.float64(around[at + SITE_Y]), np.float64(around[at + SITE_X])
            normal = normal_to(np.float64(around[at + NORMAL]), side)
            limit = _radius_to((sz - fz, sy - fy, sx - fx), (az, ay, ax), normal, side)
            radius, least = batch[lane + RADIUS], batch[lane + SMALLER]
            dz, dy, dx = sz - (fz + radius * az), sy - (fy + radius * ay), sx - (fx + radius * ax)
            smaller = (limit < least) & (dz * dz + dy * dy + dx * dx <= (radius + 0.5) * (radius + 0.5))
            batch[lane + SMALLER] = limit if smaller else least
            batch[lane + CONTACT_Z] = sz if smaller else batch[lane + CONTACT_Z]
            batch[lane + CONTACT_Y] = sy if smaller else batch[lane + CONTACT_Y]
            batch[lane + CONTACT_X] = sx if smaller else batch[lane + CONTACT_X]


@compiled
def _finish(batch: Any, lane: Any, found: Any) -> None:
    """Set the sphere found from a lane: center (z, y, x), radius, and cosine of the angle between its two contacts.

    The radius is negative if there is none: it still grows beyond the reach of the look ahead.
    """
    index = np.uint32(batch[lane + NUMBER])
    radius = batch[lane + RADIUS]
    az, ay, ax = batch[lane + AHEAD_Z], batch[lane + AHEAD_Y], batch[lane + AHEAD_X]
    z, y, x = batch[lane] + radius * az, batch[lane + Y] + radius * ay, batch[lane + X] + radius * ax
    cosine = -1.0
    if batch[lane + CONTACT_Z] < np.inf:
        wz, wy, wx = batch[lane + CONTACT_Z] - z, batch[lane + CONTACT_Y] - y, batch[lane + CONTACT_X] - x
        cosine = (-(wz * az) - wy * ay - wx * ax) / np.sqrt(1e-12 + wz * wz + wy * wy + wx * wx)
    elif batch[lane + START] < batch[lane + LONGEST]:
        radius = -1.0
    found[index, 0], found[index, 1], found[index, 2], found[index, 3], found[index, 4] = z, y, x, radius, cosine


@compiled
def _solve(nearest: Any, sites: Any, side: float, batch: Any, around: Any, count: int, found: Any) -> None:
    """Shrink the spheres of a batch until they change no more."""
    left: Any = np.uint32(count)
    for iteration in range(ITERATIONS):
        for lane in range(left):
            radius = batch[lane + RADIUS]
            z, y = batch[lane] + radius * batch[lane + AHEAD_Z], batch[lane + Y] + radius * batch[lane + AHEAD_Y]
            gather_sites(nearest, sites, z, y, batch[lane + X] + radius * batch[lane + AHEAD_X], around, lane)
        _shrink(batch, around, side, np.uint32((left + np.uint32(7)) & np.uint32(0xFFFFFFF8)))  # whole vectors
        last = left
        for step in range(last):
            place: Any = np.uint32(last - np.uint32(1) - step)
            done = batch[place + SMALLER] > batch[place + RADIUS] - CONVERGED
            batch[place + RADIUS] = batch[place + SMALLER]
            if done or iteration == ITERATIONS - 1:
                _finish(batch, place, found)
                left = np.uint32(left - np.uint32(1))
                for row in range(ROWS):  # the last lane takes its place
                    batch[place + row * SIZE] = batch[left + row * SIZE]
        if left == 0:
            break


@compiled
def _longest_way(length: int, foot: float, direction: float) -> float:
    """How far a center may move along the direction before it leaves the image along one axis."""
    if direction > 1e-9:
        return (length - 1 - foot) / direction
    return -foot / direction if direction < -1e-9 else np.inf


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
def _begin(square: Any, sites: Any, side: float, site: Any, z: int, y: int, x: int, batch: Any, lane: Any) -> bool:
    """Put the sphere that a voxel sees into a lane, before it shrinks; whether there is one."""
    distance = np.float64(np.sqrt(square[z, y, x]))
    if distance < 0.05 or _is_left_out(z, y, x, distance):
        return False
    fz, fy, fx = np.float64(sites[site, 0]), np.float64(sites[site, 1]), np.float64(sites[site, 2])
    ahead = ((z - fz) / distance, (y - fy) / distance, (x - fx) / distance)
    if _still_grows(square, z, y, x, ahead, distance):
        return False
    if side != 0.0:
        nz, ny, nx = normal_to(np.float64(sites[site, 3]), side)
        ahead = (nz / 127.0, ny / 127.0, nx / 127.0)
    az, ay, ax = ahead
    nz, ny, nx = square.shape
    longest = min(min(_longest_way(nz, fz, az), _longest_way(ny, fy, ay)), _longest_way(nx, fx, ax))
    start = min(1.2 * distance + 2.5, longest)
    batch[lane], batch[lane + Y], batch[lane + X] = fz, fy, fx
    batch[lane + AHEAD_Z], batch[lane + AHEAD_Y], batch[lane + AHEAD_X] = az, ay, ax
    batch[lane + RADIUS], batch[lane + START], batch[lane + LONGEST] = start, start, longest
    batch[lane + CONTACT_Z], batch[lane + NUMBER] = np.inf, lane
    return start >= 0.1


@compiled
def collect_spheres(
    fraction: Any, phase: int, nearest: Any, square: Any, sites: Any, side: float, first: int, cells: Any, out: Any
) -> int:
    """Maximal spheres whose medial axis is seen from a slab of slices.

    Args:
        fraction: (z, y, x) float32.
        phase: 1 bone, 0 marrow, 2 both.
        nearest: (z, y, x) int32 numbers of the nearest sites.
        square: (z, y, x) float32 squared distances from them.
        sites: (n, 4) float32, as :func:`find_sites` leaves them.
        side: 1 if the normals point into the phase, -1 if out of it, 0 to leave them aside.
        first: first slice of the slab.
        cells: (thickness + 8, y + 1, x + 1) int32 work space, all negative; left so.
        out: (m, 5) float32, set to the spheres.

    Returns:
        The number of spheres.
    """
    nz, ny, nx = nearest.shape
    batch, around, found = np.zeros(ROWS * SIZE), np.zeros(8 * CORNER, np.float32), np.empty((BATCH, 5))
    count = 0
    lane = np.uint32(0)
    for z in range(first, min(first + cells.shape[0] - 8, nz)):
        for y in range(ny):
            for x in range(nx):
                if phase < 2 and (fraction[z, y, x] > 0.5) != (phase == 1):
                    continue
                if _begin(square, sites, side, np.uint32(nearest[z, y, x]), z, y, x, batch, lane):
                    lane = np.uint32(lane + np.uint32(1))
                    if lane == SIZE:
                        _solve(nearest, sites, side, batch, around, lane, found)
                        count = _keep(found, lane, first, cells, out, count)
                        lane = np.uint32(0)
    _solve(nearest, sites, side, batch, around, lane, found)
    count = _keep(found, lane, first, cells, out, count)
    cells[:] = -1
    return count


@compiled
def _keep(found: Any, lanes: Any, first: int, cells: Any, out: Any, count: int) -> int:
    """Keep those spheres that are the largest of their cell; the number of spheres kept."""
    for index in range(lanes):
        if found[index, 3] < 0.0:
            continue
        size = _cell_size(found[index, 3])
        z = (int(np.rint(found[index, 0])) // size) * size - first + 4
        y = (int(np.rint(found[index, 1])) // size) * size
        x = (int(np.rint(found[index, 2])) // size) * size
        z = min(max(z, 0), cells.shape[0] - 1)
        y = min(max(y, 0), cells.shape[1] - 1)
        x = min(max(x, 0), cells.shape[2] - 1)
        slot = cells[z, y, x]
        if slot < 0:
            if count >= out.shape[0]:
                continue
            cells[z, y, x] = count
            slot = count
            count += 1
        elif out[slot, 3] >= found[index, 3]:
            continue
        for part in range(5):
            out[slot, part] = found[index, part]
    return count


@compiled
def _move(batch: Any, around: Any, side: float, step: float) -> None:
    """Note the radii at the positions, and move these away from the nearest site."""
    for lane in range(SIZE):
        batch[lane + CLEAR] = np.inf
    for corner in range(np.uint32(8)):
        first = np.uint32(corner * CORNER)
        for lane in range(SIZE):
            at = lane + first
            dz = batch[lane] - around[at]
            dy = batch[lane + Y] - around[at + SITE_Y]
            dx = batch[lane + X] - around[at + SITE_X]
            nz, ny, nx = normal_to(np.float64(around[at + NORMAL]), side)
            point = np.sqrt(dz * dz + dy * dy + dx * dx)
            height = dz * nz / 127.0 + dy * ny / 127.0 + dx * nx / 127.0
            plane = height if side > 0.0 else 0.5 * (height + point)
            clear = plane if (height > 0.0) & (height < point) else point
            nearer = clear < batch[lane + CLEAR]
            batch[lane + CLEAR] = clear if nearer else batch[lane + CLEAR]
            batch[lane + LENGTH] = point if nearer else batch[lane + LENGTH]
            batch[lane + AWAY_Z] = dz if nearer else batch[lane + AWAY_Z]
            batch[lane + AWAY_Y] = dy if nearer else batch[lane + AWAY_Y]
            batch[lane + AWAY_X] = dx if nearer else batch[lane + AWAY_X]
    for lane in range(SIZE):
        z, y, x = batch[lane], batch[lane + Y], batch[lane + X]
        length = batch[lane + LENGTH] + 1e-12
        batch[lane] = z + step * (batch[lane + AWAY_Z] / length)
        batch[lane + Y] = y + step * (batch[lane + AWAY_Y] / length)
        batch[lane + X] = x + step * (batch[lane + AWAY_X] / length)
        larger = batch[lane + CLEAR] > batch[lane + BEST]
        batch[lane + BEST] = batch[lane + CLEAR] if larger else batch[lane + BEST]
        batch[lane + BEST_Z] = z if larger else batch[lane + BEST_Z]
        batch[lane + BEST_Y] = y if larger else batch[lane + BEST_Y]
        batch[lane + BEST_X] = x if larger else batch[lane + BEST_X]


@compiled
def center_spheres(spheres: Any, nearest: Any, sites: Any, side: float) -> None:
    """Move the centers of spheres to where they are largest nearby, and set their radii to the distance there.

    Args: as in :func:`collect_spheres`.
    """
    batch, around = np.zeros(ROWS * SIZE), np.zeros(8 * CORNER, np.float32)
    for first in range(0, spheres.shape[0], BATCH):
        lanes = np.uint32(min(BATCH, spheres.shape[0] - first))
        for lane in range(lanes):
            index = np.uint32(first) + lane
            batch[lane], batch[lane + Y], batch[lane + X] = spheres[index, 0], spheres[index, 1], spheres[index, 2]
            batch[lane + BEST] = -1.0
        for step in STEPS:
            for lane in range(lanes):
                gather_sites(nearest, sites, batch[lane], batch[lane + Y], batch[lane + X], around, lane)
            _move(batch, around, side, step)
        for lane in range(lanes):
            index = np.uint32(first) + lane
            spheres[index, 0], spheres[index, 1] = batch[lane + BEST_Z], batch[lane + BEST_Y]
            spheres[index, 2], spheres[index, 3] = batch[lane + BEST_X], batch[lane + BEST]
