"""A structure whose trabeculae are closer together on one side of the joint than on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled
from CTSMALib.virtual.microstructure.families import Axes, Family, FieldFamily, Floats


@dataclass(frozen=True, eq=False)
class Side:
    """Coordinates of one side.

    Attributes:
        places: lists of places along z, y and x (mm), ascending.
        coordinates: the family's coordinates there.
    """

    places: tuple[NDArray[np.float64], ...]
    coordinates: tuple[NDArray[np.float64], ...]

    def at(self, axes: Axes) -> Axes:
        """The family's coordinates; beyond the lists they go on at the unit's last pace."""
        z, y, x = (_continued(*lists) for lists in zip(axes, self.places, self.coordinates, strict=True))
        return z, y, x


def _continued(at: NDArray, places: NDArray, coordinates: NDArray) -> NDArray[np.float64]:
    """Linear interpolation that goes on beyond the ends with the slopes there."""
    inside = np.interp(at, places, coordinates)
    first = (coordinates[1] - coordinates[0]) / (places[1] - places[0])
    last = (coordinates[-1] - coordinates[-2]) / (places[-1] - places[-2])
    return inside + first * np.minimum(at - places[0], 0.0) + last * np.maximum(at - places[-1], 0.0)


@dataclass(frozen=True, eq=False)
class TwoSidedFamily:
    """A family of structure in millimeters that changes over from a medial to a lateral unit of length.

    Stretching the lateral axis alone would turn a difference in number into one of shape. Here both sides are whole
    structures; between them the fields of a ``field`` family are mixed so that they remain Gaussian of unit variance,
    and the levels of a specimen so that their variance stays.

    Attributes:
        family: the structure.
        medial, lateral: coordinates on either side.
        middle_mm: lateral position of the change.
        half_width_mm: half the width over which it happens.
        thresholds: the level below which the fraction ``k / n`` of the volume lies, (n + 1,) float32.
    """

    family: Family
    medial: Side
    lateral: Side
    middle_mm: float
    half_width_mm: float
    thresholds: Floats

    def level(self, axes: Axes) -> Floats:
        """(z, y, x) level on the grid that lists of places (mm) span; low values are bone."""
        share = np.clip((axes[2] - self.middle_mm) / (2.0 * self.half_width_mm) + 0.5, 0.0, 1.0)
        angle = np.pi / 2 * share * share * (3.0 - 2.0 * share)
        if share.max() <= 0.0:
            return self.family.level(self.medial.at(axes))
        if share.min() >= 1.0:
            return self.family.level(self.lateral.at(axes))
        medial, lateral = share < 1.0, share > 0.0
        shape = tuple(len(values) for values in axes)
        parts = [
            (np.cos(angle[medial]), medial, self.medial.at((axes[0], axes[1], axes[2][medial]))),
            (np.sin(angle[lateral]), lateral, self.lateral.at((axes[0], axes[1], axes[2][lateral]))),
        ]
        if isinstance(self.family, FieldFamily):
            plates, others = (_mixed(tile.sample, parts, 0.0, shape) for tile in self.family.tiles)
            return np.sqrt(plates**2 + np.float32(self.family.rodness) * others**2)
        return _mixed(self.family.level, parts, float(self.thresholds[1:].mean()), shape)

    def threshold(self, bone_fraction: Floats) -> Floats:
        """The level below which this fraction of the volume lies."""
        wanted = np.ascontiguousarray(bone_fraction, np.float32)
        return _look_up(wanted.ravel(), self.thresholds).reshape(wanted.shape)


def _mixed(sample, parts, mean: float, shape: tuple[int, ...]) -> Floats:  # type: ignore[no-untyped-def]
    """Weighted sum of what a function gives at the columns of each part."""
    total = np.full(shape, mean, np.float32)
    for weights, columns, coordinates in parts:
        total[:, :, columns] += weights.astype(np.float32) * (sample(coordinates) - np.float32(mean))
    return total


@compiled
def _look_up(fraction, table):  # type: ignore[no-untyped-def]
    """Linear interpolation in a table of equal steps from 0 to 1."""
    last = table.size - 1
    found = np.empty_like(fraction)
    for i in range(fraction.size):
        place = min(max(fraction[i], np.float32(0.0)), np.float32(1.0)) * last
        below = min(int(place), last - 1)
        found[i] = table[below] + (place - below) * (table[below + 1] - table[below])
    return found
