"""Normalised mutual information of CT values at points and the MR where a motion carries them, with its gradient.

Studholme C, Hill DLG, Hawkes DJ. Pattern Recognition 32:71, 1999, for the measure; Thévenaz P, Unser M. IEEE Trans
Image Process 9:2083, 2000, for cubic B-spline Parzen windows and the gradient that follows from them. All points
count every time, so the same input gives the same value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled

MOVING_BINS = 32
PADDING = 2  # bins that the Parzen window reaches beyond a value
FEWEST_INSIDE = 200


@dataclass(frozen=True)
class Similarity:
    """How well a motion explains the MR.

    Attributes:
        value: normalised mutual information, 1 where CT and MR are independent, 2 where each determines the other.
        pushes: (n, 3) its derivative by the place (LPS, mm) of every point in the MR; 0 for points outside.
        inside: share of the points that lie in the MR.
        information: mutual information in nats.
    """

    value: float
    pushes: NDArray[np.float64]
    inside: float
    information: float


def similarity(
    fixed_bins: NDArray[np.uint8], number_of_bins: int, moved_mm: NDArray[np.float64], moving: NDArray[np.float32],
    to_index: NDArray[np.float64], limits: tuple[float, float],
) -> Similarity:  # fmt: skip
    """Compare.

    Args:
        fixed_bins: (n,) bin of the CT value of each point.
        number_of_bins: how many there are.
        moved_mm: (n, 3) LPS points of the MR that the points are carried to.
        moving: (z, y, x) MR; NaN where it is not known.
        to_index: (3, 4) from LPS points of the MR to array indices (z, y, x).
        limits: MR signal of the lowest and highest bin; what lies beyond counts to them.
    """
    signal = np.empty(len(moved_mm), dtype=np.float32)
    slope = np.empty((len(moved_mm), 3), dtype=np.float32)
    _sample(moving, moved_mm, to_index, signal, slope)
    low, high = limits
    scale = (MOVING_BINS - 1 - 2 * PADDING) / max(high - low, 1e-12)
    joint = np.zeros((number_of_bins, MOVING_BINS))
    inside = _joint_histogram(fixed_bins, signal, low, scale, joint)
    if inside < FEWEST_INSIDE:
        return Similarity(0.0, np.zeros((len(moved_mm), 3)), inside / max(len(moved_mm), 1), 0.0)
    joint /= inside
    weights, value, information = _weights(joint)
    pushes = np.zeros((len(moved_mm), 3))
    _push(fixed_bins, signal, slope, low, scale, weights, scale / inside, pushes)
    return Similarity(value, pushes, inside / len(moved_mm), information)


def sampled(moving: NDArray[np.float32], to_index: NDArray[np.float64], moved_mm: NDArray[np.float64]) -> NDArray:
    """(n,) MR signal at LPS points (n, 3), NaN outside; trilinear."""
    signal = np.empty(len(moved_mm), dtype=np.float32)
    slope = np.empty((len(moved_mm), 3), dtype=np.float32)
    _sample(moving, moved_mm, to_index, signal, slope)
    return signal


def _weights(joint: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """What a count in each cell adds to the measure, the measure, and the mutual information."""
    of_fixed, of_moving = joint.sum(axis=1), joint.sum(axis=0)
    tiny = 1e-300
    log_joint, log_moving = np.log(joint + tiny), np.log(of_moving + tiny)
    entropy_fixed = -float(of_fixed @ np.log(of_fixed + tiny))
    entropy_moving = -float(of_moving @ log_moving)
    entropy = -float((joint * log_joint).sum())
    if entropy <= 0:
        return np.zeros_like(joint), 1.0, 0.0
    value = (entropy_fixed + entropy_moving) / entropy
    weights = (value * np.where(joint > 0, log_joint, 0.0) - np.where(of_moving > 0, log_moving, 0.0)) / entropy
    return weights, value, entropy_fixed + entropy_moving - entropy


@compiled
def _sample(moving, moved_mm, to_index, signal, slope):  # type: ignore[no-untyped-def]
    nz, ny, nx = moving.shape
    for i in range(moved_mm.shape[0]):
        x, y, z = moved_mm[i, 0], moved_mm[i, 1], moved_mm[i, 2]
        k = to_index[0, 0] * x + to_index[0, 1] * y + to_index[0, 2] * z + to_index[0, 3]
        j = to_index[1, 0] * x + to_index[1, 1] * y + to_index[1, 2] * z + to_index[1, 3]
        m = to_index[2, 0] * x + to_index[2, 1] * y + to_index[2, 2] * z + to_index[2, 3]
        signal[i] = np.nan
        if not (k >= 0.0 and j >= 0.0 and m >= 0.0 and k < nz - 1 and j < ny - 1 and m < nx - 1):
            continue
        k0, j0, m0 = int(k), int(j), int(m)
        a, b, c = k - k0, j - j0, m - m0
        v000, v001 = moving[k0, j0, m0], moving[k0, j0, m0 + 1]
        v010, v011 = moving[k0, j0 + 1, m0], moving[k0, j0 + 1, m0 + 1]
        v100, v101 = moving[k0 + 1, j0, m0], moving[k0 + 1, j0, m0 + 1]
        v110, v111 = moving[k0 + 1, j0 + 1, m0], moving[k0 + 1, j0 + 1, m0 + 1]
        x00, x01 = v000 + c * (v001 - v000), v010 + c * (v011 - v010)
        x10, x11 = v100 + c * (v101 - v100), v110 + c * (v111 - v110)
        y0, y1 = x00 + b * (x01 - x00), x10 + b * (x11 - x10)
        signal[i] = y0 + a * (y1 - y0)
        by_k = y1 - y0
        by_j = (x01 - x00) * (1 - a) + (x11 - x10) * a
        by_m = ((v001 - v000) * (1 - b) + (v011 - v010) * b) * (1 - a) + (
            (v101 - v100) * (1 - b) + (v111 - v110) * b
        ) * a
        for axis in range(3):
            slope[i, axis] = by_k * to_index[0, axis] + by_j * to_index[1, axis] + by_m * to_index[2, axis]


@compiled
def _joint_histogram(fixed_bins, signal, low, scale, joint):  # type: ignore[no-untyped-def]
    inside = 0
    last = joint.shape[1] - 1 - 2
    for i in range(signal.size):
        if np.isnan(signal[i]):
            continue
        inside += 1
        v = min(max((signal[i] - low) * scale + 2.0, 2.0), last - 1e-6)
        first = int(v) - 1
        t = v - int(v)
        row = fixed_bins[i]
        joint[row, first] += (1 - t) ** 3 / 6
        joint[row, first + 1] += (3 * t**3 - 6 * t**2 + 4) / 6
        joint[row, first + 2] += (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6
        joint[row, first + 3] += t**3 / 6
    return inside


@compiled
def _push(fixed_bins, signal, slope, low, scale, weights, unit, pushes):  # type: ignore[no-untyped-def]
    last = weights.shape[1] - 1 - 2
    for i in range(signal.size):
        if np.isnan(signal[i]):
            continue
        raw = (signal[i] - low) * scale + 2.0
        if raw <= 2.0 or raw >= last - 1e-6:
            continue
        first = int(raw) - 1
        t = raw - int(raw)
        row = fixed_bins[i]
        change = unit * (
            -0.5 * (1 - t) ** 2 * weights[row, first]
            + (1.5 * t**2 - 2 * t) * weights[row, first + 1]
            + (-1.5 * t**2 + t + 0.5) * weights[row, first + 2]
            + 0.5 * t**2 * weights[row, first + 3]
        )
        for axis in range(3):
            pushes[i, axis] = change * slope[i, axis]
