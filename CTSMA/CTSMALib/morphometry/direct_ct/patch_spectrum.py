"""Power spectrum of a patch: how its variance spreads over spatial frequencies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from CTSMALib.morphometry.direct_ct.masked_patches import MaskedPatches, divided

Floats = NDArray[np.float64]

BAND_EDGES_PER_MM = (0.1, 0.25, 0.5, 0.75, 1.0)  # cycles/mm
SHELL_PER_MM = 0.125  # width of the shells behind the slope: one over the patch edge
LOWEST_SHELL = 2  # the first one is emptied by the removal of the plane
LOWEST_POWER_HU2 = 1e-2


def spectrum(residual: MaskedPatches) -> dict[str, Floats]:
    """Band powers, slope and centroid of the spectrum about the fitted plane; each (n,).

    A Hann window over the valid cells precedes the Fourier transform. Powers are normalized so that
    they sum to the windowed variance.
    """
    power, radius = _power(residual)
    found = {}
    for number, (low, high) in enumerate(pairwise(BAND_EDGES_PER_MM), start=1):
        band = power @ ((radius >= low) & (radius < high)).astype(float)
        found[f"ct_power_band_{number}"] = np.log10(np.maximum(band, LOWEST_POWER_HU2))
    counted = (radius >= BAND_EDGES_PER_MM[0]) & (radius < BAND_EDGES_PER_MM[-1])
    total = power @ counted.astype(float)
    total = np.where(total > LOWEST_POWER_HU2, total, 0.0)
    found["ct_spectral_slope"] = np.where(total > 0.0, _slope(power, radius), np.nan)
    found["ct_spectral_centroid"] = divided(power @ (radius * counted), total)
    return found


def _power(residual: MaskedPatches) -> tuple[Floats, Floats]:
    """(n, k) power of every frequency in HU^2, and the k radial frequencies in cycles/mm."""
    size = residual.hu.shape[1]
    hann = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    window = residual.valid * hann[:, None, None] * hann[:, None] * hann
    axes = (1, 2, 3)
    center = divided(np.sum(residual.hu * window, axis=axes), np.sum(window, axis=axes))
    windowed = (residual.hu - np.nan_to_num(center)[:, None, None, None]) * window
    square = np.abs(fft.rfftn(windowed, axes=axes)) ** 2
    half = fft.rfftfreq(size, residual.step_mm)
    twice = np.full(len(half), 2.0)  # the other half of the spectrum is its mirror image
    twice[0] = 1.0
    if size % 2 == 0:
        twice[-1] = 1.0
    norm = size**3 * np.sum(window**2, axis=axes)
    power = divided(square * twice, np.broadcast_to(norm[:, None, None, None], square.shape))
    whole = np.abs(fft.fftfreq(size, residual.step_mm))
    radius = np.sqrt(whole[:, None, None] ** 2 + whole[:, None] ** 2 + half**2)
    return np.nan_to_num(power).reshape(len(power), radius.size), radius.ravel()


def _slope(power: Floats, radius: Floats) -> Floats:
    """Slope of log power per frequency cell over log frequency, from shells of equal width."""
    shell = np.rint(radius / SHELL_PER_MM).astype(int)
    numbers = np.arange(LOWEST_SHELL, int(BAND_EDGES_PER_MM[-1] / SHELL_PER_MM))
    member = shell[:, None] == numbers
    occupied = member.any(axis=0)
    mean = (power @ member[:, occupied].astype(float)) / member[:, occupied].sum(axis=0)
    level = np.log10(np.maximum(mean, 1e-12))
    log_frequency = np.log10(numbers[occupied] * SHELL_PER_MM)
    centerd = log_frequency - log_frequency.mean()
    return (level @ centerd) / np.sum(centerd**2)
