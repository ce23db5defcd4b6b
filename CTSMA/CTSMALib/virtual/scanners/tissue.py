"""What a scanner sees: how much of each voxel is mineralized bone, and which tissue fills the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners.scan_grid import Box
from CTSMALib.volumes.geometry import check_direction
from CTSMALib.volumes.grid import Grid

IN_RANGE = 1e-3  # by how much a fraction may leave 0 to 1 through rounding


class Tissue(IntEnum):
    """What fills the part of a voxel that is not bone. ``MARROW`` is yellow marrow; ``METAL`` counts in CT only."""

    AIR = 0
    FAT = 1
    MUSCLE = 2
    CARTILAGE = 3
    MENISCUS = 4
    FLUID = 5
    TENDON = 6
    MARROW = 7
    RED_MARROW = 8
    EDEMA = 9
    SKIN = 10
    METAL = 11


class TissueSource(Protocol):
    """Tissue on a fine grid, held or evaluated when it is asked for."""

    @property
    def grid(self) -> Grid:
        """Where the fine voxels are, LPS, mm."""
        ...

    def part(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Fractions of mineralized bone and numbers of tissues, both (z, y, x), of a box within the grid."""
        ...


@dataclass(frozen=True)
class TissueVolume:
    """A piece of a body on a fine grid, about 0.1 mm for patches and 0.3 mm for whole knees.

    Attributes:
        bone: (z, y, x) float32, fraction of the voxel's volume that is mineralized bone, 0 to 1.
        label: (z, y, x) uint8, the :class:`Tissue` that fills the rest of the voxel.
        grid: where the voxels are, LPS, mm.
    """

    bone: NDArray[np.float32]
    label: NDArray[np.uint8]
    grid: Grid

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """(z, y, x) distances between voxel centers, mm."""
        x, y, z = self.grid.spacing_mm
        return z, y, x

    def part(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """See :class:`TissueSource`."""
        return self.bone[box], self.label[box]

    def crop(self, box: Box) -> TissueVolume:
        """The part in a box of voxels (z, y, x), at the same place."""
        return TissueVolume(self.bone[box], self.label[box], cropped(self.grid, box))


def tissue_volume(bone: ArrayLike, label: ArrayLike, grid: Grid) -> TissueVolume:
    """A checked :class:`TissueVolume`.

    Args:
        bone: (z, y, x) fraction of mineralized bone.
        label: (z, y, x) numbers of :class:`Tissue`.
        grid: where the voxels are.

    Raises:
        InputError: the two differ in shape from each other or from the grid, fractions lie outside 0 to 1 or are not
            finite, there are labels without a meaning, or the axes are not perpendicular.
    """
    fraction, labels = np.asarray(bone, dtype=np.float32), np.asarray(label)
    shape = grid.size[::-1]
    if fraction.shape != shape or labels.shape != shape:
        raise InputError(
            f"The tissue has the shapes {fraction.shape} (bone) and {labels.shape} (labels), its grid {shape}.",
            "Give both as (z, y, x) on one grid.",
        )
    if fraction.size == 0:
        raise InputError("The tissue has no voxels.", "Give a volume of at least one voxel.")
    check_grid(grid, "The tissue")
    # a comparison that is true for numbers in range only, so that it refuses NaN too
    if not (fraction.min() >= -IN_RANGE and fraction.max() <= 1.0 + IN_RANGE):
        raise InputError("Some bone fractions lie outside 0 to 1.", "Give fractions of each voxel's volume.")
    if labels.min() < 0 or labels.max() > max(Tissue):
        raise InputError(
            f"The labels run from {labels.min()} to {labels.max()}, but tissues are 0 to {max(Tissue)}.",
            "Use the numbers of the tissues.",
        )
    return TissueVolume(fraction, labels.astype(np.uint8, copy=False), grid)


def check_grid(grid: Grid, what: str) -> None:
    """Refuse grids without voxels, without extent, or with axes that are not perpendicular.

    Args:
        grid: any.
        what: the subject of the sentence.

    Raises:
        InputError: see above.
    """
    spacing = np.asarray(grid.spacing_mm, dtype=float)
    numbers = np.concatenate([spacing, np.asarray(grid.origin_mm, dtype=float)])
    if not np.all(np.isfinite(numbers)) or spacing.min() <= 0.0 or min(grid.size) < 1:
        raise InputError(
            f"{what} has a grid of {grid.size} voxels of {grid.spacing_mm} mm at {grid.origin_mm}.",
            "Give a positive number of voxels, positive spacings and a place.",
        )
    check_direction(grid.direction, what)


def cropped(grid: Grid, box: Box) -> Grid:
    """The grid of a box of voxels (z, y, x) in another grid."""
    spans = [cut.indices(count) for cut, count in zip(box, grid.size[::-1], strict=True)]
    start = np.array([span[0] for span in spans][::-1], dtype=float)
    sizes = [max(span[1] - span[0], 0) for span in spans]
    origin = np.asarray(grid.origin_mm) + np.reshape(grid.direction, (3, 3)) @ (start * grid.spacing_mm)
    corner = (float(origin[0]), float(origin[1]), float(origin[2]))
    return replace(grid, size=(sizes[2], sizes[1], sizes[0]), origin_mm=corner)
