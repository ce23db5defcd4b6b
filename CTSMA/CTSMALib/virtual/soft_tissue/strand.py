"""Muscles, tendons and vessels as strands: smooth curves along the leg with an elliptical section."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from CTSMALib.virtual.field import Field
from CTSMALib.virtual.soft_tissue.knee_space import FAR_MM

MARGIN_MM = 6.0
END_MM = 14.0  # over which the ends of strands do not swell fully

Array = NDArray[np.float64]
Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Strand:
    """One strand.

    Attributes:
        name: what it is.
        rows: (n, 6) from proximal to distal: proximal, lateral and anterior position of the middle (mm), half width
            and half depth of the section (mm), and the angle (degrees) from lateral towards anterior of its width.
    """

    name: str
    rows: Array

    def sections(self, z_mm: Array) -> tuple[Array, Array]:
        """Rows without position along the leg, (n, 5), at other levels, and their slopes."""
        ascending = self.rows[::-1]
        curve = PchipInterpolator(ascending[:, 0], ascending[:, 1:], axis=0)
        inside = np.clip(z_mm, ascending[0, 0], ascending[-1, 0])
        return curve(inside), curve(inside, 1)


def strand_depth(
    strand: Strand, lattice: Field, margin_mm: float = MARGIN_MM
) -> tuple[tuple[slice, slice, slice], Values, Values]:
    """Signed distance (mm), about true near the surface, in the box around a strand; positive inside.

    Args:
        strand: in knee space.
        lattice: of knee space.
        margin_mm: how far the box reaches beyond the strand.

    Returns:
        The box, the distance there, and the smaller half of the section at each level, (z, 1, 1) mm, running out
        towards the ends.
    """
    z, y, x = lattice.axes_mm
    low_end, high_end = strand.rows[-1, 0], strand.rows[0, 0]
    levels = slice(*np.searchsorted(z, (low_end - margin_mm, high_end + margin_mm)))
    sections, slopes = strand.sections(z[levels])
    reach = np.maximum(sections[:, 2], sections[:, 3]) + margin_mm
    rows = slice(*np.searchsorted(y, _span(sections[:, 1], reach)))
    columns = slice(*np.searchsorted(x, _span(sections[:, 0], reach)))
    cx, cy, a, b, turn = (v[:, None, None].astype(np.float32) for v in sections.T)
    dx = x[None, None, columns].astype(np.float32) - cx
    dy = y[None, rows, None].astype(np.float32) - cy
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    u = (dx * cos + dy * sin) / a
    v = (dy * cos - dx * sin) / b
    along = _slope(slopes, cos, sin, a, b)
    radius = np.sqrt(u * u + v * v) + np.float32(1e-3)
    steepness = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (u * along[0] + v * along[1]) ** 2) / radius + np.float32(1e-3)
    depth = np.minimum((1 - radius) / steepness, np.minimum(a, b))
    ends = np.minimum(z[levels] - low_end, high_end - z[levels]).astype(np.float32)[:, None, None]
    half = np.minimum(a, b) * np.clip(ends / np.float32(END_MM), 0, 1)
    return (levels, rows, columns), np.minimum(depth, ends), half


def _span(middle: Array, reach: Array) -> tuple[float, float]:
    return (0.0, -1.0) if len(middle) == 0 else (float((middle - reach).min()), float((middle + reach).max()))


def _slope(slopes: Array, cos: Array, sin: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """How fast the middle moves along the leg, in half widths and half depths."""
    sx, sy = (slopes[:, i, None, None].astype(np.float32) for i in (0, 1))
    return (sx * cos + sy * sin) / a, (sy * cos - sx * sin) / b


def union(strands: list[Strand], lattice: Field) -> Values:
    """Signed distance of strands together, positive inside.

    Args:
        strands: in knee space.
        lattice: of knee space.
    """
    total = np.full(lattice.values.shape, -FAR_MM, np.float32)
    for strand in strands:
        box, depth, _ = strand_depth(strand, lattice)
        total[box] = np.maximum(total[box], depth)
    return total


def packed(strands: list[Strand], lattice: Field, swell: float, gap_mm: float) -> tuple[Values, Values]:
    """Strands as they are, and swollen until they meet their neighbors.

    Args:
        strands: in knee space.
        lattice: of knee space.
        swell: by how much each may grow, relative to the smaller half of its section there.
        gap_mm: width of the fat between strands that meet.

    Returns:
        Signed distances (mm), positive inside, of the strands as they are and of the swollen ones.
    """
    slim = np.full(lattice.values.shape, -FAR_MM, np.float32)
    first, second = slim.copy(), slim.copy()
    for strand in strands:
        grown_mm = swell * float(np.minimum(strand.rows[:, 3], strand.rows[:, 4]).max())
        box, depth, half = strand_depth(strand, lattice, MARGIN_MM + grown_mm)
        slim[box] = np.maximum(slim[box], depth)
        depth += np.float32(swell) * half
        second[box] = np.maximum(second[box], np.minimum(first[box], depth))
        first[box] = np.maximum(first[box], depth)
    return slim, np.minimum(first, (first - second - np.float32(gap_mm)) / 2)
