"""The MR at several scales, ready to be sampled where a motion carries points of the CT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.volumes.grid import Grid

LEAST_KNOWN = 0.5  # weight of known voxels around one, for its smoothed signal to be known
VOXELS_A_SIGMA = 0.6  # spacing of a smoothed image as a share of its sigma at most
LEAST_SMOOTHING = 0.2  # voxels; less is left out


@dataclass(frozen=True, eq=False)
class MovingLevel:
    """The MR at one scale.

    Attributes:
        signal: (z, y, x) float32, NaN where it is not known.
        to_index: (3, 4) from LPS points (mm) to array indices (z, y, x).
        limits: signals between which bins lie; ``None`` takes them from the signal.
        also: another image of the same place that counts as much.
    """

    signal: NDArray[np.float32]
    to_index: NDArray[np.float64]
    limits: tuple[float, float] | None = None
    also: MovingLevel | None = None


def without_padding(image: sitk.Image) -> sitk.Image:
    """An MR without the slabs of zeros at its border, with which resampling pads an image: nothing is known there."""
    content = sitk.GetArrayFromImage(image) != 0
    kept = []
    for axis in (2, 1, 0):
        filled = np.flatnonzero(np.any(content, axis=tuple(a for a in range(3) if a != axis)))
        kept.append(slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(None))
    return image[tuple(kept)]


def level_of(array: NDArray[np.float32], grid: Grid, sigma_mm: float) -> MovingLevel:
    """An image smoothed and thinned out.

    Args:
        array: (z, y, x), NaN where it is not known.
        grid: of it, any orientation.
        sigma_mm: of the Gaussian; 0 leaves the signal as it is.
    """
    spacing = np.array(grid.spacing_mm)[::-1]
    block = np.clip(np.floor(VOXELS_A_SIGMA * sigma_mm / spacing), 1, np.array(array.shape)).astype(int)
    # Blocks are averaged first, which spares most of the smoothing; a voxel averages over its own width already.
    averaged = _averaged(array, block) if block.max() > 1 else array
    own = np.maximum(sigma_mm**2 - (block * spacing) ** 2 / 12, 0.0) ** 0.5 / (block * spacing)
    signal = _smoothed(averaged, own) if np.any(own > LEAST_SMOOTHING) else averaged
    direction = np.array(grid.direction).reshape(3, 3)
    to_voxel = np.linalg.inv(direction * np.array(grid.spacing_mm))[::-1]
    offset = -(to_voxel @ np.array(grid.origin_mm)) - (block - 1) / 2
    return MovingLevel(np.ascontiguousarray(signal), np.hstack([to_voxel, offset[:, None]]) / block[:, None])


def _averaged(array: NDArray[np.float32], block: NDArray[np.int_]) -> NDArray[np.float32]:
    """Means over blocks (z, y, x) of voxels, NaN where one is not known; an incomplete last block is left out."""
    count = np.array(array.shape) // block
    for axis, (n, width) in enumerate(zip(count, block, strict=True)):
        along = np.moveaxis(array, axis, 0)[: n * width]
        mean = sum(along[k::width] for k in range(width)) / np.float32(width)
        array = np.moveaxis(np.asarray(mean, dtype=np.float32), 0, axis)
    return array


def _smoothed(array: NDArray[np.float32], sigma: NDArray[np.float64]) -> NDArray[np.float32]:
    unknown = np.isnan(array)
    if not unknown.any():
        return ndimage.gaussian_filter(array, sigma, truncate=3.0)
    total = ndimage.gaussian_filter(np.where(unknown, np.float32(0), array), sigma, truncate=3.0)
    weight = ndimage.gaussian_filter((~unknown).astype(np.float32), sigma, truncate=3.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((weight > LEAST_KNOWN) & ~unknown, total / weight, np.nan).astype(np.float32)
