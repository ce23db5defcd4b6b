"""A bone image on cubic voxels, and back.

Spheres are inscribed on a cubic grid. A coarser axis is interpolated by cubic splines, which find the surface between
thick slices better than straight lines do; they add no resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import BoneImage

TOLERANCE = 0.002  # relative difference of the edges up to which a voxel passes as a cube
LEAST_SHARE = 0.5  # of a voxel that must be of a phase for the map of that phase to have a value there
TINY_WEIGHT = 1e-6  # of splines that reach this far
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
        """(z, y, x) voxels of the cubic grid, which fill the volume of the image but for half a step on each side."""
        z, y, x = (
            n if self._is_cubic(axis) else max(1, round(n * self.spacing_mm[axis] / self.step_mm))
            for axis, n in enumerate(self.shape)
        )
        return z, y, x

    @property
    def is_image(self) -> bool:
        """Whether the voxels of the image are cubes already."""
        return all(self._is_cubic(axis) for axis in range(3))

    def source(self, axis: int) -> NDArray[np.float64]:
        """Position of every cubic voxel along an axis, in voxels of the image."""
        if self._is_cubic(axis):
            return np.arange(self.shape[axis], dtype=np.float64)
        count, own, spacing = self.counts[axis], self.shape[axis], self.spacing_mm[axis]
        middle = (own - 1) / 2.0
        offsets: NDArray[np.float64] = (np.arange(count, dtype=np.float64) - (count - 1) / 2.0) * self.step_mm / spacing
        return middle + offsets

    def _is_cubic(self, axis: int) -> bool:
        return abs(self.spacing_mm[axis] / self.step_mm - 1.0) < TOLERANCE


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
        positions = grid.source(axis)
        if len(positions) == grid.shape[axis] and np.array_equal(positions, np.arange(grid.shape[axis])):
            continue
        coarser = grid.step_mm / grid.spacing_mm[axis]
        if coarser > 1.0 + TOLERANCE:  # average what one coarse voxel covers
            fraction = ndimage.uniform_filter1d(fraction, max(1, round(coarser)), axis, mode="nearest")
        fraction = _interpolated(fraction, axis, positions)
        mask = np.take(mask, nearest_voxels(grid, axis), axis=axis)
    return BoneImage(fraction, mask, (grid.step_mm,) * 3, image.kind)


def nearest_voxels(grid: IsotropicGrid, axis: int) -> NDArray[np.intp]:
    """For every cubic voxel along an axis, the voxel of the image that contains its center."""
    return np.clip(np.rint(grid.source(axis)), 0, grid.shape[axis] - 1).astype(np.intp)


def from_isotropic(values: NDArray[np.float32], grid: IsotropicGrid) -> NDArray[np.float32]:
    """A map on the cubic grid averaged over the voxels of the image; values that are not positive do not count.

    Returns:
        (z, y, x) float32 on the grid of the image; 0 where no more than :data:`LEAST_SHARE` of a voxel counts.
    """
    if grid.is_image:
        return values
    share = (values > 0).astype(np.float32)
    total = np.where(values > 0, values, np.float32(0))
    for axis in range(3):
        if not np.array_equal(grid.source(axis), np.arange(grid.shape[axis])):
            weights = _averages(grid, axis)
            total, share = (_product(weights, part, axis) for part in (total, share))
    return np.divide(total, share, out=np.zeros_like(total), where=share > LEAST_SHARE)


def _interpolated(array: NDArray[np.float32], axis: int, positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Cubic splines along an axis, as one product with a sparse matrix; the border value holds beyond the image."""
    from scipy.interpolate import make_interp_spline

    count = array.shape[axis]
    inside = np.clip(positions, 0, count - 1)
    if count < 4:
        weights = np.stack([np.interp(inside, np.arange(count), row) for row in np.eye(count)], axis=1)
    else:
        weights = make_interp_spline(np.arange(count), np.eye(count), k=3)(inside)
    weights[np.abs(weights) < TINY_WEIGHT] = 0.0
    return _product(weights, array, axis)


def _averages(grid: IsotropicGrid, axis: int) -> NDArray[np.float64]:
    """Matrix that averages the cubic voxels whose centers lie in each voxel of the image, or takes the nearest one."""
    weights = np.zeros((grid.shape[axis], grid.counts[axis]))
    weights[nearest_voxels(grid, axis), np.arange(grid.counts[axis])] = 1.0
    for index in np.flatnonzero(weights.sum(axis=1) == 0):
        weights[index, int(np.argmin(np.abs(grid.source(axis) - index)))] = 1.0
    return weights / weights.sum(axis=1, keepdims=True)


def _product(weights: NDArray[np.float64], array: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    from scipy.sparse import csr_array

    moved = np.moveaxis(array, axis, 0)
    product = csr_array(weights.astype(np.float32)) @ np.ascontiguousarray(moved).reshape(array.shape[axis], -1)
    return np.ascontiguousarray(np.moveaxis(product.reshape(-1, *moved.shape[1:]), 0, axis), dtype=np.float32)
