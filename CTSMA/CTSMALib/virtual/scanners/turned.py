"""Sampling where tissue and scanner are turned against each other, or the image is warped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from CTSMALib.virtual.scanners.point_spread import Responses
from CTSMALib.virtual.scanners.scan_grid import Box
from CTSMALib.virtual.scanners.source import Source, Spans
from CTSMALib.virtual.scanners.trilinear import interpolate
from CTSMALib.volumes.grid import Grid


class TurnedSampler:
    """Interpolates the fine volume along the scanner's axes and weights the result.

    The interpolated grid divides the scan's voxels, so that parts of a scan use the same points as the whole.

    Args:
        source: the property.
        scan: grid of the whole scan.
        spans: the part that is wanted in the end.
        fine_mm: (z, y, x) extent of a fine voxel along the scanner's axes.
        responses: of the scanner.
    """

    def __init__(
        self, source: Source, scan: Grid, spans: Spans, fine_mm: NDArray[np.float64], responses: Responses
    ) -> None:
        self._scan = scan
        self._source = source
        self._responses = responses
        spacing = np.array(scan.spacing_mm)[::-1]
        self._divisor = np.maximum(np.ceil(spacing / fine_mm - 1e-6), 1.0)
        self._step_mm = spacing / self._divisor
        turned = np.reshape(source.grid.direction, (3, 3)).T @ np.reshape(scan.direction, (3, 3))
        # the tissue's axis that runs most along each axis of the scan; neighbors are then neighbors in memory, too
        self._axes = linear_sum_assignment(-np.abs(turned).T)[1]
        self._start, self._fine = self._fine_values(spans)

    def fine_voxels(self, spans: Spans) -> float:
        """About how many interpolated voxels are held for a part of the scan."""
        return float(np.prod([(b - a + 4) * n for (a, b), n in zip(spans, self._divisor, strict=True)]))

    def values(self, spans: Spans) -> NDArray[np.float32]:
        """The property at the voxels of a part of the scan."""
        places = [np.arange(*span) * n for span, n in zip(spans, self._divisor, strict=True)]
        weighting = self._responses.weighting(places, self._step_mm)
        return weighting.applied(self._interpolated(weighting.box))

    def _fine_values(self, spans: Spans) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The first fine voxel x, y, z that is needed, and the property from there on, with axes like the scan's."""
        reach = np.array(self._responses.reach_mm) / np.array(self._scan.spacing_mm)[::-1] + 1.0
        low, high = self._source.extent(self._scan, np.array(spans) + np.stack([-reach, reach - 1.0], axis=1))
        size = np.array(self._source.grid.size)
        start = np.clip(np.floor(low), 0, size - 1).astype(int)
        stop = np.clip(np.ceil(high) + 1, start + 1, size).astype(int)
        x, y, z = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        return start, np.ascontiguousarray(self._source.values((z, y, x)).transpose(2 - self._axes[::-1]))

    def _interpolated(self, box: Box) -> NDArray[np.float32]:
        isocenter = np.array(self._source.distortion.isocenter_mm)
        steps = np.reshape(self._scan.direction, (3, 3)) * self._step_mm[::-1]
        first = np.array([cut.start for cut in box][::-1], dtype=float)
        to_mm = np.column_stack([steps, np.array(self._scan.origin_mm) + steps @ first - isocenter])
        fine = self._source.grid
        turn = np.reshape(fine.direction, (3, 3)).T / np.array(fine.spacing_mm)[:, None]
        to_voxel = np.column_stack([turn, turn @ (isocenter - fine.origin_mm) - self._start])
        to_voxel = to_voxel[self._axes]
        found = np.empty([cut.stop - cut.start for cut in box], dtype=np.float32)
        warped = self._source.distortion
        interpolate(self._fine, to_mm, warped.warp, warped.radius_mm**2, to_voxel, found)
        return found
