"""Where a point that was set roughly belongs: on the surface of a CT bone, or on an edge of the MR."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from CTSMALib.anatomy.grids import index_to_lps, lps_to_index
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.similarity import sampled

SMOOTHING_VOXELS = 0.7  # of the depth in a bone, as for the outline that is compared with the MR
FLATTEST = 0.3  # slope of the depth below which there is no surface
SIGMA_MM, STEP_MM = 0.5, 0.1  # of profiles through the MR
BEYOND_MM = 1.0  # what a profile goes beyond the reach, so that a slope is not taken for its peak
LEAST_CONTRAST = 0.08  # change of signal over a millimeter, of the span of signals in the MR
_MARGIN_MM = 3.0
Point = NDArray[np.float64]


def snapped_to_bone(fixed: FixedKnee, bone: str, point_lps_mm: ArrayLike, reach_mm: float) -> Point | None:
    """The nearest point on the surface of a bone.

    Args:
        fixed: the CT.
        bone: name of a bone of it.
        point_lps_mm: (3,) in the CT.
        reach_mm: how far to look.

    Returns:
        (3,) LPS; ``None`` where the surface is not within reach.

    Raises:
        KeyError: the CT has no such bone.
    """
    point = np.asarray(point_lps_mm, dtype=float)
    points, normals = _surface_near(fixed, bone, point, reach_mm)
    if not len(points):
        return None
    nearest = int(np.linalg.norm(points - point, axis=1).argmin())
    # Points of the surface are a voxel apart: the foot on the plane through the nearest one is nearer still.
    height = float((point - points[nearest]) @ normals[nearest])
    foot: Point = point - height * normals[nearest]
    return foot if abs(height) <= reach_mm else None


def snapped_to_edge(
    moving: MovingKnee, point_lps_mm: ArrayLike, direction: ArrayLike | None, reach_mm: float
) -> Point | None:  # fmt: skip
    """The strongest edge of the MR on a line through a point.

    Args:
        moving: the MR.
        point_lps_mm: (3,) in the MR.
        direction: (3,) of the line, such as the normal of the bone there; ``None`` takes that in which the signal
            changes most at the point.
        reach_mm: how far to look to either side.

    Returns:
        (3,) LPS; ``None`` where there is no edge within reach, or the point lies outside the MR.
    """
    point = np.asarray(point_lps_mm, dtype=float)
    level = moving.level(SIGMA_MM)
    along = _gradient(level, point) if direction is None else np.asarray(direction, dtype=float)
    length = float(np.linalg.norm(along))
    if not np.isfinite(length) or length == 0.0:
        return None
    steps = np.arange(-round((reach_mm + BEYOND_MM) / STEP_MM), round((reach_mm + BEYOND_MM) / STEP_MM) + 1)
    places = point + (steps * STEP_MM)[:, None] * along / length
    profile = sampled(level.signal, level.to_index, places).astype(float)
    middle = len(steps) // 2
    known = np.isfinite(profile)
    if not known[middle]:
        return None
    # Between voxels the signal is linear, so that slopes are steps: smoothed, their peaks lie where the edges are.
    filled = np.interp(steps, steps[known], profile[known])
    slope = np.abs(np.gradient(ndimage.gaussian_filter1d(filled, SIGMA_MM / STEP_MM, mode="nearest"), STEP_MM))
    slope[~known] = 0.0
    peak = np.zeros(len(slope), dtype=bool)
    peak[1:-1] = (slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:]) & known[:-2] & known[2:]
    peak &= (np.abs(steps) * STEP_MM <= reach_mm) & (slope > LEAST_CONTRAST * _span(level))
    if not peak.any():
        return None
    best = int(np.where(peak, slope, -1.0).argmax())
    found: Point = places[best]
    return found


def _surface_near(fixed: FixedKnee, bone: str, point: Point, reach_mm: float) -> tuple[Point, Point]:
    """(n, 3) points on the surface of a bone around a point, and their outward normals."""
    own, nothing = fixed.bones[bone], np.empty((0, 3))
    spacing = np.array(own.region.GetSpacing()[::-1])
    index, shape = lps_to_index(own.region, point), np.array(own.depth_mm.shape)
    width = (reach_mm + _MARGIN_MM) / spacing
    low = np.clip(np.floor(index - width), 0, shape).astype(int)
    high = np.clip(np.ceil(index + width) + 1, 0, shape).astype(int)
    if np.any(high - low < 3):
        return nothing, nothing
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    depth = ndimage.gaussian_filter(own.depth_mm[box], SMOOTHING_VOXELS)
    near = np.abs(depth) < 0.6 * spacing.max()
    near[[0, -1]] = near[:, [0, -1]] = near[:, :, [0, -1]] = False
    places = np.argwhere(near)
    slope = np.stack([g[near] for g in np.gradient(depth, *spacing)], axis=1)
    length = np.linalg.norm(slope, axis=1)
    good = length > FLATTEST
    places, slope, length = places[good], slope[good], length[good]
    turn = np.array(own.region.GetDirection()).reshape(3, 3)
    normals = -(slope / length[:, None])[:, ::-1] @ turn.T
    points = index_to_lps(own.region, places + low) + normals * (depth[tuple(places.T)] / length)[:, None]
    return points, normals


def _gradient(level: MovingLevel, point: Point) -> Point:
    """(3,) LPS, per mm; NaN outside the image."""
    ahead, behind = (sampled(level.signal, level.to_index, point + s * SIGMA_MM * np.eye(3)) for s in (1.0, -1.0))
    result: Point = (ahead.astype(float) - behind) / (2 * SIGMA_MM)
    return result


def _span(level: MovingLevel) -> float:
    """Of the signals of an MR, without the few lowest and highest."""
    some = level.signal[::4, ::4, ::4]
    some = some[np.isfinite(some)]
    low, high = np.percentile(some, (1.0, 99.0)) if len(some) else (0.0, 0.0)
    return float(high - low)
