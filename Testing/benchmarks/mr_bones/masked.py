"""An MR whose bones are labeled: each bone of the CT is compared with the surroundings of the same bone alone.

It did not help (:mod:`Testing.benchmarks.mr_bones.masks`), so it is no part of the program.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.registration.engines.mutual_information import MutualInformation
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import FixedBone
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.rigid_fit import Fit
from CTSMALib.volumes.rigid import Matrix

BEYOND_MM = 8.0  # of a labeled bone that still counts: points of the CT lie up to 4 mm outside theirs, labels err
LEAST_SIGMA_MM = 1.0  # finer scales are reached from near, and see the whole MR


class MaskedInformation(MutualInformation):
    """The engine of the program, to which what is far from a bone of the MR is unknown."""

    name = "masked-information"

    def __init__(self, bones: FixedKnee) -> None:
        """Keep the bones of the MR, as of a CT."""
        self._bones = bones
        self._near: dict[str, MovingKnee] = {}

    def refine(self, fixed: FixedKnee, bone: str, moving: MovingKnee, starts: list[Matrix]) -> list[Fit]:
        """As without masks; the whole MR is compared where the bone was not labeled."""
        if bone in self._bones.bones and bone not in self._near:
            self._near[bone] = _NearBone(moving, self._bones.bones[bone])
        return super().refine(fixed, bone, self._near.get(bone, moving), starts)


class _NearBone(MovingKnee):
    """The surroundings of one bone."""

    def __init__(self, whole: MovingKnee, bone: FixedBone) -> None:
        self.image, self.bones = whole.image, whole.bones
        self._whole, self._bone = whole, bone
        self._levels: dict[float, MovingLevel] = {}

    def level(self, sigma_mm: float) -> MovingLevel:
        """The MR at one scale, unknown where it is far from the bone."""
        level = self._whole.level(sigma_mm)
        if sigma_mm < LEAST_SIGMA_MM:
            return level
        if sigma_mm not in self._levels:
            near = _depth_at(level, self._bone) > -BEYOND_MM
            self._levels[sigma_mm] = replace(level, signal=np.where(near, level.signal, np.float32(np.nan)))
        return self._levels[sigma_mm]


def _depth_at(level: MovingLevel, bone: FixedBone) -> NDArray[np.float32]:
    """(z, y, x) depth in a bone at the voxels of a level; beyond its region as at the border of that."""
    to_lps = np.linalg.inv(level.to_index[:, :3])
    corner, *ends = lps_to_index(bone.region, (np.vstack([np.zeros(3), np.eye(3)]) - level.to_index[:, 3]) @ to_lps.T)
    steps = np.array(ends) - corner
    found: NDArray[np.float32] = ndimage.affine_transform(
        bone.depth_mm, steps.T, corner, level.signal.shape, order=1, mode="nearest"
    )
    return found
