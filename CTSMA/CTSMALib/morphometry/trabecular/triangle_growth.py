"""Kernels on the triangles of a surface: normals, curvature and growth."""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled

MOST_CURVED = 1.0  # curvature times voxel edge up to which a series in it holds (a ball of four voxels); more is noise
TINY = 1e-20


@compiled
def _area_vector(vertices: Any, a: int, b: int, c: int) -> tuple[float, float, float]:
    z1, y1, x1 = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
    z2, y2, x2 = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
    return 0.5 * (y1 * x2 - x1 * y2), 0.5 * (x1 * z2 - z1 * x2), 0.5 * (z1 * y2 - y1 * z2)


@compiled
def sum_normals(vertices: Any, triangles: Any, normals: Any) -> None:
    """Set the unit normals (v, 3) of vertices: the mean of the triangles around, by area."""
    for t in range(len(triangles)):
        z, y, x = _area_vector(vertices, triangles[t, 0], triangles[t, 1], triangles[t, 2])
        for corner in range(3):
            v = triangles[t, corner]
            normals[v, 0] += z
            normals[v, 1] += y
            normals[v, 2] += x
    for v in range(len(normals)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0.0:
            normals[v] /= length


@compiled
def _angle_per_sine(cosine: float) -> float:
    squared = 1.0 - cosine * cosine
    if cosine > 0.8:  # nearly always; the series is right to 0.1 %, and fast
        return 1.0 + squared * (1.0 / 6.0 + squared * (3.0 / 40.0 + squared * (5.0 / 112.0)))
    return np.arccos(cosine) / max(np.sqrt(squared), 1e-3)


@compiled
def _rate(vertices: Any, normals: Any, corners: Any, z: float, y: float, x: float) -> float:
    """Growth of a triangle with the unit normal (z, y, x) when each vertex moves along its own.

    An area grows by half its unit normal times the edge opposite a vertex, times the way of that vertex; of a vertex's
    normal only its tilt against the triangle counts, which is taken as an angle.
    """
    total = 0.0
    for corner in range(3):
        v, first, last = corners[corner], corners[(corner + 1) % 3], corners[(corner + 2) % 3]
        ez = vertices[last, 0] - vertices[first, 0]
        ey = vertices[last, 1] - vertices[first, 1]
        ex = vertices[last, 2] - vertices[first, 2]
        growth = (
            normals[v, 0] * (y * ex - x * ey) + normals[v, 1] * (x * ez - z * ex) + normals[v, 2] * (z * ey - y * ez)
        )
        straight = normals[v, 0] * z + normals[v, 1] * y + normals[v, 2] * x
        total += 0.5 * growth * _angle_per_sine(min(max(straight, -1.0), 1.0))
    return total


@compiled
def grow(vertices: Any, triangles: Any, normals: Any, inner: Any) -> tuple[Any, Any]:
    """Growth and area of the triangles around each vertex, (v,) both; their ratio is the curvature there.

    Vertices that are not ``inner`` lack triangles, so their normals are wrong and what touches them is left out. Where
    that is more than half of what is around a vertex, both are 0.
    """
    growth, area, missed = np.zeros(len(vertices)), np.zeros(len(vertices)), np.zeros(len(vertices))
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        z, y, x = _area_vector(vertices, a, b, c)
        one = np.sqrt(z * z + y * y + x * x)
        whole = inner[a] and inner[b] and inner[c]
        rate = _rate(vertices, normals, (a, b, c), z / one, y / one, x / one) if whole and one > 0.0 else 0.0
        for v in (a, b, c):
            growth[v] += rate
            if whole:
                area[v] += one
            else:
                missed[v] += one
    for v in range(len(vertices)):
        if missed[v] >= area[v]:
            growth[v] = 0.0
            area[v] = 0.0
    return growth, area


@compiled
def spread(triangles: Any, growth: Any, area: Any) -> None:
    """Give vertices that have neither growth nor area those of their neighbors: a surface ends as it is before."""
    more_growth, more_area = np.zeros(len(growth)), np.zeros(len(growth))
    for t in range(len(triangles)):
        for corner in range(3):
            v = triangles[t, corner]
            if area[v] == 0.0:
                for other in range(3):
                    more_growth[v] += growth[triangles[t, other]]
                    more_area[v] += area[triangles[t, other]]
    for v in range(len(growth)):
        if more_area[v] > 0.0:
            growth[v] = more_growth[v]
            area[v] = more_area[v]


@compiled
def describe(
    vertices: Any,
    triangles: Any,
    normals: Any,
    curvature: Any,
    weight: Any,
    squared_step: Any,
    lag: float,
    vectors: Any,
    rate: Any,
    shortfall: Any,
) -> None:
    """Set the area vectors, rates and shortfalls of a BoneSurface.

    Args:
        vertices: (v, 3) mm.
        triangles: (n, 3) those that count, with their weights.
        normals: (v, 3) of :func:`sum_normals`.
        curvature: (v,) sum of the principal curvatures.
        weight: (n,) how many of its like a triangle stands for.
        squared_step: (3,) mm^2, squared edges of a voxel.
        lag: times step^2 and curvature, how far the triangles lie inside of the surface.
        vectors: (n, 3) to be set, mm^2.
        rate: (n,) to be set, mm.
        shortfall: (n,) to be set, mm.
    """
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        bent = (curvature[a] + curvature[b] + curvature[c]) / 3.0
        z, y, x = _area_vector(vertices, a, b, c)
        # Triangles waver about the surface; seen along their mean normal their area is that of the surface. They keep
        # their own normals, by which the anisotropy is best.
        mz = normals[a, 0] + normals[b, 0] + normals[c, 0]
        my = normals[a, 1] + normals[b, 1] + normals[c, 1]
        mx = normals[a, 2] + normals[b, 2] + normals[c, 2]
        mean = max(np.sqrt(mz * mz + my * my + mx * mx), TINY)
        mz, my, mx = mz / mean, my / mean, mx / mean
        area = max(np.sqrt(z * z + y * y + x * x), TINY)
        share = max(z * mz + y * my + x * mx, 0.0) / area
        # of the voxel along the surface
        step2 = 0.5 * (
            (1.0 - mz * mz) * squared_step[0] + (1.0 - my * my) * squared_step[1] + (1.0 - mx * mx) * squared_step[2]
        )
        most = MOST_CURVED / np.sqrt(step2)
        plausible = min(max(bent, -most), most)
        shortfall[t] = lag * step2 * plausible
        factor = weight[t] * share * (1.0 + shortfall[t] * plausible)
        vectors[t, 0], vectors[t, 1], vectors[t, 2] = factor * z, factor * y, factor * x
        rate[t] = weight[t] * area * bent
