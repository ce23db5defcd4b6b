"""Sampling where the axes of tissue and scanner agree up to order and sign: each voxel has weights of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.point_spread import Responses
from CTSMALib.virtual.scanners.scan_grid import Box, continuous_index
from CTSMALib.virtual.scanners.source import Source, Spans
from CTSMALib.volumes.grid import Grid

ZYX = (2, 1, 0)  # the scan's axes, by number, in the order of arrays


class AlignedSampler:
    """Weights fine voxels without interpolation.

    Args:
        source: the property.
        scan: grid of the whole scan.
        turned: 3 × 3 the scan's axes (columns) in the frame of the tissue's: a permutation with signs.
        responses: of the scanner.
    """

    def __init__(self, source: Source, scan: Grid, turned: NDArray[np.float64], responses: Responses) -> None:
        self._source = source
        self._responses = responses
        self._axis = np.abs(turned).argmax(axis=0)  # of the tissue, for x, y, z of the scan
        self._backward = turned[self._axis, np.arange(3)] < 0.0
        self._fine = np.array(source.grid.spacing_mm)[self._axis]
        self._count = np.array(source.grid.size)[self._axis]
        first = continuous_index(source.grid, scan.origin_mm)[0][self._axis]
        self._first = np.where(self._backward, self._count - 1 - first, first)
        self._step = np.array(scan.spacing_mm) / self._fine

    def fine_voxels(self, spans: Spans) -> float:
        """About how many fine voxels are held for a part of the scan."""
        return float(np.prod([(stop - start + 4) * self._step[a] for (start, stop), a in zip(spans, ZYX, strict=True)]))

    def values(self, spans: Spans) -> NDArray[np.float32]:
        """The property at the voxels of a part of the scan."""
        places = [self._first[a] + np.arange(*span) * self._step[a] for span, a in zip(spans, ZYX, strict=True)]
        z, y, x = (int(self._count[a]) for a in ZYX)
        weighting = self._responses.weighting(places, self._fine[::-1], (z, y, x))
        return weighting.applied(self._fine_values(weighting.box))

    def _fine_values(self, box: Box) -> NDArray[np.float32]:
        """The property, with the scan's axes, in a box given in them."""
        of_tissue = [slice(0)] * 3
        for cut, a in zip(box, ZYX, strict=True):
            n = int(self._count[a])
            of_tissue[2 - self._axis[a]] = slice(n - cut.stop, n - cut.start) if self._backward[a] else cut
        found = self._source.values((of_tissue[0], of_tissue[1], of_tissue[2]))
        found = found.transpose([2 - int(self._axis[a]) for a in ZYX])
        return np.ascontiguousarray(np.flip(found, tuple(2 - a for a in ZYX if self._backward[a])))
