"""Trabecular structure in the joint frame of a bone: what stands at every place, at any voxel size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.microstructure.families import Axes, Family

Floats = NDArray[np.float32]

FINEST_MM = 0.06  # usual size of voxels that are not divided any further
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

    def fraction(self, box: GridBox, finest_mm: float = FINEST_MM) -> Floats:
        """Bone volume fraction of voxels.

        Args:
            box: the voxels.
            finest_mm: voxels that are larger are divided, and are means of their parts.

        Returns:
            (z, y, x) float32, 0 to 1.
        """
        return self.fractions(box, (0.0,), finest_mm)[0]

    def fractions(self, box: GridBox, thicker_mm: Sequence[float], finest_mm: float = FINEST_MM) -> list[Floats]:
        """Bone volume fractions of voxels were every plate and rod a little thicker.

        Args:
            box: the voxels.
            thicker_mm: by how much; half of it at either surface.
            finest_mm: as in :meth:`fraction`.

        Returns:
            One (z, y, x) array for each of ``thicker_mm``.
        """
        parts = max(1, int(np.ceil(box.spacing_mm / finest_mm - 1e-9)))
        step = box.spacing_mm / parts
        # One more fine voxel on each side, for the gradient.
        first = [c - box.spacing_mm / 2 - step / 2 for c in box.first_mm]
        z, y, x = (start + step * np.arange(n * parts + 2) for start, n in zip(first, box.shape, strict=True))
        nz, ny, nx = box.shape
        distance = _distance(self._excess((z, y, x)), step)
        found = []
        for thicker in thicker_mm:
            filled = np.clip(np.float32(0.5) - (distance - np.float32(0.5 * thicker)) / np.float32(step), 0.0, 1.0)
            if parts > 1:
                filled = filled.reshape(nz, parts, ny, parts, nx, parts).mean(axis=(1, 3, 5), dtype=np.float32)
            found.append(filled)
        return found

    def _excess(self, axes: Axes) -> Floats:
        """Level above that of the surface."""
        wanted = np.clip(self.bone_fraction(axes), 0.0, MOST_BONE)
        return self.family.level(self.coordinates(axes)) - self.family.threshold(wanted)


def _distance(excess: Floats, step_mm: float) -> Floats:
    """Distance of voxel centers from the surface of bone (mm), taken as flat near each; without the rim.

    The slope is the mean of both one-sided slopes: in the middle of a thin plate, where the level turns, the two-sided
    difference vanishes and the plate would seem to fill the voxel.
    """
    inner = (slice(1, -1),) * 3
    square = np.zeros(tuple(n - 2 for n in excess.shape), np.float32)
    for axis in range(3):
        across = tuple(slice(None) if a == axis else slice(1, -1) for a in range(3))
        steps = np.abs(np.diff(excess[across], axis=axis))
        ahead, behind = ([slice(None)] * 3 for _ in range(2))
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        square += ((steps[tuple(ahead)] + steps[tuple(behind)]) / np.float32(2.0 * step_mm)) ** 2
    slope = np.sqrt(np.maximum(square, np.float32(STEEPEST**2)))
    return (excess[inner] / slope).astype(np.float32, copy=False)
