"""A property of fine voxels, such as a CT number, before a scanner blurs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners.distortion import GradientDistortion
from CTSMALib.virtual.scanners.scan_grid import Box, continuous_index
from CTSMALib.volumes.grid import Grid

Floats = NDArray[np.float64]
Spans = tuple[tuple[int, int], ...]  # start and stop along z, y, x

OVERHANG = 0.51  # of a fine voxel: its own half, and rounding
NOT_WARPED = GradientDistortion()


@dataclass(frozen=True)
class Source:
    """A property of fine voxels.

    Attributes:
        grid: of the fine voxels.
        values: gives the property, (z, y, x) float32, of a box of them.
        distortion: where the body appears.
        refuse_beyond: whether it is an error to need voxels beyond the grid; otherwise the outermost repeat.
    """

    grid: Grid
    values: Callable[[Box], NDArray[np.float32]]
    distortion: GradientDistortion = NOT_WARPED
    refuse_beyond: bool = False

    def extent(self, scan: Grid, index: Floats) -> Floats:
        """(2, 3) lowest and highest fine voxel x, y, z that is shown within a box of a scan.

        Args:
            scan: its grid.
            index: (3, 2) lowest and highest voxel along z, y, x; fractions and places beyond the scan are allowed.
        """
        corners = np.stack(np.meshgrid(*index[::-1], indexing="ij"), axis=-1).reshape(-1, 3)
        points = (corners * scan.spacing_mm) @ np.reshape(scan.direction, (3, 3)).T + scan.origin_mm
        found = continuous_index(self.grid, points)
        # a corner is farthest from the isocenter, or the isocenter is within: nothing in the box moves farther
        moved = np.linalg.norm(self.distortion.displacement_mm(points), axis=1).max() / np.array(self.grid.spacing_mm)
        return np.stack([found.min(axis=0) - moved, found.max(axis=0) + moved])

    def check(self, scan: Grid, spans: Spans, reach_mm: tuple[float, float, float]) -> None:
        """Refuse scans of nothing.

        Raises:
            InputError: the whole scan lies outside the tissue; or a response of the reach (z, y, x) needs tissue beyond
                the grid for the part of the scan, and that is to be refused.
        """
        last = np.array(self.grid.size) - 1.0
        low, high = self.extent(scan, np.array([(0.0, count - 1.0) for count in scan.size[::-1]]))
        if np.any(low > last + OVERHANG) or np.any(high < -OVERHANG):
            raise InputError("The scan lies outside the tissue.", "Place the scan so that it meets the tissue.")
        if not self.refuse_beyond:
            return
        reach = np.array(reach_mm) / np.array(scan.spacing_mm)[::-1]
        low, high = self.extent(scan, np.array(spans) + np.stack([-reach, reach - 1.0], axis=1))
        short = (np.maximum(-low, high - last) - OVERHANG) * self.grid.spacing_mm
        if short.max() > 0.0:
            raise InputError(
                f"The tissue ends {short.max():.2f} mm too early for this part of the scan.",
                "Give tissue with a wider margin; the protocol says how wide.",
            )
