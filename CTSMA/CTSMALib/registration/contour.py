"""Distance of the outline of a CT bone from the edges of the MR, found along the surface normals.

What the MR should show is predicted from the CT: the mean MR signal at each CT value, inside and outside the bone. That
works for any contrast; inside and outside are kept apart, as bone that fades into muscle is as dense as marrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.registration.fixed_points import FIXED_BINS, FixedBone, bins_of
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.similarity import sampled
from CTSMALib.volumes.rigid import Matrix, applied

POINTS = 2500  # on the surface
STEP_MM, HALF_MM = 0.25, 4.0  # of the profiles
MOST_MM = 3.0  # distance that is looked for
NEIGHBORS = 12  # profiles that are averaged, over some millimeters of surface
CLEAR = 0.8  # correlation of predicted and seen profile
BORDER_MM = 0.5  # to either side of the outline, inside and outside blend
FEWEST = 60
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on a bone of the CT.

    Attributes:
        points_mm: (n, 3) LPS.
        normals: (n, 3) unit vectors outward.
    """

    points_mm: Array
    normals: Array


@dataclass(frozen=True, eq=False)
class Contour:
    """Where the MR has the outline.

    Attributes:
        points_mm: (n, 3) LPS, on the surface in the CT; those where the MR shows a clear edge.
        normals: (n, 3) outward.
        offset_mm: (n,) how far outward of it the MR shows the edge; in the CT's frame.
        clear: share of the points inside the MR where it shows one.
        inside: share of all points that lie in the MR.
    """

    points_mm: Array
    normals: Array
    offset_mm: Array
    clear: float
    inside: float

    @property
    def distance_mm(self) -> float:
        """Mean distance of the two outlines, NaN where nothing is clear."""
        return float(np.abs(self.offset_mm).mean()) if len(self.offset_mm) >= FEWEST else float("nan")

    def motion(self) -> Matrix:
        """(4, 4) the small rigid motion of the CT bone that would bring its outline onto the edges of the MR.

        Linear least squares along the normals, outliers weighted down.
        """
        center = self.points_mm.mean(axis=0) if len(self.points_mm) else np.zeros(3)
        matrix = np.eye(4)
        if len(self.offset_mm) < FEWEST:
            return matrix
        local = self.points_mm - center
        design = np.hstack([np.cross(local, self.normals), self.normals])
        damping = 1e-3 * len(local) * np.diag([100.0] * 3 + [1.0] * 3)
        weight = np.ones(len(local))
        for _ in range(5):
            solution = np.linalg.solve((design.T * weight) @ design + damping, (design.T * weight) @ self.offset_mm)
            left = np.abs(self.offset_mm - design @ solution)
            weight = 1.0 / np.maximum(left, 0.3)
        turn = solution[:3]
        matrix[:3, :3] += np.array([[0, -turn[2], turn[1]], [turn[2], 0, -turn[0]], [-turn[1], turn[0], 0]])
        matrix[:3, 3] = center + solution[3:] - matrix[:3, :3] @ center
        return matrix


def surface_points(bone: FixedBone, count: int = POINTS) -> SurfacePoints:
    """Points on the surface of a bone, evenly spread; faces that the image cuts are left out."""
    depth = ndimage.gaussian_filter(bone.depth_mm, 0.7)
    spacing = np.array(bone.region.GetSpacing()[::-1])
    near = np.abs(depth) < 0.6 * spacing.min()
    near[[0, -1]] = near[:, [0, -1]] = near[:, :, [0, -1]] = False
    near &= bone.other_mm < -2.5  # where bones meet, edges belong to either
    places = np.argwhere(near)
    places = places[:: max(1, len(places) // count)]
    slope = np.stack([g[tuple(places.T)] for g in np.gradient(depth, *spacing)], axis=1)
    length = np.linalg.norm(slope, axis=1)
    good = length > 0.3
    places, slope, length = places[good], slope[good], length[good]
    direction = np.array(bone.region.GetDirection()).reshape(3, 3)
    normals = -(slope / length[:, None])[:, ::-1] @ direction.T
    on_surface = index_to_lps(bone.region, places) + normals * (depth[tuple(places.T)] / length)[:, None]
    return SurfacePoints(on_surface, normals)


def predicted(bins: NDArray[np.uint8], signal: Array, outside: Array) -> Array:
    """(n, m) profiles of the MR as the CT predicts them.

    Args:
        bins: (n, m) of CT values.
        signal: (n, m) of the MR.
        outside: (m,) how much each place of a profile belongs to the outside, 0 to 1.
    """
    share = np.broadcast_to(outside, bins.shape)
    there, here = (_mean_signal(bins.ravel(), signal.ravel(), w.ravel()) for w in (share, 1.0 - share))
    result: Array = share * there[bins] + (1.0 - share) * here[bins]
    return result


def _mean_signal(bins: NDArray[np.uint8], signal: Array, weight: Array) -> Array:
    """(:data:`FIXED_BINS`,) mean MR signal at each CT value, gaps filled from neighbors."""
    count = np.bincount(bins, weight, minlength=FIXED_BINS)
    total = np.bincount(bins, weight * signal, minlength=FIXED_BINS)
    smooth_count = ndimage.gaussian_filter1d(count, 0.7, mode="nearest")
    smooth_total = ndimage.gaussian_filter1d(total, 0.7, mode="nearest")
    mean: Array = (smooth_total + 1e-3 * total.sum() / max(count.sum(), 1.0)) / (smooth_count + 1e-3)
    return mean


def find_contour(surface: SurfacePoints, ct: MovingLevel, mr: MovingLevel, matrix: Matrix) -> Contour:
    """Compare the outline with the MR.

    Args:
        surface: of the bone.
        ct: HU at the scale of ``mr``.
        mr: the MR.
        matrix: (4, 4) from the CT to the MR.
    """
    reach = HALF_MM + MOST_MM
    along = np.arange(-reach, reach + STEP_MM / 2, STEP_MM)
    places = surface.points_mm[:, None] + along[None, :, None] * surface.normals[:, None]
    flat = places.reshape(-1, 3)
    hu = sampled(ct.signal, ct.to_index, flat).reshape(places.shape[:2])
    seen = sampled(mr.signal, mr.to_index, applied(matrix, flat)).reshape(places.shape[:2])
    inside = np.isfinite(seen).all(axis=1)
    known = inside & np.isfinite(hu).all(axis=1)
    share = float(inside.mean()) if len(inside) else 0.0
    if known.sum() < FEWEST:
        return Contour(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), 0.0, share)
    points, normals = surface.points_mm[known], surface.normals[known]
    outside = np.clip(0.5 + 0.5 * along / BORDER_MM, 0.0, 1.0)
    expected = predicted(bins_of(hu[known]), seen[known].astype(float), outside)
    offset, clear = _shift(_evened(points, normals, expected), _evened(points, normals, seen[known]))
    return Contour(points[clear], normals[clear], offset[clear], float(clear.mean()), share)


def _evened(points: Array, normals: Array, profiles: Array) -> Array:
    """Profiles averaged with those of the nearest points whose normals agree."""
    near = cKDTree(np.hstack([points, 8.0 * normals])).query(np.hstack([points, 8.0 * normals]), NEIGHBORS)[1]
    result: Array = profiles[near].mean(axis=1)
    return result


def _shift(expected: Array, seen: Array) -> tuple[Array, NDArray[np.bool_]]:
    """How far ``seen`` lies outward of ``expected``, and whether that is clear."""
    window = round(HALF_MM / STEP_MM)
    middle = expected.shape[1] // 2
    part = expected[:, middle - window : middle + window + 1]
    part = part - part.mean(axis=1, keepdims=True)
    size = np.sqrt((part**2).sum(axis=1)) + 1e-9
    steps = round(MOST_MM / STEP_MM)
    alike = np.empty((len(part), 2 * steps + 1))
    for column, step in enumerate(range(-steps, steps + 1)):
        other = seen[:, middle + step - window : middle + step + window + 1]
        other = other - other.mean(axis=1, keepdims=True)
        alike[:, column] = (part * other).sum(axis=1) / (size * (np.sqrt((other**2).sum(axis=1)) + 1e-9))
    best = alike.argmax(axis=1)
    rows = np.arange(len(alike))
    at = np.clip(best, 1, alike.shape[1] - 2)
    before, here, after = alike[rows, at - 1], alike[rows, at], alike[rows, at + 1]
    bend = before - 2 * here + after
    fine = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0.0)
    clear = (best == at) & (alike[rows, best] > CLEAR)
    return (at - steps + np.clip(fine, -0.5, 0.5)) * STEP_MM, clear
