"""From a property of fine voxels to the voxels of a scanner: blur, then values at the scanner's voxel centers.

Where the axes of both grids agree, up to order and sign, every scanner voxel is a weighted mean of fine voxels with
weights made for its own place: nothing is interpolated, and nothing aliases but what the fine grid itself has lost.
Elsewhere the fine volume is first interpolated linearly along the scanner's axes, about as finely, and the weights make
up for the blur of that. ``Testing/core/virtual/scanners/test_sampling.py`` holds the errors that remain.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.aligned import AlignedSampler
from CTSMALib.virtual.scanners.point_spread import PointSpread
from CTSMALib.virtual.scanners.source import Source, Spans
from CTSMALib.virtual.scanners.turned import TurnedSampler
from CTSMALib.volumes.grid import Grid

SAME_AXES = 1e-6
SLAB_VOXELS = 16_000_000  # fine voxels held at once


def sampled(source: Source, scan: Grid, spans: Spans, spread: PointSpread) -> NDArray[np.float32]:
    """The blurred property at the voxels of a part of a scan.

    Args:
        source: the property.
        scan: grid of the whole scan.
        spans: start and stop along z, y, x of the part.
        spread: point spread of the scanner.

    Returns:
        (z, y, x); equal to the cut-out from the whole scan up to rounding.

    Raises:
        InputError: the scan lies outside the tissue; or the part needs tissue beyond the grid, which is to be refused.
    """
    turned = np.reshape(source.grid.direction, (3, 3)).T @ np.reshape(scan.direction, (3, 3))
    fine_mm = np.sqrt(turned.T**2 @ np.square(source.grid.spacing_mm))[::-1]
    sampler: AlignedSampler | TurnedSampler
    if np.abs(np.abs(turned).max(axis=0) - 1.0).max() < SAME_AXES and source.distortion.is_off:
        responses = spread.on(fine_mm, 1)
        source.check(scan, spans, responses.reach_mm)
        sampler = AlignedSampler(source, scan, turned, responses)
    else:
        responses = spread.on(fine_mm, 3)
        source.check(scan, spans, responses.reach_mm)
        sampler = TurnedSampler(source, scan, spans, fine_mm, responses)
    (first, last), *across = spans
    slabs = max(int(np.ceil(sampler.fine_voxels(spans) / SLAB_VOXELS)), 1)
    edges = np.unique(np.linspace(first, last, slabs + 1).astype(int))
    found = np.empty([stop - start for start, stop in spans], dtype=np.float32)
    for start, stop in itertools.pairwise(edges):
        found[start - first : stop - first] = sampler.values(((int(start), int(stop)), *across))
    return found
