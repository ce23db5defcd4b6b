"""The bone surface of a periodic unit cell as points, and integrals over it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from skimage.measure import marching_cubes

from Testing.benchmarks.morphometry.shapes import Shape

Floats = NDArray[np.float64]
MARGIN = 0.38  # periods around the cell within which surface counts; more than any ball of the phantoms reaches
TOLERANCE = 1e-3  # of distances, relative; on the axis of a strut very many points are equally near
H_MM = 1e-3  # step of numeric derivatives


class CellSurface:
    """Surface points of a periodic shape, at most about ``step_mm`` apart.

    Args:
        shape: with the same period along its three axes.
        period_mm: of the shape.
        step_mm: of the grid the surface is sought on.
    """

    def __init__(self, shape: Shape, period_mm: float, step_mm: float) -> None:
        self._shape, self._period = shape, period_mm
        count = round(period_mm / step_mm)
        axis = np.arange(count + 1) * (period_mm / count)
        level = shape.sample((axis, axis, axis), np.eye(3), np.zeros(3))
        vertices, faces, _, _ = marching_cubes(level.astype(np.float32), 0.0, spacing=(period_mm / count,) * 3)
        vertices = vertices.astype(np.float64)
        for _ in range(3):  # Newton: onto the exact surface
            gradient = self._gradient(vertices)
            vertices -= (shape.at(vertices) / np.maximum((gradient**2).sum(axis=1), 1e-9))[:, None] * gradient
        corners = vertices[faces]
        self._centers = corners.mean(axis=1)
        self._areas = 0.5 * np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
        copies = (np.concatenate([vertices, self._centers])[None] + shifts[:, None] * period_mm).reshape(-1, 3)
        near = (np.abs(copies - period_mm / 2) < (0.5 + MARGIN) * period_mm).all(axis=1)
        self._tree = KDTree(copies[near], leafsize=32)

    def distance(self, points: Floats) -> Floats:
        """Unsigned distance of (n, 3) points to the surface, mm."""
        return self._tree.query(points % self._period, eps=TOLERANCE, workers=-1)[0]

    def depth(self, sign: int) -> Callable[[Floats], Floats]:
        """Distance to the surface within bone (sign 1) or marrow (sign -1) as a function of points, -1 elsewhere."""

        def of(points: Floats) -> Floats:
            found = np.full(len(points), -1.0)
            inside = sign * self._shape.at(points) > 0
            found[inside] = self.distance(points[inside])
            return found

        return of

    def quantities(self, volume: float) -> dict[str, float]:
        """What follows from the volume fraction of bone, the surface and its curvature, for smooth shapes."""
        cell = self._period**3
        surface = self._areas.sum() / cell
        change = (self._areas * self._curvature()).sum() / cell
        return {
            "bv_tv": volume, "bs_tv_per_mm": surface, "bs_bv_per_mm": surface / volume,
            "tb_th_plate_mm": 2 * volume / surface, "tb_sp_plate_mm": 2 * (1 - volume) / surface,
            "tb_n_plate_per_mm": surface / 2, "tb_n_mil_per_mm": surface / 4,
            "tb_pf_per_mm": change / surface, "smi": 6 * volume * change / surface**2,
        }  # fmt: skip

    def _curvature(self) -> Floats:
        """Divergence of the outward normal at the faces (1/mm): the change of area per area and mm of shift."""
        total = np.zeros(len(self._centers))
        for axis in range(3):
            step = np.zeros(3)
            step[axis] = H_MM
            ahead, behind = self._gradient(self._centers + step), self._gradient(self._centers - step)
            normals = [-g[:, axis] / np.linalg.norm(g, axis=1) for g in (ahead, behind)]
            total += (normals[0] - normals[1]) / (2 * H_MM)
        return total

    def _gradient(self, points: Floats) -> Floats:
        steps = np.eye(3) * H_MM / 10
        return np.stack(
            [(self._shape.at(points + s) - self._shape.at(points - s)) / (2 * H_MM / 10) for s in steps], axis=1
        )


def cell_fraction(shape: Shape, period_mm: float, step_mm: float) -> float:
    """Bone volume fraction of a unit cell, the surface taken as flat within a grid cell."""
    count = round(period_mm / step_mm)
    axis = (np.arange(-1, count + 1) + 0.5) * (period_mm / count)
    level = shape.sample((axis, axis, axis), np.eye(3), np.zeros(3)).astype(np.float64)
    slopes = np.gradient(level)
    size = np.sqrt(sum(g**2 for g in slopes))
    inside = np.clip(0.5 + level / np.maximum(size, 1e-12), 0.0, 1.0)
    return float(inside[1:-1, 1:-1, 1:-1].mean())
