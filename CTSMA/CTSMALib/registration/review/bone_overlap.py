"""How well a bone outlined in the CT and the same bone outlined in the MR lie on each other under a motion.

Scans end somewhere, and a bone that one of them cuts off is not shorter for that. Volumes and surfaces are compared
only where both label maps reach; cut faces are no surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from CTSMALib.anatomy.grids import index_to_lps, lps_to_index
from CTSMALib.anatomy.labels import BONES
from CTSMALib.volumes.rigid import Matrix, applied, fixed_to_moving_lps, inverse, itk_transform

FINEST_MM, COARSEST_MM = 0.6, 1.0  # of the grid on which both are compared
MOST_VOXELS = 4e6  # above, the grid is made coarser
MARGIN_MM = 3.0
HALF = 0.5
SMOOTHING_VOXELS = 1.0  # of outlines, before they are measured
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BoneOverlap:
    """Of one bone.

    Attributes:
        dice: 2 |A ∩ B| / (|A| + |B|) of the volumes, 0 to 1.
        assd_mm: average symmetric surface distance; ``None`` where a surface has no part that both scans see.
        compared: share of the CT bone that both scans see.
    """

    dice: float
    assd_mm: float | None
    compared: float


def bone_overlap(
    ct_labels: sitk.Image, mr_labels: sitk.Image, bone: str, moving_to_fixed_ras: Matrix,
    mr_value: int | None = None,
) -> BoneOverlap | None:  # fmt: skip
    """Compare.

    Args:
        ct_labels: label map in the space of the CT, values of :mod:`CTSMALib.anatomy.labels`, any geometry.
        mr_labels: label map in the space of the MR, any geometry.
        bone: name of the bone.
        moving_to_fixed_ras: (4, 4) its motion.
        mr_value: of the bone in the MR; as in the CT by default.

    Returns:
        ``None`` where the bone is missing in either label map, or both see none of it.
    """
    value = next(known.label for known in BONES if known.name == bone)
    matrix = fixed_to_moving_lps(np.asarray(moving_to_fixed_ras))
    own, other = ct_labels == value, mr_labels == (value if mr_value is None else mr_value)
    corners = [_bounds(own), _bounds(other)]
    if corners[0] is None or corners[1] is None:
        return None
    reach = _common_box(ct_labels, corners[0], applied(inverse(matrix), corners[1]))
    if reach is None:
        return None
    grid = _grid(*reach, min(*ct_labels.GetSpacing(), *mr_labels.GetSpacing()))
    ct, ct_seen = _resampled(own, grid, np.eye(4))
    mr, mr_seen = _resampled(other, grid, matrix)
    both = ct_seen & mr_seen
    ct_in, mr_in = (ct >= HALF) & both, (mr >= HALF) & both
    if not ct_in.any() or not mr_in.any():
        return None
    dice = 2.0 * np.count_nonzero(ct_in & mr_in) / (np.count_nonzero(ct_in) + np.count_nonzero(mr_in))
    surfaces = _Surface.of(ct, ct_seen, grid), _Surface.of(mr, mr_seen, grid)
    return BoneOverlap(float(dice), _assd_mm(*surfaces, both, grid), float(ct_in.sum() / (ct >= HALF).sum()))


@dataclass(frozen=True, eq=False)
class _Surface:
    """(n, 3) LPS points where a surface crosses the lines between neighboring voxels, and (n, 3) its normals."""

    points_mm: Array
    normals: Array

    @classmethod
    def of(cls, share: NDArray[np.float32], seen: Mask, grid: sitk.Image) -> _Surface:
        """The surface of a bone.

        Args:
            share: (z, y, x) how much of a voxel is bone.
            seen: (z, y, x) where the scan reaches; bone that ends there is cut, and has no surface.
            grid: of both, along the LPS axes.
        """
        share = _smoothed(share, seen)  # without the steps of voxels, of which the nearest are always the highest
        places = []
        for axis in range(3):
            first, second = (np.moveaxis(share, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
            known = np.moveaxis(seen, axis, 0)
            crossing = ((first >= HALF) != (second >= HALF)) & known[:-1] & known[1:]
            at = np.argwhere(crossing).astype(float)
            at[:, 0] += (first[crossing] - HALF) / (first[crossing] - second[crossing])
            order = [1, 2]
            order.insert(axis, 0)
            places.append(at[:, order])
        index = np.concatenate(places)
        slope = np.gradient(share)
        normals = np.stack([ndimage.map_coordinates(g, index.T, order=1) for g in slope[::-1]], axis=1).astype(float)
        return cls(index_to_lps(grid, index), normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-9)[:, None])

    def within(self, mask: Mask, grid: sitk.Image) -> Array:
        """(m, 3) those points that lie in a mask."""
        index = np.rint(lps_to_index(grid, self.points_mm)).astype(int).clip(0, np.array(mask.shape) - 1)
        return self.points_mm[mask[tuple(index.T)]]

    def away_mm(self, points_mm: Array, pitch_mm: float) -> Array:
        """(m,) distance of points from the surface: from the plane through its nearest point, as points are sparse."""
        apart, nearest = cKDTree(self.points_mm).query(points_mm)
        height = np.abs(((points_mm - self.points_mm[nearest]) * self.normals[nearest]).sum(axis=1))
        aside = np.sqrt(np.maximum(apart**2 - height**2, 0.0))
        result: Array = np.hypot(height, np.maximum(aside - pitch_mm, 0.0))
        return result


def _assd_mm(ct: _Surface, mr: _Surface, both: Mask, grid: sitk.Image) -> float | None:
    ct_points, mr_points = ct.within(both, grid), mr.within(both, grid)
    if not len(ct_points) or not len(mr_points):
        return None
    pitch = grid.GetSpacing()[0]
    return float(np.concatenate([mr.away_mm(ct_points, pitch), ct.away_mm(mr_points, pitch)]).mean())


def _smoothed(share: NDArray[np.float32], seen: Mask) -> NDArray[np.float32]:
    """Smoothed from what is seen alone, so that a bone is not rounded off where a scan ends."""
    weight = ndimage.gaussian_filter(seen.astype(np.float32), SMOOTHING_VOXELS, mode="nearest")
    total = ndimage.gaussian_filter(share * seen, SMOOTHING_VOXELS, mode="nearest")
    return np.where(seen, total / np.maximum(weight, 1e-6), 0.0).astype(np.float32)


def _bounds(mask: sitk.Image) -> Array | None:
    """(8, 3) LPS corners of what is not 0."""
    inside = np.argwhere(sitk.GetArrayViewFromImage(mask))
    if not len(inside):
        return None
    low, high = inside.min(axis=0) - HALF, inside.max(axis=0) + HALF
    return index_to_lps(mask, np.array(np.meshgrid(*np.stack([low, high], axis=1))).reshape(3, -1).T)


def _common_box(ct_labels: sitk.Image, own: Array, other: Array) -> tuple[Array, Array] | None:
    """Lowest and highest LPS corner of what holds both bones, as far as the CT reaches."""
    size = np.array(ct_labels.GetSize()[::-1])
    ends = np.array(np.meshgrid(*[[-HALF, n - HALF] for n in size])).reshape(3, -1).T
    scan = index_to_lps(ct_labels, ends)
    low, high = np.minimum(own.min(axis=0), other.min(axis=0)), np.maximum(own.max(axis=0), other.max(axis=0))
    low, high = np.maximum(low, scan.min(axis=0)) - MARGIN_MM, np.minimum(high, scan.max(axis=0)) + MARGIN_MM
    return (low, high) if np.all(high > low) else None


def _grid(low: Array, high: Array, spacing_mm: float) -> sitk.Image:
    spacing = max(min(max(spacing_mm, FINEST_MM), COARSEST_MM), float((np.prod(high - low) / MOST_VOXELS) ** (1 / 3)))
    grid = sitk.Image([int(n) + 2 for n in (high - low) / spacing], sitk.sitkUInt8)
    grid.SetOrigin(low.tolist())
    grid.SetSpacing([spacing] * 3)
    return grid


def _resampled(mask: sitk.Image, grid: sitk.Image, matrix: Matrix) -> tuple[NDArray[np.float32], Mask]:
    """(z, y, x) share of bone on a grid, and whether the mask reaches there."""
    smooth = sitk.Cast(mask, sitk.sitkFloat32)
    share = sitk.Resample(smooth, grid, itk_transform(matrix), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    everywhere = sitk.Image(mask.GetSize(), sitk.sitkUInt8) + 1
    everywhere.CopyInformation(mask)
    seen = sitk.Resample(everywhere, grid, itk_transform(matrix), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    return sitk.GetArrayFromImage(share), sitk.GetArrayFromImage(seen) > 0
