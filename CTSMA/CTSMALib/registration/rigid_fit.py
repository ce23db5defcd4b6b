"""Finding the rigid motion that makes CT and MR most alike, from a start, at one scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.similarity import Similarity, sampled, similarity
from CTSMALib.volumes.rigid import Matrix, applied, rigid

BACKGROUND, BRIGHTEST = 1.0, 99.0  # percentiles of the MR around the points that the bins span
LEAST_INSIDE = 0.25  # share of the points; a motion that leaves fewer in the MR is worth nothing
EVALUATIONS = 60
ENOUGH = 1e-7  # relative change of the measure at which a search ends


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """Points of the CT, and its values there.

    Attributes:
        points_mm: (n, 3) LPS.
        bins: (n,) bin of the CT value.
        number_of_bins: how many bins there are.
        pivot_mm: (3,) point that motions turn about.
        radius_mm: root mean square distance of the points from it.
    """

    points_mm: NDArray[np.float64]
    bins: NDArray[np.uint8]
    number_of_bins: int
    pivot_mm: NDArray[np.float64]
    radius_mm: float

    @classmethod
    def of(cls, points_mm: NDArray[np.float64], bins: NDArray[np.uint8], number_of_bins: int) -> FixedPoints:
        """With the middle of the points as pivot."""
        pivot = points_mm.mean(axis=0)
        radius = float(np.sqrt(((points_mm - pivot) ** 2).sum(axis=1).mean()))
        return cls(points_mm, bins, number_of_bins, pivot, radius)

    def taken(self, which: slice | NDArray[np.bool_]) -> FixedPoints:
        """Some of the points, turned about the same pivot."""
        return replace(self, points_mm=np.ascontiguousarray(self.points_mm[which]), bins=self.bins[which])


@dataclass(frozen=True, eq=False)
class Fit:
    """A motion that was found.

    Attributes:
        matrix: (4, 4) from LPS points of the CT to those of the MR.
        similarity: there.
        trace: the measure at every evaluation on the way.
    """

    matrix: Matrix
    similarity: Similarity
    trace: tuple[float, ...] = ()

    @property
    def worth(self) -> float:
        """Mutual information per point, points outside the MR included: for comparing fits of the same points."""
        return self.similarity.information * self.similarity.inside


def judged(fixed: FixedPoints, level: MovingLevel, matrix: Matrix, limits: tuple[float, float] | None = None) -> Fit:
    """The measure at a motion, which stays as it is."""
    limits = limits or signal_limits(fixed, level, matrix)
    moved = applied(matrix, fixed.points_mm)
    found = similarity(fixed.bins, fixed.number_of_bins, moved, level.signal, level.to_index, limits)
    if level.also is not None:
        found = _mean(found, judged(fixed, level.also, matrix).similarity)
    return Fit(matrix, found)


def _mean(one: Similarity, other: Similarity) -> Similarity:
    return Similarity(
        0.5 * (one.value + other.value), 0.5 * (one.pushes + other.pushes), 0.5 * (one.inside + other.inside),
        0.5 * (one.information + other.information),
    )  # fmt: skip


def signal_limits(fixed: FixedPoints, level: MovingLevel, matrix: Matrix) -> tuple[float, float]:
    """MR signals between which the bins lie."""
    if level.limits is not None:
        return level.limits
    signal = sampled(level.signal, level.to_index, applied(matrix, fixed.points_mm[:: max(1, len(fixed.bins) // 5000)]))
    known = signal[np.isfinite(signal)]
    if not len(known):
        known = level.signal[np.isfinite(level.signal)]
    low, high = np.percentile(known, (BACKGROUND, BRIGHTEST)) if len(known) else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6 * max(abs(low), 1.0)))


def fit_rigid(fixed: FixedPoints, level: MovingLevel, start: Matrix) -> Fit:
    """The best motion near a start.

    Args:
        fixed: points of the CT.
        level: the MR.
        start: (4, 4) from LPS points of the CT to those of the MR.
    """
    limits = signal_limits(fixed, level, start)
    pivot = applied(start, fixed.pivot_mm)
    trace: list[float] = []

    def cost(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        turn = x[:3] / fixed.radius_mm
        matrix = _moved(start, pivot, turn, x[3:])
        found = judged(fixed, level, matrix, limits).similarity
        trace.append(found.value)
        if found.inside < LEAST_INSIDE:
            return 0.0, np.zeros(6)
        arms = applied(matrix, fixed.points_mm) - applied(matrix, fixed.pivot_mm)
        torque = _left_jacobian(turn).T @ np.cross(arms, found.pushes).sum(axis=0) / fixed.radius_mm
        gradient = np.concatenate([torque, found.pushes.sum(axis=0)])
        return -found.value, -gradient

    solution = minimize(
        cost, np.zeros(6), jac=True, method="L-BFGS-B",
        options={"maxfun": EVALUATIONS, "maxiter": EVALUATIONS, "ftol": ENOUGH, "gtol": 1e-7, "maxcor": 8},
    )  # fmt: skip
    turn = solution.x[:3] / fixed.radius_mm
    found = judged(fixed, level, _moved(start, pivot, turn, solution.x[3:]), limits)
    return replace(found, trace=tuple(trace))


def _moved(start: Matrix, pivot: Matrix, turn: Matrix, shift: Matrix) -> Matrix:
    return rigid(Rotation.from_rotvec(turn).as_matrix(), pivot, pivot + shift) @ start


def _left_jacobian(turn: Matrix) -> Matrix:
    """(3, 3) by which a change of a rotation vector turns further, about axes at rest."""
    angle = float(np.linalg.norm(turn))
    cross = np.array([[0.0, -turn[2], turn[1]], [turn[2], 0.0, -turn[0]], [-turn[1], turn[0], 0.0]])
    if angle < 1e-6:
        return np.eye(3) + 0.5 * cross
    a, b = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    result: Matrix = np.eye(3) + a * cross + b * cross @ cross
    return result
