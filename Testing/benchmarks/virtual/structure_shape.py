"""The shape of trabecular structure: radially averaged power spectrum, and how local diameters spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, stats

Floats = NDArray[np.floating]

STEP_PER_MM = 0.1  # between frequencies; boxes are padded for it
BAND_PER_MM = (0.2, 5.0)  # half of what voxels of 0.05 mm can hold
SLOPE_PER_MM = (1.5, 5.0)
SCALED = np.arange(0.5, 2.5 + 0.01, 0.05)  # frequency over the centroid, where spectra of different scale are compared
BIN, MOST = 0.02, 5.0  # of diameters over their mean; the last bin takes what is larger
PERCENTILES = (5, 50, 95)


@dataclass(frozen=True)
class Spectrum:
    """A radially averaged power spectrum of unit area over :data:`BAND_PER_MM`.

    Attributes:
        density: (k,) mm, at :func:`frequencies`.
    """

    density: Floats

    @property
    def centroid(self) -> float:
        """Mean frequency, weighted by the density, cycles per mm."""
        return float(np.sum(self.density * frequencies()) / np.sum(self.density))

    @property
    def peak(self) -> float:
        """Frequency of the largest density, cycles per mm."""
        return float(frequencies()[np.argmax(self.density)])

    @property
    def width(self) -> float:
        """How much of the band has at least half of the largest density, cycles per mm."""
        fine = np.linspace(*BAND_PER_MM, 4801)
        above = np.interp(fine, frequencies(), self.density) >= 0.5 * self.density.max()
        return float(above.mean() * (BAND_PER_MM[1] - BAND_PER_MM[0]))

    @property
    def slope(self) -> float:
        """Slope of log density over log frequency in :data:`SLOPE_PER_MM`, every octave counting alike."""
        at = np.geomspace(*SLOPE_PER_MM, 50)
        return float(np.polyfit(np.log(at), np.log(np.interp(at, frequencies(), self.density)), 1)[0])

    @property
    def scaled(self) -> Floats:
        """Density over frequency in units of the centroid, at :data:`SCALED`, of unit area there."""
        found = np.interp(SCALED * self.centroid, frequencies(), self.density)
        return found / (found.sum() * (SCALED[1] - SCALED[0]))


def frequencies() -> Floats:
    """(k,) cycles per mm in :data:`BAND_PER_MM`."""
    return STEP_PER_MM * np.arange(round(BAND_PER_MM[0] / STEP_PER_MM), round(BAND_PER_MM[1] / STEP_PER_MM) + 1)


def power_spectrum(bone: NDArray[np.bool_], voxel_mm: float) -> Spectrum:
    """Mean power of bone on shells of equal frequency, after a Hann window along each axis.

    Args:
        bone: (z, y, x) no longer than ``1 / STEP_PER_MM`` along any axis.
        voxel_mm: edge of its voxels.
    """
    count = round(1.0 / STEP_PER_MM / voxel_mm)
    z, y, x = (np.hanning(n + 2)[1:-1] for n in bone.shape)  # without the zeros at its ends
    window = z[:, None, None] * y[:, None] * x
    # The mean under the window is taken away, so that nothing of it leaks into the lowest frequencies.
    values = (bone - np.sum(bone * window) / window.sum()) * window
    power = np.abs(fft.rfftn(values, (count,) * 3)) ** 2
    whole, half = np.fft.fftfreq(count, 1.0 / count), np.arange(count // 2 + 1)
    shell = np.rint(np.sqrt(whole[:, None, None] ** 2 + whole[:, None] ** 2 + half**2)).astype(np.intp).ravel()
    twice = np.broadcast_to(np.where((half == 0) | (2 * half == count), 1.0, 2.0), power.shape).ravel()
    mean = np.bincount(shell, power.ravel() * twice) / np.bincount(shell, twice)
    first = round(BAND_PER_MM[0] / STEP_PER_MM)
    return unit_area(mean[first : first + len(frequencies())])


def unit_area(power: Floats) -> Spectrum:
    """Power at :func:`frequencies` as a spectrum of unit area."""
    return Spectrum(power / (power.sum() * STEP_PER_MM))


def rms_log10(first: Floats, second: Floats) -> float:
    """Root mean square difference of two densities' decadic logarithms."""
    return float(np.sqrt(np.mean(np.log10(first / second) ** 2)))


def spread_of(diameters_mm: NDArray[np.floating]) -> dict[str, float]:
    """How diameters spread: mean in mm, coefficient of variation, skewness, and percentiles over the mean."""
    values = np.asarray(diameters_mm, float)
    mean = float(values.mean())
    percentiles = np.percentile(values / mean, PERCENTILES)
    return {
        "mean_mm": mean,
        "cv": float(values.std() / mean),
        "skewness": float(stats.skew(values)),
        **{f"p{p}": float(value) for p, value in zip(PERCENTILES, percentiles, strict=True)},
    }


def centers() -> Floats:
    """(b,) middles of the bins of :func:`histogram_over_mean`."""
    return BIN * (np.arange(round(MOST / BIN)) + 0.5)


def histogram_over_mean(diameters_mm: NDArray[np.floating]) -> Floats:
    """(b,) shares of diameters over their mean in bins of :data:`BIN`."""
    index = np.asarray(diameters_mm, float) / (np.mean(diameters_mm, dtype=float) * BIN)
    last = round(MOST / BIN) - 1
    return np.bincount(np.minimum(index.astype(np.intp), last), minlength=last + 1) / len(diameters_mm)


def wasserstein(first: Floats, second: Floats) -> float:
    """Wasserstein-1 distance of two histograms over the mean, in units of the mean."""
    return float(stats.wasserstein_distance(centers(), centers(), first, second))
