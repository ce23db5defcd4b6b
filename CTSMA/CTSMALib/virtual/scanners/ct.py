"""A virtual CT: tissue to stored CT numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.ct_noise import add_ct_noise
from CTSMALib.virtual.scanners.ct_numbers import bone_hu, tissue_hu
from CTSMALib.virtual.scanners.ct_protocol import CTProtocol
from CTSMALib.virtual.scanners.sampling import sampled
from CTSMALib.virtual.scanners.scan_grid import Box, checked_box
from CTSMALib.virtual.scanners.source import Source, Spans
from CTSMALib.virtual.scanners.tissue import TissueSource, check_grid
from CTSMALib.volumes.grid import Grid

AIR_HU = -1000.0


def scan_ct(
    tissue: TissueSource,
    protocol: CTProtocol,
    grid: Grid,
    seed: int,
    box: Box | None = None,
    *,
    refuse_beyond: bool = False,
) -> NDArray[np.int16]:
    """Scan tissue.

    CT numbers mix by volume (HU = f bone + (1 - f) tissue), are blurred by the kernel and the slice profile and taken
    at the scan's voxel centers; beam hardening, noise, calibration drift and saturation follow. Beam hardening and
    noise are functions of the place in the scan (and the seed), so a box equals the cut-out from the whole scan, but
    for single steps of rounding. There are no streaks: metal is saturated, and noise is the same everywhere.

    Args:
        tissue: beyond its grid, its outermost voxels repeat.
        protocol: how to scan.
        grid: of the whole scan; its z is the scanner's axis. :meth:`CTProtocol.grid` makes one.
        seed: of the noise.
        box: the part of the scan (z, y, x) to compute; all of it without.
        refuse_beyond: refuse boxes that need tissue beyond its grid.

    Returns:
        (z, y, x) HU of the box, within the protocol's lowest and highest.

    Raises:
        InputError: unusable grid or box; tissue missing.
    """
    check_grid(grid, "The CT")
    spans = checked_box(grid, box)
    hu = sampled(ct_source(tissue, protocol, refuse_beyond), grid, spans, protocol.point_spread)
    if protocol.cupping or any(protocol.tilt):
        hu += np.float32(-AIR_HU)
        hu *= _beam_hardening(protocol, grid, spans)
        hu -= np.float32(-AIR_HU)
    if protocol.noise_hu > 0.0:
        kernel = (protocol.kernel, protocol.noise_ramp)
        profile = (protocol.profile, protocol.increment_mm, protocol.pixel_mm)
        add_ct_noise(hu, spans, seed, protocol.noise_hu, kernel, profile)
    hu *= np.float32(protocol.slope)
    hu += np.float32(protocol.offset_hu)
    np.rint(hu, out=hu)
    return np.clip(hu, protocol.lowest_hu, protocol.highest_hu, out=hu).astype(np.int16)


def ct_source(tissue: TissueSource, protocol: CTProtocol, refuse_beyond: bool = False) -> Source:
    """The CT numbers of fine voxels, without blur and noise."""
    numbers = tissue_hu(protocol.kvp, protocol.tissue_hu)
    bone = np.float32(bone_hu(protocol.bone_hu, protocol.kvp))

    def values(box: Box) -> NDArray[np.float32]:
        fraction, label = tissue.part(box)
        soft = numbers[label]
        soft += fraction * (bone - soft)
        return soft

    return Source(tissue.grid, values, refuse_beyond=refuse_beyond)


def _beam_hardening(protocol: CTProtocol, grid: Grid, spans: Spans) -> NDArray[np.float32]:
    """(1, y, x) factor on HU + 1000: a bowl and a plane about the middle of the scan, 1 on average over the knee."""
    y, x = (
        (np.arange(*span) - 0.5 * (count - 1)) * step / protocol.beam_radius_mm
        for span, count, step in zip(spans[1:], grid.size[1::-1], grid.spacing_mm[1::-1], strict=True)
    )
    square = y[:, None] ** 2 + x**2
    # far outside the knee there is only air and the table
    bowl = protocol.cupping * (np.minimum(square, 2.0) - 0.5)
    return (1.0 + bowl + protocol.tilt[0] * x + protocol.tilt[1] * y[:, None])[None].astype(np.float32)
