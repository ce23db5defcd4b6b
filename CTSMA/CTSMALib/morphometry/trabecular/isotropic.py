"""A bone image on cubic voxels, and back.

Spheres are inscribed on a cubic grid. A coarser axis is interpolated by cubic splines, which find the surface between
thick slices better than straight lines do; they add no resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular.bone_image import BoneImage

TOLERANCE = 0.02  # relative difference of the edges up to which a voxel passes as a cube
MOST_VOXELS = 400_000_000


@dataclass(frozen=True)
class IsotropicGrid:
    """How the cubic grid lies in that of the image.

    Attributes:
        shape: (z, y, x) of the image.
        spacing_mm: (z, y, x) of the image.
        step_mm: edge of the cubic voxels.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    step_mm: float

    @property
    def counts(self) -> tuple[int, int, int]:
        """(z, y, x) voxels of the cubic grid; both grids fill the same volume."""
        z, y, x = (
            n if abs(spacing / self.step_mm - 1) < TOLERANCE else max(1, round(n * spacing / self.step_mm))
            for n, spacing in zip(self.shape, self.spacing_mm, strict=True)
        )
        return z, y, x

    @property
    def is_image(self) -> bool:
        """Whether the voxels of the image are cubes already."""
        return self.counts == self.shape

    def source(self, axis: int) -> NDArray[np.float64]:
        """Position of every cubic voxel along an axis, in voxels of the image."""
        count, own = self.counts[axis], self.shape[axis]
        return (np.arange(count) + 0.5) * own / count - 0.5


def isotropic_grid(image: BoneImage) -> IsotropicGrid:
    """The cubic grid of an image: its finest spacing, coarser where that would be too many voxels to hold."""
    volume = float(np.prod(image.mask.shape)) * image.voxel_mm3
    step = max(min(image.spacing_mm), (volume / MOST_VOXELS) ** (1 / 3))
    z, y, x = image.mask.shape
    return IsotropicGrid((z, y, x), image.spacing_mm, step)


def to_isotropic(image: BoneImage, grid: IsotropicGrid) -> BoneImage:
    """The image on the cubic grid: the fraction by cubic splines, the mask by the nearest voxel."""
    if grid.is_image:
        return image
    fraction, mask = image.fraction, image.mask
    for axis in range(3):
        if grid.counts[axis] != grid.shape[axis]:
            fraction = _interpolated(fraction, axis, grid.source(axis))
            mask = np.take(mask, nearest_voxels(grid, axis), axis=axis)
    spacing = tuple(s * n / m for s, n, m in zip(grid.spacing_mm, grid.shape, grid.counts, strict=True))
    return BoneImage(fraction, mask, (spacing[0], spacing[1], spacing[2]), image.kind)


def nearest_voxels(grid: IsotropicGrid, axis: int) -> NDArray[np.intp]:
    """For every cubic voxel along an axis, the voxel of the image that contains its center."""
    return np.clip(np.rint(grid.source(axis)), 0, grid.shape[axis] - 1).astype(np.intp)


def from_isotropic(values: NDArray[np.float32], grid: IsotropicGrid) -> NDArray[np.float32]:
    """A map on the cubic grid averaged over the voxels of the image; values that are not positive do not count.

    Returns:
        (z, y, x) float32 on the grid of the image; 0 where nothing counts.
    """
    if grid.is_image:
        return values
    weight = (values > 0).astype(np.float32)
    total = np.where(values > 0, values, np.float32(0))
    for axis in range(3):
        if grid.counts[axis] != grid.shape[axis]:
            total, weight = (_summed(part, axis, grid) for part in (total, weight))
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def _interpolated(array: NDArray[np.float32], axis: int, positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Cubic splines along an axis, as one matrix product; the border value holds beyond the outer voxel centers."""
    from scipy.interpolate import make_interp_spline

    count = array.shape[axis]
    inside = np.clip(positions, 0, count - 1)
    if count < 4:
        weights = np.stack([np.interp(inside, np.arange(count), row) for row in np.eye(count)], axis=1)
    else:
        weights = make_interp_spline(np.arange(count), np.eye(count), k=3)(inside)
    return _product(weights.astype(np.float32), array, axis)


def _summed(array: NDArray[np.float32], axis: int, grid: IsotropicGrid) -> NDArray[np.float32]:
    """Sums of the cubic voxels whose centers lie in each voxel of the image."""
    weights = np.zeros((grid.shape[axis], grid.counts[axis]), np.float32)
    if grid.counts[axis] >= grid.shape[axis]:
        weights[nearest_voxels(grid, axis), np.arange(grid.counts[axis])] = 1.0
    else:
        own = (np.arange(grid.shape[axis]) + 0.5) * grid.counts[axis] / grid.shape[axis] - 0.5
        weights[np.arange(grid.shape[axis]), np.clip(np.rint(own), 0, grid.counts[axis] - 1).astype(np.intp)] = 1.0
    return _product(weights, array, axis)


def _product(weights: NDArray[np.float32], array: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    moved = np.tensordot(weights, array, axes=(1, axis))
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))
