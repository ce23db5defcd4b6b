"""The signal of pure marrow everywhere in a bone: a smooth surface through the levels of small tiles.

The sensitivity of a coil is smooth, and so is the signal of yellow marrow as it sees it. Corrections that even out the
signal of everything (N4) take the slow changes of bone density for sensitivity; this takes the level of pure marrow,
which bone does not lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from CTSMALib.morphometry.apparent.levels import estimate_marrow

TILE_MM = 10.0
LEAST_FILLED = 0.4  # of a tile that is bone
DEGREE = 2
FEWEST_TILES = 12
OUTLIER = 0.03  # of the logarithm: levels further off count less
RADIUS_MM = 50.0  # brings coordinates to about 1

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MarrowSurface:
    """A polynomial of degree 2 in the logarithm of the signal.

    Attributes:
        center_mm: (3,) where its coordinates begin.
        coefficients: of the terms of :func:`_terms`.
    """

    center_mm: Array
    coefficients: Array

    def at(self, points_mm: Array) -> Array:
        """Signal of pure marrow at (..., 3) points."""
        points = np.asarray(points_mm, dtype=float)
        found: Array = np.exp(_terms((points - self.center_mm).reshape(-1, 3)) @ self.coefficients)
        return found.reshape(points.shape[:-1])

    @property
    def range(self) -> float:
        """Highest over lowest level within :data:`RADIUS_MM` of its center along the axes, less one."""
        reach = RADIUS_MM * np.concatenate([np.eye(3), -np.eye(3), np.zeros((1, 3))])
        levels = self.at(self.center_mm + reach)
        return float(levels.max() / levels.min() - 1.0)


def fit_marrow_surface(
    signal: NDArray[np.float32], bone: NDArray[np.bool_], index_to_mm: Array, noise: float
) -> MarrowSurface | None:
    """Fit the surface.

    Args:
        signal: (z, y, x).
        bone: (z, y, x) trabecular bone near the joint.
        index_to_mm: (3, 4) matrix from (z, y, x, 1) to points in mm.
        noise: standard deviation in one channel.

    Returns:
        ``None`` where there is too little bone.
    """
    spacing = np.linalg.norm(index_to_mm[:, :3], axis=0)
    size = [max(1, round(TILE_MM / step)) for step in spacing]
    centers, levels = [], []
    for corner in np.ndindex(*(int(np.ceil(n / k)) for n, k in zip(signal.shape, size, strict=True))):
        part = tuple(slice(c * k, min((c + 1) * k, n)) for c, k, n in zip(corner, size, signal.shape, strict=True))
        within = bone[part]
        if np.count_nonzero(within) < LEAST_FILLED * np.prod(size):
            continue
        level = estimate_marrow(signal[part], within, noise)
        if np.isfinite(level) and level > 0.0:
            middle = np.argwhere(within).mean(axis=0) + [cut.start for cut in part]
            centers.append(index_to_mm @ [*middle, 1.0])
            levels.append(level)
    return _fitted(np.array(centers), np.array(levels)) if len(levels) >= FEWEST_TILES else None


def _fitted(centers: Array, levels: Array) -> MarrowSurface:
    middle = centers.mean(axis=0)
    terms, wanted = _terms(centers - middle), np.log(levels)
    start = np.linalg.lstsq(terms, wanted, rcond=None)[0]
    fit = least_squares(lambda c: terms @ c - wanted, start, loss="soft_l1", f_scale=OUTLIER)
    return MarrowSurface(middle, fit.x)


def _terms(points_mm: Array) -> Array:
    """(n, 10) the monomials up to degree :data:`DEGREE`."""
    x, y, z = (points_mm / RADIUS_MM).T
    one = np.ones_like(x)
    return np.column_stack([one, x, y, z, x * x, y * y, z * z, x * y, y * z, x * z])
