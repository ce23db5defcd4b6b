"""Other ways to find the motion of a bone; how far they disagree tells how far any of them can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.registration.contour import Contour, find_contour
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import AROUND_MM, FIXED_BINS
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.rigid_fit import LEAST_INSIDE, FixedPoints, fit_rigid, judged
from CTSMALib.registration.similarity import Similarity, sampled
from CTSMALib.volumes.rigid import Matrix, applied, inverse, turned

SIGMA_MM, COUNT = 0.5, 20000
START_SIGMA_MM = 1.0
PERTURBED = 4
PERTURBED_DEG, PERTURBED_MM, BACK_MM = 4.0, 3.0, 1.0
LEAST_CLEAR = 0.15  # share of the outline that must be clear for it to count
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Witnesses:
    """What speaks for and against the motion of one bone.

    Attributes:
        matrix: (4, 4) the motion, from the CT to the MR.
        inverse: (4, 4) motion found with MR and CT in exchanged roles, led back to the CT's frame; ``None`` where too
            little lies in the MR.
        halves: for each of three axes, the motions found with the points on either side of the middle; ``None`` for a
            side of which too little lies in the MR.
        axes: (3, 3) rows are these axes, LPS; ``middles`` (3,) where the points are cut.
        local: displacement that rigid bones leave, all bones taken together.
        middle_mm: (3,) LPS middle of the MR.
        perturbed: motions found from displaced starts.
        contour: the outline of the bone against the MR.
        similarity: at the motion itself, at the scale of all witnesses.
    """

    matrix: Matrix
    inverse: Matrix | None
    halves: tuple[tuple[Matrix | None, Matrix | None], ...]
    axes: Array
    middles: Array
    perturbed: tuple[Matrix, ...]
    contour: Contour
    similarity: Similarity
    local: LocalField
    middle_mm: Array

    def inverse_mm(self, points_mm: Array) -> Array:
        """(n,) inverse consistency at LPS points (n, 3) of the CT; NaN where it is not known."""
        return self._apart(self.inverse, points_mm)

    def halves_mm(self, points_mm: Array) -> Array:
        """(n,) how far what the own half of the bone says lies from what all of it says.

        Mean over those of three cuts that are known; NaN where none is.
        """
        sides = points_mm @ self.axes.T > self.middles
        away = [
            np.where(side, self._apart(above, points_mm), self._apart(below, points_mm))
            for side, (above, below) in zip(sides.T, self.halves, strict=True)
        ]
        known = np.isfinite(away)
        count = known.sum(axis=0)
        total = np.where(known, away, 0.0).sum(axis=0)
        result: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return result

    def local_mm(self, points_mm: Array) -> Array:
        """(n,) length of the displacement that rigid bones leave."""
        return np.linalg.norm(self.local.displacement_mm(applied(self.matrix, points_mm)), axis=1)

    def from_middle_mm(self, points_mm: Array) -> Array:
        """(n,) distance from the middle of the MR."""
        return np.linalg.norm(applied(self.matrix, points_mm) - self.middle_mm, axis=1)

    def perturbed_mm(self, points_mm: Array) -> Array:
        """(n,) root mean square distance of what displaced starts lead to; the worst start is left out."""
        away = np.sort([self._apart(other, points_mm) for other in self.perturbed], axis=0)[:-1]
        result: Array = np.sqrt((away**2).mean(axis=0))
        return result

    def contour_mm(self, points_mm: Array) -> Array:
        """(n,) displacement that would bring the outline onto the edges of the MR; NaN where too little is clear."""
        if self.contour.clear < LEAST_CLEAR:
            return np.full(len(points_mm), np.nan)
        return np.linalg.norm(applied(self.contour.motion(), points_mm) - points_mm, axis=1)

    def returned(self, points_mm: Array) -> float:
        """Share of displaced starts that came back to within a millimeter, on average over points (n, 3)."""
        return float(np.mean([self._apart(other, points_mm).mean() < BACK_MM for other in self.perturbed]))

    def _apart(self, other: Matrix | None, points_mm: Array) -> Array:
        if other is None:
            return np.full(len(points_mm), np.nan)
        return np.linalg.norm(applied(other, points_mm) - applied(self.matrix, points_mm), axis=1)


def call_witnesses(
    fixed: FixedKnee, bone: str, moving: MovingKnee, matrix: Matrix, local: LocalField
) -> Witnesses:  # fmt: skip
    """Question a motion.

    Args:
        fixed: the CT.
        bone: name of a bone of it.
        moving: the MR.
        matrix: (4, 4) motion of the bone from the CT to the MR.
        local: what :func:`~CTSMALib.registration.local_field.fit_local` finds when it is held loosely.
    """
    points = fixed.points(bone, COUNT, SIGMA_MM, AROUND_MM)
    level = moving.level(SIGMA_MM)
    axes = np.linalg.svd(points.points_mm[::20] - points.pivot_mm, full_matrices=False)[2]
    places = points.points_mm @ axes.T
    middles = np.median(places, axis=0)
    contour, found = outline_and_similarity(fixed, bone, moving, matrix)
    signal = sampled(level.signal, level.to_index, applied(matrix, points.points_mm))
    return Witnesses(
        matrix=matrix,
        inverse=_inverse(fixed, points, signal, matrix),
        halves=tuple(_halves(points, level, matrix, side) for side in (places > middles).T),
        axes=axes,
        middles=middles,
        perturbed=tuple(_from(fixed, bone, moving, matrix @ start) for start in _displacements(points)),
        contour=contour,
        similarity=found,
        local=local,
        middle_mm=moving.middle_mm,
    )


def _halves(
    points: FixedPoints, level: MovingLevel, matrix: Matrix, side: NDArray[np.bool_]
) -> tuple[Matrix | None, Matrix | None]:  # fmt: skip
    above, below = (_found(points.taken(part), level, matrix) for part in (side, ~side))
    return above, below


def _found(points: FixedPoints, level: MovingLevel, start: Matrix) -> Matrix | None:
    """The motion that points find; ``None`` where too few lie in the image to find any."""
    if judged(points, level, start).similarity.inside < LEAST_INSIDE:
        return None
    return fit_rigid(points, level, start).matrix


def outline_and_similarity(
    fixed: FixedKnee, bone: str, moving: MovingKnee, matrix: Matrix
) -> tuple[Contour, Similarity]:  # fmt: skip
    """The witnesses that need no search: the outline against the MR, and the similarity."""
    points = fixed.points(bone, COUNT, SIGMA_MM, AROUND_MM)
    level = moving.level(SIGMA_MM)
    contour = find_contour(fixed.surface(bone), fixed.levels.level(SIGMA_MM), level, matrix)
    return contour, judged(points, level, matrix).similarity


def _inverse(fixed: FixedKnee, points: FixedPoints, signal: NDArray[np.float32], matrix: Matrix) -> Matrix | None:
    """The motion found with the MR fixed and the CT moved."""
    known = np.isfinite(signal)
    if known.mean() < LEAST_INSIDE:
        return None
    low, high = np.percentile(signal[known], (1.0, 99.0))
    share = np.clip((signal[known] - low) / max(high - low, 1e-9), 0.0, 1.0)
    bins = np.minimum(share * FIXED_BINS, FIXED_BINS - 1).astype(np.uint8)
    # In the MR, the points lie where they are thought to belong.
    there = FixedPoints.of(applied(matrix, points.points_mm[known]), bins, FIXED_BINS)
    found = _found(there, fixed.levels.level(SIGMA_MM), inverse(matrix))
    return None if found is None else inverse(found)


def _from(fixed: FixedKnee, bone: str, moving: MovingKnee, start: Matrix) -> Matrix:
    coarse = fit_rigid(fixed.points(bone, COUNT, START_SIGMA_MM, AROUND_MM), moving.level(START_SIGMA_MM), start)
    fine = fit_rigid(fixed.points(bone, COUNT, SIGMA_MM, AROUND_MM), moving.level(SIGMA_MM), coarse.matrix)
    return fine.matrix


def _displacements(points: FixedPoints) -> list[Matrix]:
    """Turns and shifts, the same every time, in directions of a tetrahedron."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return [
        turned(PERTURBED_DEG * corner, points.pivot_mm, PERTURBED_MM * corners[(n + 1) % PERTURBED])
        for n, corner in enumerate(corners)
    ]
