"""Correlated noise of a reconstructed CT."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from CTSMALib.virtual.scanners.line_response import SliceMTF
from CTSMALib.virtual.scanners.point_spread import MTF
from CTSMALib.virtual.scanners.source import Spans
from CTSMALib.virtual.scanners.white_noise import key_of, white_noise

Floats = NDArray[np.floating]

STREAM = 1
DESIGN = 256  # frequencies along each axis
REACH_PIXELS = 24
LEAST_REACH, MOST_REACH = 8, 64  # slices
REACH_PER_SLICE = 2.5  # thicknesses of the slice
ALIASES = (-1, 0, 1)
SLAB_VOXELS = 4_000_000  # of noise, held at once


def noise_power(radial: MTF, per_mm: Floats, ramp: float) -> Floats:
    """Relative noise power of filtered back-projection at radial frequencies, cycles per mm.

    White noise in the projections becomes ``f |G(f)|^2`` in the image, where the ramp filter times the kernel's window
    G was applied (Riederer, Pelc and Chesler 1978, Phys Med Biol 23:446); G is taken as the kernel's MTF.

    Args:
        radial: MTF of the kernel.
        per_mm: frequencies.
        ramp: power of f, 1 for filtered back-projection; iterative reconstructions have less.
    """
    return np.abs(per_mm) ** ramp * radial(per_mm) ** 2


@lru_cache(maxsize=32)
def _in_plane(radial: MTF, pixel_mm: float, ramp: float) -> NDArray[np.float32]:
    """(2 r + 1, 2 r + 1) filter of unit energy that gives white noise of the pixels the folded spectrum."""
    cycles = np.fft.fftfreq(DESIGN)
    power = np.zeros((DESIGN, DESIGN))
    for m in ALIASES:
        for n in ALIASES:
            power += noise_power(radial, np.hypot(cycles[:, None] + m, cycles + n) / pixel_mm, ramp)
    taps = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)
    middle, r = DESIGN // 2, REACH_PIXELS
    taps = taps[middle - r : middle + r + 1, middle - r : middle + r + 1]
    fade = np.hanning(4 * r + 3)[r + 1 : 3 * r + 2]  # one in the middle, a half at the ends
    distance = np.hypot(*np.meshgrid(np.arange(-r, r + 1), np.arange(-r, r + 1)))
    taps = taps * np.interp(distance, np.arange(-r, r + 1), fade) * (distance <= r)
    return (taps / np.sqrt(np.sum(taps**2))).astype(np.float32)


@lru_cache(maxsize=32)
def _through(profile: SliceMTF, increment_mm: float) -> Floats:
    """(2 r + 1,) filter of unit energy along the slices: the folded spectrum of the slice profile."""
    cycles = np.fft.fftfreq(DESIGN)[:, None] + np.arange(-20, 21)
    taps = np.fft.fftshift(np.fft.ifft(np.sqrt(np.sum(profile(cycles / increment_mm) ** 2, axis=1))).real)
    reach = int(np.clip(np.ceil(REACH_PER_SLICE * profile.thickness_mm / increment_mm), LEAST_REACH, MOST_REACH))
    taps = taps[DESIGN // 2 - reach : DESIGN // 2 + reach + 1]
    return taps / np.sqrt(np.sum(taps**2))


def add_ct_noise(
    image: NDArray[np.float32],
    spans: Spans,
    seed: int,
    sd: float,
    kernel: tuple[MTF, float],
    profile: tuple[SliceMTF, float, float],
) -> None:
    """Add noise to a part of a scan, in place; a part gets what the whole scan has there.

    Args:
        image: (z, y, x) of the part.
        spans: start and stop along z, y, x of the part.
        seed: of the scan.
        sd: standard deviation, in the image's unit.
        kernel: radial MTF, and power of the ramp.
        profile: slice profile, distance of the slices, pixel; mm.
    """
    (radial, ramp), (thickness, increment_mm, pixel_mm) = kernel, profile
    plane = np.float32(sd) * _in_plane(radial, pixel_mm, ramp)
    along = _through(thickness, increment_mm)
    key, r, reach = key_of(seed, STREAM), REACH_PIXELS, len(along) // 2
    rows, columns = image.shape[1] + 2 * r, image.shape[2] + 2 * r
    at_once = max(SLAB_VOXELS // (rows * columns), 2 * reach)
    for start in range(0, len(image), at_once):
        part = image[start : start + at_once]
        first = (spans[0][0] + start - reach, spans[1][0] - r, spans[2][0] - r)
        white = white_noise(key, first, (len(part) + 2 * reach, rows, columns))[0]
        white = ndimage.correlate1d(white, along, axis=0)[reach : reach + len(part)]
        part += signal.oaconvolve(white, plane[None], mode="valid", axes=(1, 2))
