"""The response of a scanner along one axis: from a modulation transfer function (MTF) to weights of fine voxels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

STEPS_PER_WIDTH = 60  # of the table, per full width of the narrowest structure that the MTF passes
NEGLIGIBLE_MTF = 1e-5
NEGLIGIBLE_TAIL = 2e-4  # of the peak of a response
HIGHEST_PER_MM = 40.0
MOST_GAIN = 2.0  # where voxels are coarse against the blur, more would ring
FADE = 0.35  # share of the reach over which a cut tail fades out


@dataclass(frozen=True)
class GaussianMTF:
    """A Gaussian of a full width at half maximum, mm."""

    fwhm_mm: float

    def __call__(self, per_mm: Floats) -> Floats:
        """MTF at frequencies in cycles per mm."""
        return np.exp(-2.0 * (np.pi * self.fwhm_mm * per_mm) ** 2 / (8.0 * np.log(2.0)))


@dataclass(frozen=True)
class SliceMTF:
    """A slice profile: a box blurred by a Gaussian.

    Attributes:
        thickness_mm: of the box, which is the profile's full width at half maximum.
        blur_mm: FWHM of the Gaussian (focal spot and table motion in CT, the pulse's flanks in MR).
    """

    thickness_mm: float
    blur_mm: float

    def __call__(self, per_mm: Floats) -> Floats:
        """MTF at frequencies in cycles per mm; negative beyond the first zero."""
        return np.sinc(per_mm * self.thickness_mm) * GaussianMTF(self.blur_mm)(per_mm)


@dataclass(frozen=True)
class WindowMTF:
    """k-space out to the acquired resolution, its outer part faded by a cosine (Tukey's window).

    Attributes:
        acquired_mm: acquired voxel; k-space ends at 1 / (2 acquired_mm).
        fade: faded share of k-space, 0 (sinc) to 1 (Hann's window).
    """

    acquired_mm: float
    fade: float

    def __call__(self, per_mm: Floats) -> Floats:
        """MTF at frequencies in cycles per mm."""
        place = 2.0 * self.acquired_mm * np.abs(per_mm)
        outer = np.clip((place - (1.0 - self.fade)) / max(self.fade, 1e-9), 0.0, 1.0)
        return np.where(place <= 1.0, 0.5 + 0.5 * np.cos(np.pi * outer), 0.0)

    @property
    def noise_width_mm(self) -> float:
        """Integral of the squared autocorrelation of noise that passed it: the resolution that such noise shows."""
        per_mm = np.linspace(0.0, 0.5 / self.acquired_mm, 2000)
        power = self(per_mm) ** 2
        return float(np.sum(power**2) / (2.0 * np.sum(power) ** 2 * per_mm[1]))


@dataclass(frozen=True)
class LineResponse:
    """A tabulated, symmetric response to a point.

    Attributes:
        step_mm: of the table.
        values: (n,) at 0, step, 2 step, ...; the last ones are zero.
    """

    step_mm: float
    values: Floats

    @property
    def reach_mm(self) -> float:
        """Beyond this distance the response is zero."""
        return self.step_mm * (len(self.values) - 1)

    def __call__(self, distance_mm: Floats) -> Floats:
        """The response at distances of either sign, linearly interpolated in the table."""
        place = np.abs(distance_mm) / self.step_mm
        return np.interp(place, np.arange(len(self.values)), self.values, right=0.0)


@lru_cache(maxsize=256)
def line_response(mtf: Callable[[Floats], Floats], fine_mm: float, smoothings: int, longest_mm: float) -> LineResponse:
    """The weights that give an MTF when applied to fine voxels which are blurred already.

    A fine voxel is the mean over its edge, a blur of MTF sinc(f h), and linear interpolation between voxels adds
    sinc(f h) squared on average over positions. The response is the inverse cosine transform of the wanted MTF
    divided by that, so that both together are the wanted MTF. The division ends at the fine grid's Nyquist frequency,
    and its gain is limited.

    Args:
        mtf: wanted, by frequency in cycles per mm; hashable.
        fine_mm: edge h of the fine voxels.
        smoothings: powers of sinc to make up for: 1 for voxels as they are, 3 after linear interpolation.
        longest_mm: the response fades to zero up to there, should it not be negligible earlier.
    """
    trial = np.linspace(0.0, HIGHEST_PER_MM, 4001)
    passed = np.abs(mtf(trial)) > NEGLIGIBLE_MTF
    highest = float(trial[min(int(np.flatnonzero(passed)[-1]) + 1, len(trial) - 1)])
    frequency = np.linspace(0.0, highest, max(int(np.ceil(highest * 8.0 * longest_mm)), 200) + 1)
    gain = np.sinc(np.minimum(frequency, 0.5 / fine_mm) * fine_mm) ** -float(smoothings)
    wanted = mtf(frequency) * np.minimum(gain, MOST_GAIN)
    step = 1.0 / (STEPS_PER_WIDTH * min(highest, 1.0 / fine_mm))
    distance = np.arange(int(np.ceil(longest_mm / step)) + 1) * step
    trapezoid = np.full(len(frequency), frequency[1])
    trapezoid[[0, -1]] *= 0.5
    values = np.cos(2.0 * np.pi * np.outer(distance, frequency)) @ (2.0 * wanted * trapezoid)
    notable = int(np.flatnonzero(np.abs(values) > NEGLIGIBLE_TAIL * values[0])[-1]) + 2
    if notable >= len(values):
        place = np.clip((distance / longest_mm - (1.0 - FADE)) / FADE, 0.0, 1.0)
        values *= 0.5 + 0.5 * np.cos(np.pi * place)
        notable = len(values)
    values = np.append(values[:notable], 0.0)
    return LineResponse(step, values)


def weights(
    response: LineResponse, places: Floats, fine_mm: float, reach_mm: float, count: int | None = None
) -> tuple[NDArray[np.float32], slice]:
    """Weights of the fine voxels of a line for each wanted place.

    Args:
        response: along the line.
        places: (n,) in voxels of the line, the center of its first voxel being 0; ascending.
        fine_mm: distance of the voxels.
        reach_mm: voxels up to here are taken; at least the response's.
        count: voxels in the line, the first and last of which repeat beyond its ends; an endless line without it.

    Returns:
        (n, m) weights of sum 1, and the m voxels they belong to (of an endless line also negative ones).
    """
    reach = reach_mm / fine_mm
    taken = np.arange(int(np.floor(places[0] - reach)), int(np.ceil(places[-1] + reach)) + 1)
    table = response((places[:, None] - taken) * fine_mm)
    table /= table.sum(axis=1, keepdims=True)
    inside = taken if count is None else np.clip(taken, 0, count - 1)
    start, stop = int(inside[0]), int(inside[-1]) + 1
    if stop - start < len(taken):
        folded = np.zeros((len(places), stop - start))
        np.add.at(folded.T, inside - start, table.T)
        table = folded
    return table.astype(np.float32), slice(start, stop)
