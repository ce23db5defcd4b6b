"""Phantoms of trabecular bone with known morphometry: partial volumes of analytic shapes on any lattice.

    >>> phantom = PHANTOMS["rods"]
    >>> phantom.fraction((90, 90, 90), (0.1, 0.1, 0.1), seed=3).shape
    (90, 90, 90)

The lattice is shifted at random against the shape, and turned at random unless ``rotated=False``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from Testing.benchmarks.morphometry import closed_form, shapes
from Testing.benchmarks.morphometry.numeric import numeric_truth

FINEST_MM = 0.025  # distance of the points that a voxel is averaged over
POINTS_AT_ONCE = 4_000_000
FAR_MM = 500.0  # the lattice starts anywhere in a shape of this size
Spacing = tuple[float, float, float]

# Levels that give the gyroid a bone volume fraction of 0.25 and the sheet 0.30; truth.csv has the fractions reached.
GYROID = {"period_mm": 1.8, "level": 0.76653}
SHEET = {"period_mm": 1.9, "level": 0.52505}
FIELD = {"count": 150, "wavelength_mm": 1.2, "level": 0.6745}


@dataclass(frozen=True)
class Phantom:
    """A shape and what is known of it."""

    name: str
    shape: Callable[[int], shapes.Shape]  # of the seed
    known: Callable[[int], dict[str, float]]  # closed forms, of the seed
    axis: int | None = None  # of the shape, along which the mean intercept length is extreme
    random: bool = False  # whether the shape itself depends on the seed

    def fraction(
        self, shape: tuple[int, int, int], spacing_mm: Spacing, seed: int, rotated: bool = True
    ) -> NDArray[np.float32]:
        """Bone volume fraction of every voxel.

        Args:
            shape: voxels along z, y and x.
            spacing_mm: their size, in the same order.
            seed: of the position of the lattice, and of the shape where that is random.
            rotated: turn the lattice at random; otherwise its axes are those of the shape.

        Returns:
            (z, y, x) values 0 to 1.
        """
        rotation, offset = pose(seed, rotated)
        level = self.shape(seed)
        parts = np.maximum(2, np.ceil(np.asarray(spacing_mm) / FINEST_MM - 1e-9).astype(int))
        step = np.asarray(spacing_mm) / parts
        counts = np.asarray(shape) * parts
        y, x = ((np.arange(-1, counts[i] + 1) + 0.5) * step[i] for i in (1, 2))
        slices = max(1, POINTS_AT_ONCE // int(np.prod(counts[1:]) * parts[0]))
        fraction = np.empty(shape, np.float32)
        for start in range(0, shape[0], slices):
            stop = min(start + slices, shape[0])
            z = (np.arange(start * parts[0] - 1, stop * parts[0] + 1) + 0.5) * step[0]
            inside = occupied(level.sample((z, y, x), rotation, offset))
            blocks = (stop - start, parts[0], shape[1], parts[1], shape[2], parts[2])
            fraction[start:stop] = inside.reshape(blocks).mean(axis=(1, 3, 5))
        return fraction

    def truth(self, seed: int = 0) -> dict[str, float]:
        """Catalogue key to true value, for the shape in all space; only what is known."""
        return numeric_truth(self.name) | self.known(seed)

    def axis_zyx(self, seed: int, rotated: bool = True) -> tuple[float, float, float] | None:
        """The distinguished direction of the shape in the axes of the lattice, None where there is none."""
        if self.axis is None:
            return None
        return tuple(float(v) for v in pose(seed, rotated)[0][self.axis])


def pose(seed: int, rotated: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation from the lattice to the shape, and where the lattice starts in the shape (zyx, mm)."""
    rng = np.random.default_rng([seed, 77])
    offset = rng.uniform(0.0, FAR_MM, 3)
    rotation = Rotation.random(random_state=seed).as_matrix() if rotated else np.eye(3)
    return rotation, offset


def occupied(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of the cell around each point is bone, its surface taken as flat within the cell; no rim."""
    middle = (slice(1, -1),) * 3
    squares = np.zeros([n - 2 for n in level.shape], np.float32)
    for axis in range(3):
        ahead, behind = list(middle), list(middle)
        ahead[axis], behind[axis] = slice(2, None), slice(None, -2)
        squares += (0.5 * (level[tuple(ahead)] - level[tuple(behind)])) ** 2
    # Steps of the level along the axes: their root sum square is the spread of the level within the cell.
    return np.clip(0.5 + level[middle] / np.sqrt(np.maximum(squares, 1e-20)), 0.0, 1.0)


def _fixed(name: str, shape: shapes.Shape, known: dict[str, float], axis: int | None = None) -> Phantom:
    return Phantom(name, lambda seed: shape, lambda seed: known, axis)


def _field(name: str, stretch: float) -> Phantom:
    def shape(seed: int) -> shapes.Waves:
        return shapes.random_waves(stretch=stretch, seed=seed, **FIELD)

    def known(seed: int) -> dict[str, float]:
        return closed_form.random_field(shape(seed).vectors_zyx, FIELD["level"])

    return Phantom(name, shape, known, 0 if stretch != 1 else None, random=True)


PHANTOMS: dict[str, Phantom] = {
    phantom.name: phantom
    for phantom in (
        _fixed("plates", shapes.plates(0.4, 1.2), closed_form.plates(0.4, 1.2), axis=0),
        _fixed("rods", shapes.rods(0.4, 1.2), closed_form.rods(0.4, 1.2), axis=0),
        _fixed("lattice", shapes.lattice(0.4, 1.2), closed_form.lattice(0.4, 1.2)),
        _fixed("spheres", shapes.spheres(0.8, 1.2), closed_form.spheres(0.8, 1.2)),
        _fixed("shells", shapes.shells(1.2, 0.3, 1.6), closed_form.shells(1.2, 0.3, 1.6)),
        _fixed("gyroid", shapes.gyroid(**GYROID), closed_form.minimal_surface(GYROID["period_mm"])),
        _fixed("sheet", shapes.schwarz_sheet(**SHEET), closed_form.minimal_surface(SHEET["period_mm"])),
        _field("field", 1.0),
        _field("stretched", 1.6),
    )
}
