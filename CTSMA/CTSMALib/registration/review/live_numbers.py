"""Numbers of a bone while a person moves it: those of the judge from fewer points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from CTSMALib.registration.contour import SurfacePoints, find_contour
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import AROUND_MM
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import FixedPoints, judged
from CTSMALib.registration.witnesses import SIGMA_MM
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps

POINTS = 6000  # in and around the bone
OUTLINE = 700  # points on its surface


@dataclass(frozen=True)
class LiveNumbers:
    """Of one bone at one motion.

    Attributes:
        contour_mm: mean distance of the CT's outline from the edges of the MR; ``None`` where too little is clear.
        contour_clear: share of the outline in the MR where the MR shows an edge clearly.
        similarity: normalized mutual information, 1 to 2. From few points it reads a little higher than the judge's.
        inside: share of the bone's surroundings that lies in the MR.
    """

    contour_mm: float | None
    contour_clear: float
    similarity: float
    inside: float


class LiveJudge:
    """Gives the numbers of bones; what does not depend on the motion is made once.

    Attributes:
        fixed: the CT.
        moving: the MR.
    """

    def __init__(self, fixed: FixedKnee, moving: MovingKnee, points: int = POINTS, outline: int = OUTLINE) -> None:
        """Keep the scans.

        Args:
            fixed: the CT.
            moving: the MR.
            points: about how many in and around a bone are compared.
            outline: how many of its surface, at most.
        """
        self.fixed, self.moving = fixed, moving
        self._count, self._outline = points, outline
        self._prepared: dict[str, tuple[FixedPoints, SurfacePoints]] = {}

    def prepare(self, bone: str) -> None:
        """Do beforehand what the first numbers of a bone need, which takes about a second.

        Raises:
            KeyError: the CT has no such bone.
        """
        if bone not in self._prepared:
            points = self.fixed.points(bone, self._count, SIGMA_MM, AROUND_MM)
            outline = _thinned(self.fixed.surface(bone), self._outline)
            self.fixed.levels.level(SIGMA_MM)
            self.moving.level(SIGMA_MM)
            self._prepared[bone] = (points, outline)

    def at(self, bone: str, moving_to_fixed_ras: Matrix) -> LiveNumbers:
        """The numbers of a bone.

        Args:
            bone: its name.
            moving_to_fixed_ras: (4, 4) composed motion from RAS points of the MR to those of the CT.

        Raises:
            KeyError: the CT has no such bone.
        """
        self.prepare(bone)
        points, outline = self._prepared[bone]
        matrix = fixed_to_moving_lps(np.asarray(moving_to_fixed_ras))
        level = self.moving.level(SIGMA_MM)
        contour = find_contour(outline, self.fixed.levels.level(SIGMA_MM), level, matrix)
        found = judged(points, level, matrix).similarity
        distance = contour.distance_mm
        return LiveNumbers(distance if math.isfinite(distance) else None, contour.clear, found.value, found.inside)


def _thinned(surface: SurfacePoints, count: int) -> SurfacePoints:
    """Points evenly taken out of a surface's."""
    if len(surface.points_mm) <= count:
        return surface
    chosen = np.linspace(0, len(surface.points_mm) - 1, count).round().astype(int)
    return SurfacePoints(surface.points_mm[chosen], surface.normals[chosen])
