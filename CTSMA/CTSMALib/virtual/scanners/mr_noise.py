"""Complex noise of an MR image that was acquired at a coarser resolution than its voxels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.virtual.scanners.line_response import WindowMTF
from CTSMALib.virtual.scanners.source import Spans
from CTSMALib.virtual.scanners.white_noise import key_of, white_noise

STREAM = 2
DESIGN = 512
REACH = 16  # pixels


@lru_cache(maxsize=32)
def _filter(window: WindowMTF, pixel_mm: float) -> NDArray[np.float32]:
    """(2 r + 1,) filter of unit energy: zero-filled k-space holds noise only where it was acquired, and windowed."""
    taps = np.fft.fftshift(np.fft.ifft(window(np.fft.fftfreq(DESIGN) / pixel_mm)).real)
    taps = taps[DESIGN // 2 - REACH : DESIGN // 2 + REACH + 1] * np.hanning(2 * REACH + 3)[1:-1]
    return (taps / np.sqrt(np.sum(taps**2))).astype(np.float32)


def complex_noise(
    spans: Spans, seed: int, window: WindowMTF, pixel_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Real and imaginary noise of standard deviation 1 in a part of a scan; independent from slice to slice.

    Args:
        spans: start and stop along z, y, x of the part.
        seed: of the scan.
        window: what of k-space was acquired, in plane.
        pixel_mm: reconstructed.
    """
    start = (spans[0][0], spans[1][0] - REACH, spans[2][0] - REACH)
    z, y, x = (stop - first for first, stop in spans)
    white = white_noise(key_of(seed, STREAM), start, (z, y + 2 * REACH, x + 2 * REACH))
    taps = _filter(window, pixel_mm)
    for axis in (2, 3):
        white = ndimage.correlate1d(white, taps, axis=axis)
        white = white[(slice(None),) * axis + (slice(REACH, -REACH),)]
    return white[0], white[1]
