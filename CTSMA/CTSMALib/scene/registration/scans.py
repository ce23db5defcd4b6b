"""The scans of a review as the registration sees them, for numbers while a bone is moved and for points on edges."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from CTSMALib.scene.geometry import flipped, image_of
from CTSMALib.scene.registration.review_nodes import ReviewNodes
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps

if TYPE_CHECKING:
    from CTSMALib.registration.fixed_knee import FixedKnee
    from CTSMALib.registration.moving_knee import MovingKnee
    from CTSMALib.registration.review.prepared_knees import PreparedKnees

REACH_MM = 3.0  # how far a point snaps to the surface of the CT's bone
# In the MR the inner side of the cortex, some 2 mm deeper, often is the stronger edge, and must stay out of reach.
MR_REACH_MM = 1.5
Point = NDArray[np.float64]


class ReviewScans:
    """CT, MR and bone labels; what is heavy is made when it is first needed."""

    def __init__(self, nodes: ReviewNodes, labels: sitk.Image) -> None:
        """Keep them.

        Args:
            nodes: of the review; scans are taken without the transforms that they are under.
            labels: bones of the CT.
        """
        self._nodes, self.labels = nodes, labels

    @cached_property
    def knees(self) -> PreparedKnees:
        """Copies of both scans: other threads work with them, and must not touch nodes."""
        from CTSMALib.registration.review.prepared_knees import PreparedKnees

        return PreparedKnees(image_of(self._nodes.ct), image_of(self._nodes.mr), self.labels)

    @property
    def fixed(self) -> FixedKnee:
        """The CT.

        Raises:
            AnatomyError: neither femur nor tibia is labelled where the CT is.
        """
        return self.knees.judge.fixed

    @property
    def moving(self) -> MovingKnee:
        """The MR; raises as :attr:`fixed` does."""
        return self.knees.judge.moving

    def snapped(
        self, bone: str, ct_ras_mm: ArrayLike, mr_ras_mm: ArrayLike, moving_to_fixed_ras: Matrix
    ) -> tuple[Point, Point]:  # fmt: skip
        """Points of both scans on the edge of a bone; a point without an edge within reach stays.

        Args:
            bone: its name.
            ct_ras_mm: (3,) in the CT.
            mr_ras_mm: (3,) in the MR's own frame.
            moving_to_fixed_ras: (4, 4) motion of the bone, to carry the normal of its surface into the MR.

        Returns:
            (3,) points of CT and MR, RAS.
        """
        from CTSMALib.registration.review.snapping import snapped_to_bone, snapped_to_edge

        ct, mr = (flipped(np.asarray(point, dtype=float)) for point in (ct_ras_mm, mr_ras_mm))
        if bone in self.fixed.bones:
            found = snapped_to_bone(self.fixed, bone, ct, REACH_MM)
            ct = ct if found is None else found
        normal = self._normal(bone, ct)
        direction = None if normal is None else fixed_to_moving_lps(moving_to_fixed_ras)[:3, :3] @ normal
        edge = snapped_to_edge(self.moving, mr, direction, MR_REACH_MM)
        return flipped(ct), flipped(mr if edge is None else edge)

    def _normal(self, bone: str, ct_lps_mm: Point) -> Point | None:
        """(3,) LPS outward normal of a bone near a point; ``None`` where its surface is not near."""
        if bone not in self.fixed.bones:
            return None
        surface = self.fixed.surface(bone)
        away = np.linalg.norm(surface.points_mm - ct_lps_mm, axis=1)
        if not len(away) or away.min() > 2 * REACH_MM:
            return None
        normal: Point = surface.normals[int(away.argmin())]
        return normal
