"""A virtual MR scanner: tissue to a stored magnitude image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.bone_broadening import broadened
from CTSMALib.virtual.scanners.coil import CoilField
from CTSMALib.virtual.scanners.mr_noise import complex_noise
from CTSMALib.virtual.scanners.mr_protocol import MRProtocol
from CTSMALib.virtual.scanners.sampling import sampled
from CTSMALib.virtual.scanners.scan_grid import Box, checked_box
from CTSMALib.virtual.scanners.source import Source, Spans
from CTSMALib.virtual.scanners.tissue import TissueSource, check_grid
from CTSMALib.volumes.grid import Grid

SLAB_VOXELS = 8_000_000
HIGHEST = 32767


def scan_mr(
    tissue: TissueSource,
    protocol: MRProtocol,
    grid: Grid,
    seed: int,
    box: Box | None = None,
    *,
    refuse_beyond: bool = False,
) -> NDArray[np.int16]:
    """Scan tissue.

    Signals mix by volume; bone has none and looks thicker by the protocol's broadening. They are seen through the
    acquired part of k-space and the slice profile, at the scan's voxel centers, where gradient distortion puts them;
    coil sensitivity and complex noise follow, then the magnitude (Rician noise). Sensitivity and noise are functions of
    the place in the scan and the seed, so a box equals the cut-out from the whole scan, but for single steps of
    rounding. Series of one knee need seeds of their own, or they share their noise. There are no bands, no chemical
    shift, no motion; metal is a void without artifacts; slices have a profile as in 2-D, also where a sequence is 3-D.

    Args:
        tissue: beyond its grid, its outermost voxels repeat.
        protocol: how to scan.
        grid: of the whole scan, any direction; its z runs across the slices. :meth:`MRProtocol.grid` makes one.
        seed: of coil sensitivity and noise.
        box: the part of the scan (z, y, x) to compute; all of it without.
        refuse_beyond: refuse boxes that need tissue beyond its grid.

    Returns:
        (z, y, x) values of the box, 0 and up; see :meth:`MRProtocol.tissue_values`.

    Raises:
        InputError: unusable grid or box; tissue missing.
    """
    check_grid(grid, "The MR")
    spans = checked_box(grid, box)
    signal = sampled(mr_source(tissue, protocol, refuse_beyond), grid, spans, protocol.point_spread)
    along_leg = 2 - int(np.abs(np.reshape(grid.direction, (3, 3))[2]).argmax())
    coil = CoilField.of(seed, protocol.bias_range, grid.size[::-1], along_leg)
    found = np.empty(signal.shape, dtype=np.int16)
    at_once = max(SLAB_VOXELS // int(np.prod(signal.shape[1:])), 1)
    for start in range(0, len(signal), at_once):
        part = signal[start : start + at_once]
        first = spans[0][0] + start
        found[start : start + at_once] = _magnitude(
            part, protocol, coil, seed, ((first, first + len(part)), *spans[1:])
        )
    return found


def _magnitude(
    signal: NDArray[np.float32], protocol: MRProtocol, coil: CoilField, seed: int, spans: Spans
) -> NDArray[np.int16]:
    real, imaginary = complex_noise(spans, seed, protocol.window, protocol.pixel_mm)
    sd = np.float32(protocol.reference_value / protocol.snr)
    real *= sd
    imaginary *= sd
    real += signal * coil.factor(spans).astype(np.float32)
    magnitude = np.hypot(real, imaginary, out=real)
    return np.minimum(np.rint(magnitude, out=magnitude), HIGHEST).astype(np.int16)


def mr_source(tissue: TissueSource, protocol: MRProtocol, refuse_beyond: bool = False) -> Source:
    """The signals of fine voxels, without blur, coil and noise."""
    table = protocol.tissue_values()

    def values(box: Box) -> NDArray[np.float32]:
        bone, label = broadened(tissue, protocol.broadening_mm, box)
        marrow = np.float32(1.0) - bone
        marrow *= table[label]
        return marrow

    return Source(tissue.grid, values, protocol.distortion, refuse_beyond)
