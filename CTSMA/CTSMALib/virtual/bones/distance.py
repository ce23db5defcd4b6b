"""The true distance from a surface that is known as the zero of some smooth function on a lattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled
from CTSMALib.virtual.field import Field

BAND = 1.1  # surface points are found from lattice points this many spacings from the surface
EXACT_MM = 4.0  # farther from the surface, distances are interpolated from a lattice twice as coarse
FAR = 1e9

_NEIGHBORS = np.array([(dz, dy, dx) for dz in (-1, 0, 1) for dy in (-1, 0, 1) for dx in (-1, 0, 1)][:13])


def true_distance(level: Field) -> Field:
    """Signed distance (mm) from the surface where a function is zero; positive where the function is.

    Args:
        level: values on a lattice; near the surface they change smoothly, by roughly 0.5 to 2 per mm, and farther from
            it only their sign matters. The surface must be on the lattice.

    Returns:
        Distance on the same lattice, exact to some hundredths of the spacing next to the surface.
    """
    values = np.ascontiguousarray(level.values, np.float32)
    feet, normals, foot_of = _surface_points(values)
    nearest = _nearest_on_coarse(values.shape, feet, _NEIGHBORS)
    coarse = _coarse_distance(values, nearest, feet, normals)
    distance = _fine_distance(values, coarse, nearest, foot_of, feet, normals, EXACT_MM / level.spacing_mm)
    distance *= np.float32(level.spacing_mm)
    return level.like(distance)


@compiled
def _slope(values: NDArray, z: int, y: int, x: int) -> tuple:
    nz, ny, nx = values.shape
    z0, z1, y0, y1 = max(z - 1, 0), min(z + 1, nz - 1), max(y - 1, 0), min(y + 1, ny - 1)
    x0, x1 = max(x - 1, 0), min(x + 1, nx - 1)
    gz = (values[z1, y, x] - values[z0, y, x]) / (z1 - z0)
    gy = (values[z, y1, x] - values[z, y0, x]) / (y1 - y0)
    gx = (values[z, y, x1] - values[z, y, x0]) / (x1 - x0)
    return gz, gy, gx


@compiled
def _between(values: NDArray, z: float, y: float, x: float) -> float:
    """Trilinear interpolation inside the lattice."""
    nz, ny, nx = values.shape
    z, y, x = min(max(z, 0.0), nz - 1.0), min(max(y, 0.0), ny - 1.0), min(max(x, 0.0), nx - 1.0)
    i, j, k = min(int(z), nz - 2), min(int(y), ny - 2), min(int(x), nx - 2)
    w, v, u = z - i, y - j, x - k
    low = (values[i, j, k] * (1 - u) + values[i, j, k + 1] * u) * (1 - v) + (
        values[i, j + 1, k] * (1 - u) + values[i, j + 1, k + 1] * u
    ) * v
    i += 1
    high = (values[i, j, k] * (1 - u) + values[i, j, k + 1] * u) * (1 - v) + (
        values[i, j + 1, k] * (1 - u) + values[i, j + 1, k + 1] * u
    ) * v
    return low * (1 - w) + high * w


@compiled
def _surface_points(values: NDArray) -> tuple:
    """Points of the surface nearest to the lattice points beside it.

    Returns:
        (n, 3) points and (n, 3) inward unit normals, in spacings; number of its point by lattice point, or -1.
    """
    nz, ny, nx = values.shape
    feet = np.empty((1024, 3), np.float32)
    normals = np.empty((1024, 3), np.float32)
    foot_of = np.full(values.shape, -1, np.int32)
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                value = values[z, y, x]
                gz, gy, gx = _slope(values, z, y, x)
                square = gz * gz + gy * gy + gx * gx
                if value * value >= BAND * BAND * square:
                    continue
                step = value / square
                fz, fy, fx = z - step * gz, y - step * gy, x - step * gx
                step = _between(values, fz, fy, fx) / square  # once more from there
                fz, fy, fx = fz - step * gz, fy - step * gy, fx - step * gx
                if fz < -0.5 or fy < -0.5 or fx < -0.5 or fz > nz - 0.5 or fy > ny - 0.5 or fx > nx - 0.5:
                    continue
                if count == len(feet):
                    feet, normals = np.concatenate((feet, feet)), np.concatenate((normals, normals))
                size = np.sqrt(square)
                feet[count, 0], feet[count, 1], feet[count, 2] = fz, fy, fx
                normals[count, 0], normals[count, 1], normals[count, 2] = gz / size, gy / size, gx / size
                foot_of[z, y, x] = count
                count += 1
    return feet[:count].copy(), normals[:count].copy(), foot_of


@compiled
def _square_to(feet: NDArray, n: int, z: float, y: float, x: float) -> float:
    return (feet[n, 0] - z) ** 2 + (feet[n, 1] - y) ** 2 + (feet[n, 2] - x) ** 2


@compiled
def _nearest_on_coarse(shape: tuple, feet: NDArray, neighbors: NDArray) -> NDArray:
    """Number of the nearest surface point for every second lattice point, handed on from neighbor to neighbor."""
    nz, ny, nx = (shape[0] + 1) // 2, (shape[1] + 1) // 2, (shape[2] + 1) // 2
    nearest = np.full((nz, ny, nx), -1, np.int32)
    best = np.full((nz, ny, nx), FAR, np.float32)
    for n in range(len(feet)):
        for corner in range(8):
            z = min(int(feet[n, 0] / 2) + corner // 4, nz - 1)
            y = min(int(feet[n, 1] / 2) + corner // 2 % 2, ny - 1)
            x = min(int(feet[n, 2] / 2) + corner % 2, nx - 1)
            square = _square_to(feet, n, 2.0 * z, 2.0 * y, 2.0 * x)
            if square < best[z, y, x]:
                best[z, y, x], nearest[z, y, x] = square, n
    for sweep in range(4):
        sign = 1 if sweep % 2 == 0 else -1
        for k in range(nz * ny * nx):
            flat = k if sign == 1 else nz * ny * nx - 1 - k
            z, y, x = flat // (ny * nx), flat // nx % ny, flat % nx
            for m in range(len(neighbors)):
                i, j, h = z + sign * neighbors[m, 0], y + sign * neighbors[m, 1], x + sign * neighbors[m, 2]
                if i < 0 or j < 0 or h < 0 or i >= nz or j >= ny or h >= nx or nearest[i, j, h] < 0:
                    continue
                if nearest[i, j, h] == nearest[z, y, x]:
                    continue
                square = _square_to(feet, nearest[i, j, h], 2.0 * z, 2.0 * y, 2.0 * x)
                if square < best[z, y, x]:
                    best[z, y, x], nearest[z, y, x] = square, nearest[i, j, h]
    return nearest


@compiled
def _to_patch(feet: NDArray, normals: NDArray, n: int, z: float, y: float, x: float) -> float:
    """Unsigned distance from the small flat patch around a surface point: surface points are a spacing apart."""
    dz, dy, dx = z - feet[n, 0], y - feet[n, 1], x - feet[n, 2]
    square = dz * dz + dy * dy + dx * dx
    along = dz * normals[n, 0] + dy * normals[n, 1] + dx * normals[n, 2]
    return np.sqrt(max(square - min(square - along * along, 0.25), 0.0))


@compiled
def _coarse_distance(values: NDArray, nearest: NDArray, feet: NDArray, normals: NDArray) -> NDArray:
    distance = np.empty(nearest.shape, np.float32)
    for z in range(nearest.shape[0]):
        for y in range(nearest.shape[1]):
            for x in range(nearest.shape[2]):
                d = _to_patch(feet, normals, nearest[z, y, x], 2.0 * z, 2.0 * y, 2.0 * x)
                distance[z, y, x] = d if values[2 * z, 2 * y, 2 * x] > 0 else -d
    return distance


@compiled
def _around(nearest: NDArray, foot_of: NDArray, feet: NDArray, normals: NDArray, z: int, y: int, x: int) -> float:
    """Distance of a lattice point, starting from the surface points that the coarse lattice points around it know."""
    best, n = FAR, -1
    for corner in range(8):
        i = min((z + corner // 4) // 2, nearest.shape[0] - 1)
        j = min((y + corner // 2 % 2) // 2, nearest.shape[1] - 1)
        k = min((x + corner % 2) // 2, nearest.shape[2] - 1)
        square = _square_to(feet, nearest[i, j, k], z, y, x)
        if square < best:
            best, n = square, nearest[i, j, k]
    for _ in range(2):  # is there a better one where the tangent plane is next to the point?
        along = (z - feet[n, 0]) * normals[n, 0] + (y - feet[n, 1]) * normals[n, 1] + (x - feet[n, 2]) * normals[n, 2]
        i = min(max(int(np.rint(z - along * normals[n, 0])), 0), foot_of.shape[0] - 1)
        j = min(max(int(np.rint(y - along * normals[n, 1])), 0), foot_of.shape[1] - 1)
        k = min(max(int(np.rint(x - along * normals[n, 2])), 0), foot_of.shape[2] - 1)
        m = foot_of[i, j, k]
        if m >= 0 and m != n:
            square = _square_to(feet, m, z, y, x)
            if square < best:
                best, n = square, m
    return _to_patch(feet, normals, n, z, y, x)


@compiled
def _fine_distance(
    values: NDArray,
    coarse: NDArray,
    nearest: NDArray,
    foot_of: NDArray,
    feet: NDArray,
    normals: NDArray,
    exact: float,
) -> NDArray:
    distance = np.empty(values.shape, np.float32)
    for z in range(values.shape[0]):
        for y in range(values.shape[1]):
            for x in range(values.shape[2]):
                d = abs(_between(coarse, z / 2, y / 2, x / 2))
                if d < exact:
                    d = _around(nearest, foot_of, feet, normals, z, y, x)
                if d < 2.0:
                    gz, gy, gx = _slope(values, z, y, x)
                    slope = min(abs(values[z, y, x]) / np.sqrt(gz * gz + gy * gy + gx * gx + 1e-12), d + 1.0)
                    share = min(max(2.0 - d, 0.0), 1.0)
                    d = d * (1 - share) + slope * share
                distance[z, y, x] = d if values[z, y, x] > 0 else -d
    return distance
