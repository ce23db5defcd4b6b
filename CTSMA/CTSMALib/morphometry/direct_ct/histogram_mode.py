"""The most frequent value of a sample, by a smoothed histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BINS_PER_BANDWIDTH = 4
HALF_WIDTH_LEVEL = float(np.exp(-0.5))  # height of a normal density one standard deviation off its center
TOP_LEVEL = 0.9


@dataclass(frozen=True)
class Mode:
    """A peak of a distribution.

    Attributes:
        value: its center.
        sd: half its width at 61 % of its height, which is the standard deviation of a normal peak.
        samples: number of samples within that width.
    """

    value: float
    sd: float
    samples: int


def histogram_mode(samples: NDArray[np.floating], window: tuple[float, float], bandwidth: float) -> Mode | None:
    """Find the highest peak inside a window.

    Args:
        samples: one-dimensional.
        window: where the center may lie; a maximum at its rim is no peak.
        bandwidth: standard deviation of the smoothing kernel, in units of the samples.

    Returns:
        The peak, or ``None`` where there is none.
    """
    step = bandwidth / BINS_PER_BANDWIDTH
    reach = 0.5 * (window[1] - window[0])
    edges = np.arange(window[0] - reach, window[1] + reach + step, step)
    counts = np.histogram(samples, edges)[0].astype(float)
    density = ndimage.gaussian_filter1d(counts, BINS_PER_BANDWIDTH, mode="constant")
    inside = np.flatnonzero((edges[:-1] >= window[0]) & (edges[1:] <= window[1]))
    peak = int(inside[np.argmax(density[inside])])
    if density[peak] <= 0.0 or peak in (inside[0], inside[-1]):
        return None
    low, high = _run(density, peak, TOP_LEVEL)
    top = samples[(samples >= edges[low]) & (samples < edges[high + 1])]
    value = float(np.mean(top)) if len(top) else 0.5 * float(edges[peak] + edges[peak + 1])
    low, high = _run(density, peak, HALF_WIDTH_LEVEL)
    count = int(counts[low : high + 1].sum())
    return Mode(value, 0.5 * float(edges[high + 1] - edges[low]), count)


def _run(density: NDArray[np.float64], peak: int, level: float) -> tuple[int, int]:
    """First and last bin of the stretch around the peak that stays above a share of its height."""
    above = density >= level * density[peak]
    low = peak - int(np.argmin(above[peak::-1])) + 1 if not above[: peak + 1].all() else 0
    high = peak + int(np.argmin(above[peak:])) - 1 if not above[peak:].all() else len(density) - 1
    return low, high
