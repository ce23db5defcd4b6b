"""Trabecular structure in the joint frame of a bone: what stands at every place, at any voxel size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.microstructure.families import Axes, Family

Floats = NDArray[np.float32]

FINEST_MM = 0.06  # the structure is evaluated at least this finely; coarser voxels are averages
STEEPEST = 1e-3  # smallest gradient of the level that a distance is formed with, per mm
MOST_BONE = 0.95


@dataclass(frozen=True)
class GridBox:
    """Voxels along the axes of a joint frame.

    Attributes:
        first_mm: (z, y, x) center of the first voxel.
        spacing_mm: edge of the voxels.
        shape: (z, y, x) number of voxels.
    """

    first_mm: tuple[float, float, float]
    spacing_mm: float
    shape: tuple[int, int, int]

    def axes(self) -> Axes:
        """(z, y, x) coordinates of the voxel centers."""
        z, y, x = (
            first + self.spacing_mm * np.arange(count) for first, count in zip(self.first_mm, self.shape, strict=True)
        )
        return z, y, x


def box_around(center_mm: tuple[float, float, float], edge_mm: float, spacing_mm: float) -> GridBox:
    """The box of voxels that fills a cube.

    Args:
        center_mm: (z, y, x).
        edge_mm: of the cube; rounded to whole voxels.
        spacing_mm: edge of the voxels.
    """
    count = max(1, round(edge_mm / spacing_mm))
    half = (count - 1) / 2.0 * spacing_mm
    z, y, x = (c - half for c in center_mm)
    return GridBox((z, y, x), spacing_mm, (count, count, count))


@dataclass(frozen=True)
class Microstructure:
    """A family of structure, scaled and filled as the place demands.

    Attributes:
        family: the structure in units of its distance between trabeculae.
        coordinates: maps (z, y, x) lists of coordinates in mm to the family's; each axis by itself, so that the
            distance between trabeculae may change along each axis.
        bone_fraction: maps lists of coordinates in mm to the bone fraction wanted there, on the grid they span.
    """

    family: Family
    coordinates: Callable[[Axes], Axes]
    bone_fraction: Callable[[Axes], Floats]

    def fraction(self, box: GridBox) -> Floats:
        """Bone volume fraction of voxels.

        Args:
            box: the voxels.

        Returns:
            (z, y, x) float32, 0 to 1.
        """
        parts = max(1, int(np.ceil(box.spacing_mm / FINEST_MM - 1e-9)))
        step = box.spacing_mm / parts
        # One more fine voxel on each side, for the gradient.
        first = [c - box.spacing_mm / 2 - step / 2 for c in box.first_mm]
        z, y, x = (start + step * np.arange(n * parts + 2) for start, n in zip(first, box.shape, strict=True))
        filled = _filled(self._excess((z, y, x)), step)
        nz, ny, nx = box.shape
        return filled.reshape(nz, parts, ny, parts, nx, parts).mean(axis=(1, 3, 5), dtype=np.float32)

    def _excess(self, axes: Axes) -> Floats:
        """Level above that of the surface."""
        wanted = np.clip(self.bone_fraction(axes), 0.0, MOST_BONE)
        return self.family.level(self.coordinates(axes)) - self.family.threshold(wanted)


def _filled(excess: Floats, step_mm: float) -> Floats:
    """How much of each voxel is bone, its surface taken as flat within the voxel; without the rim."""
    inner = (slice(1, -1),) * 3
    square = np.zeros(tuple(n - 2 for n in excess.shape), np.float32)
    for axis in range(3):
        ahead, behind = list(inner), list(inner)
        ahead[axis], behind[axis] = slice(2, None), slice(None, -2)
        square += ((excess[tuple(ahead)] - excess[tuple(behind)]) / np.float32(2.0 * step_mm)) ** 2
    distance = excess[inner] / np.sqrt(np.maximum(square, np.float32(STEEPEST**2)))
    return np.clip(np.float32(0.5) - distance / np.float32(step_mm), 0.0, 1.0)
