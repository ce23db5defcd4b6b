"""A small smooth displacement in the MR that rigid bones leave: gradient distortion of the scanner, mostly.

A polynomial of the place in the MR, common to all bones, as distortion belongs to the scanner and not to a bone. Its
coefficients are found with the same measure as the rigid motions, and held small.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import AROUND_MM
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import signal_limits
from CTSMALib.registration.similarity import similarity
from CTSMALib.volumes.rigid import Matrix, applied

DEGREE = 2
RADIUS_MM = 60.0  # at which a coefficient is the displacement of its term
USUAL_MM = 0.5  # size of a coefficient that is not unusual
FIRM, LOOSE = 1e-3, 1e-4  # what a coefficient of the usual size costs, of the measure
SCALE = (0.5, 20000)
EVALUATIONS = 40
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocalField:
    """A displacement of places in the MR.

    Attributes:
        center_mm: (3,) LPS, where the polynomial is centered.
        coefficients: (m, 3) mm at :data:`RADIUS_MM`, for the terms of :func:`terms`.
    """

    center_mm: Array
    coefficients: Array

    @classmethod
    def none(cls) -> LocalField:
        """No displacement."""
        return cls(np.zeros(3), np.zeros((len(_powers()), 3)))

    def displacement_mm(self, points_mm: Array) -> Array:
        """(n, 3) displacement at LPS points (n, 3) of the MR that rigid motions lead to."""
        return terms(points_mm, self.center_mm) @ self.coefficients

    def shown_at(self, points_mm: Array) -> Array:
        """(n, 3) where the MR shows what rigid motions lead to (n, 3)."""
        return points_mm + self.displacement_mm(points_mm)


@dataclass(frozen=True, eq=False)
class LocalFit:
    """A displacement that was found.

    Attributes:
        field: of the MR.
        trace: what was maximized at every evaluation: mean similarity of the bones, less the cost of displacement.
        inside: share of the points that lie in the MR.
    """

    field: LocalField
    trace: tuple[float, ...] = ()
    inside: float = 0.0


def terms(points_mm: Array, center_mm: Array) -> Array:
    """(n, m) monomials of degree 1 to :data:`DEGREE`; far away they stay as at twice the radius."""
    local = np.clip((np.atleast_2d(points_mm) - center_mm) / RADIUS_MM, -2.0, 2.0)
    return np.stack([local[:, 0] ** a * local[:, 1] ** b * local[:, 2] ** c for a, b, c in _powers()], axis=1)


def _powers() -> list[tuple[int, int, int]]:
    every = itertools.product(range(DEGREE + 1), repeat=3)
    return [(a, b, c) for a, b, c in every if 1 <= a + b + c <= DEGREE]


def fit_local(
    fixed: FixedKnee, moving: MovingKnee, matrices: Mapping[str, Matrix], firmness: float = FIRM
) -> LocalFit:  # fmt: skip
    """Find the displacement.

    Args:
        fixed: the CT.
        moving: the MR.
        matrices: (4, 4) of each bone that was registered well, which stay as they are; none gives no displacement.
        firmness: :data:`FIRM` to correct what is sure, :data:`LOOSE` to see what may be there.
    """
    if not matrices:
        return LocalFit(LocalField.none())
    level = moving.level(SCALE[0])
    work = []
    for bone, matrix in matrices.items():
        points = fixed.points(bone, SCALE[1], SCALE[0], AROUND_MM)
        work.append((points, applied(matrix, points.points_mm), signal_limits(points, level, matrix)))
    center = np.concatenate([moved for _, moved, _ in work]).mean(axis=0)
    bases = [terms(moved, center) for _, moved, _ in work]
    share = np.array([len(moved) for _, moved, _ in work]) / sum(len(moved) for _, moved, _ in work)

    trace: list[float] = []
    shares_inside: list[float] = []

    def cost(x: Array) -> tuple[float, Array]:
        coefficients = x.reshape(-1, 3)
        shares_inside.append(0.0)
        value, gradient = firmness * float((x**2).sum()) / USUAL_MM**2, 2 * firmness * coefficients / USUAL_MM**2
        for (points, moved, limits), basis, part in zip(work, bases, share, strict=True):
            there = moved + basis @ coefficients
            found = similarity(points.bins, points.number_of_bins, there, level.signal, level.to_index, limits)
            value -= part * found.value
            shares_inside[-1] += part * found.inside
            gradient = gradient - part * basis.T @ found.pushes
        trace.append(-value)
        return value, gradient.ravel()

    start = np.zeros(3 * len(_powers()))
    options = {"maxfun": EVALUATIONS, "ftol": 1e-8, "gtol": 1e-8, "maxcor": 20}
    solution = minimize(cost, start, jac=True, method="L-BFGS-B", options=options)
    return LocalFit(LocalField(center, solution.x.reshape(-1, 3)), tuple(trace), shares_inside[-1])
