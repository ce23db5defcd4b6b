"""Smooth random variation as a function of place, the same on any lattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.virtual.microstructure.periodic_tile import PeriodicTile, tile_of

SAMPLES = 32
SAMPLES_A_LENGTH = 4  # a length is a half wave: from a hill to the next hollow


def smooth_noise(seed: tuple[int, ...], length_mm: float) -> PeriodicTile:
    """A random field of mean zero and unit variance that repeats after eight lengths.

    Args:
        seed: of the random numbers.
        length_mm: typical distance from a hill to the next hollow.
    """
    white = np.random.default_rng(seed).standard_normal((SAMPLES,) * 3)
    smooth = ndimage.gaussian_filter(white, 0.45 * SAMPLES_A_LENGTH, mode="wrap")
    smooth -= smooth.mean()
    return tile_of((smooth / smooth.std()).astype(np.float32), length_mm / SAMPLES_A_LENGTH)


def smooth_line(rng: np.random.Generator, positions_mm: NDArray[np.float64], length_mm: float) -> NDArray[np.float64]:
    """Smooth random variation along a line at even steps: mean zero, unit variance over many lines.

    Args:
        rng: source of random numbers.
        positions_mm: (n,) where, from the first to the last in order.
        length_mm: distance of the random values between which a smooth curve is laid.
    """
    from scipy.interpolate import make_interp_spline

    count = int(np.ceil((positions_mm[-1] - positions_mm[0]) / length_mm)) + 4
    knots = positions_mm[0] + length_mm * (np.arange(count) - 1.5)
    return make_interp_spline(knots, rng.standard_normal(count), k=3)(positions_mm)
