"""The project's own engine: normalised mutual information from coarse to fine, all points, exact gradient."""

from __future__ import annotations

from CTSMALib.registration.different import different
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import AROUND_MM
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import Fit, FixedPoints, fit_rigid
from CTSMALib.volumes.rigid import Matrix

COARSE, MIDDLE, FINE = (2.0, 5000), (1.0, 20000), (0.5, 60000)  # sigma (mm) and number of points
KEPT, SAME_MM = 3, 2.0


class MutualInformation:
    """See :class:`~CTSMALib.registration.engines.engine.Engine`."""

    name = "mutual-information"
    version = "1"

    def refine(self, fixed: FixedKnee, bone: str, moving: MovingKnee, starts: list[Matrix]) -> list[Fit]:
        """From all starts at a coarse scale, from the best few at a middle one, to the best at the finest."""
        fits = fit_all(fixed, bone, moving, starts, COARSE) if len(starts) > 1 else []
        kept = distinct(fits, self.points(fixed, bone, MIDDLE)) if fits else []
        fits = fit_all(fixed, bone, moving, [f.matrix for f in kept] or starts, MIDDLE)
        ranked = distinct(fits, self.points(fixed, bone, MIDDLE))
        return [self.fine(fixed, bone, moving, ranked[0]), *ranked[1:]]

    def fine(self, fixed: FixedKnee, bone: str, moving: MovingKnee, start: Fit) -> Fit:
        """The last step, from near."""
        last = fit_rigid(self.points(fixed, bone, FINE), moving.level(FINE[0]), start.matrix)
        return Fit(last.matrix, last.similarity, (*start.trace, *last.trace))

    @staticmethod
    def points(fixed: FixedKnee, bone: str, scale: tuple[float, int]) -> FixedPoints:
        """The points of a scale."""
        return fixed.points(bone, scale[1], scale[0], AROUND_MM)


def fit_all(
    fixed: FixedKnee, bone: str, moving: MovingKnee, starts: list[Matrix], scale: tuple[float, int],
    around_mm: float = AROUND_MM,
) -> list[Fit]:  # fmt: skip
    """Fits from every start at one scale, best first."""
    points, level = fixed.points(bone, scale[1], scale[0], around_mm), moving.level(scale[0])
    fits = [fit_rigid(points, level, start) for start in starts]
    return sorted(fits, key=lambda fit: -fit.worth)


def distinct(fits: list[Fit], points: FixedPoints, kept: int = KEPT) -> list[Fit]:
    """The best fits that differ from each other."""
    probes = points.points_mm[:: max(1, len(points.bins) // 200)]
    ranked = sorted(fits, key=lambda fit: -fit.worth)
    return [ranked[n] for n in different([fit.matrix for fit in ranked], probes, kept, SAME_MM)]
