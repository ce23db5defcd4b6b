"""Oblique slices through a volume, and the outline in which a slice cuts a patch."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import EDGE_MM

AIR_HU = -1024.0
_CORNERS = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
_EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(_CORNERS[a] - _CORNERS[b]).sum() == 1.0]


@dataclass(frozen=True)
class Plane:
    """A rectangle in space that becomes a picture.

    Attributes:
        center_mm: (3,) LPS point at the middle of the picture.
        right: (3,) LPS unit vector towards the right edge.
        up: (3,) LPS unit vector towards the upper edge, perpendicular to ``right``.
        width_mm: extent along ``right``.
        height_mm: extent along ``up``.
    """

    center_mm: NDArray[np.float64]
    right: NDArray[np.float64]
    up: NDArray[np.float64]
    width_mm: float
    height_mm: float

    def points_mm(self, spacing_mm: float) -> NDArray[np.float64]:
        """(rows from the top, columns, 3) LPS places of the pixels of :func:`resample`."""
        columns, rows = round(self.width_mm / spacing_mm), round(self.height_mm / spacing_mm)
        along = (np.arange(columns) - (columns - 1) / 2) * spacing_mm
        down = (np.arange(rows) - (rows - 1) / 2) * spacing_mm
        points: NDArray[np.float64] = self.center_mm + along[None, :, None] * self.right - down[:, None, None] * self.up
        return points

    def to_picture(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS points (..., 3) to (right, up, out of plane) in mm from the middle of the picture."""
        basis = np.stack([self.right, self.up, np.cross(self.right, self.up)])
        return (np.asarray(points_lps_mm, dtype=float) - self.center_mm) @ basis.T


def resample(image: sitk.Image, plane: Plane, spacing_mm: float, outside: float = AIR_HU) -> NDArray[np.float32]:
    """Linear samples of a volume on a plane, (rows from the top, columns)."""
    size = [round(plane.width_mm / spacing_mm), round(plane.height_mm / spacing_mm), 1]
    corner = plane.center_mm - plane.right * (size[0] - 1) / 2 * spacing_mm + plane.up * (size[1] - 1) / 2 * spacing_mm
    direction = np.stack([plane.right, -plane.up, np.cross(plane.right, -plane.up)], axis=1)
    cut = sitk.Resample(
        image,
        size,
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear,
        corner.tolist(),
        [spacing_mm] * 3,
        direction.ravel().tolist(),
        outside,
        sitk.sitkFloat32,
    )
    return np.asarray(sitk.GetArrayFromImage(cut)[0], dtype=np.float32)


def cut_cube(
    plane: Plane, center_lps_mm: NDArray[np.float64], axes: NDArray[np.float64], edge_mm: float = EDGE_MM
) -> NDArray[np.float64] | None:
    """The polygon (N, 2), in picture mm, in which a plane cuts a cube; ``None`` where it misses the cube.

    Args:
        plane: the slice.
        center_lps_mm: (3,) center of the cube.
        axes: (3, 3), rows are the directions of its edges.
        edge_mm: length of its edges.
    """
    corners = plane.to_picture(center_lps_mm + edge_mm * _CORNERS @ axes)
    points = []
    for a, b in _EDGES:
        start, stop = corners[a], corners[b]
        if (start[2] < 0) != (stop[2] < 0):
            share = start[2] / (start[2] - stop[2])
            points.append((start + share * (stop - start))[:2])
    if len(points) < 3:
        return None
    found = np.array(points)
    middle = found.mean(axis=0)
    return found[np.argsort(np.arctan2(found[:, 1] - middle[1], found[:, 0] - middle[0]))]
