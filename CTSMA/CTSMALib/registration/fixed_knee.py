"""The knee of the CT, which stays where it is: bones, scales and surfaces, made once for all stages."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES, FEMUR, TIBIA
from CTSMALib.errors import AnatomyError
from CTSMALib.registration.contour import SurfacePoints, surface_points
from CTSMALib.registration.fixed_points import FixedBone, FixedLevels, fixed_bone, points_around
from CTSMALib.registration.rigid_fit import FixedPoints

SMALLEST_ML = 1.0  # of a bone that is registered
WHOLE = "knee"


class FixedKnee:
    """CT and bone labels of one knee.

    Attributes:
        ct: HU.
        labels: ``uint8`` label map of bones, about 1 mm, values of :mod:`CTSMALib.anatomy.labels`.
        bones: those large enough to register, by name.
    """

    def __init__(self, ct: sitk.Image, labels: sitk.Image) -> None:
        """Prepare.

        Args:
            ct: HU, any orientation.
            labels: bones in its space.

        Raises:
            AnatomyError: neither femur nor tibia is labelled where the CT is.
        """
        labels = _inside(labels, ct)
        self.ct, self.labels = ct, labels
        counts = np.bincount(sitk.GetArrayFromImage(labels).ravel(), minlength=256)
        voxel_ml = float(np.prod(labels.GetSpacing())) / 1000.0
        large = [bone for bone in BONES if counts[bone.label] * voxel_ml >= SMALLEST_ML]
        self._leading = [bone for bone in large if bone in (FEMUR, TIBIA)]
        if not self._leading:
            raise AnatomyError(
                "Neither femur nor tibia was found in the CT.", "Take a CT that shows the knee, or give bone labels."
            )
        self.bones = {bone.name: fixed_bone(labels, (bone.label,), bone.name) for bone in large}
        self._levels = FixedLevels(ct, labels)
        self._points: dict[tuple[str, float, int, float], FixedPoints] = {}
        self._surfaces: dict[str, SurfacePoints] = {}

    @property
    def levels(self) -> FixedLevels:
        """The CT at several scales."""
        return self._levels

    @property
    def leading(self) -> tuple[str, ...]:
        """The bones that the whole knee is registered by: femur and tibia, as far as they are there."""
        return tuple(bone.name for bone in self._leading)

    @cached_property
    def whole(self) -> FixedBone:
        """Femur and tibia, taken for one."""
        return fixed_bone(self.labels, [bone.label for bone in self._leading], WHOLE)

    @cached_property
    def joint_mm(self) -> NDArray[np.float64]:
        """(3,) LPS point about which femur and tibia bend against each other."""
        if len(self._leading) == 1:
            return self.bones[self.leading[0]].center_mm
        near = np.concatenate([_facing(self.bones[a], self.bones[b]) for a, b in (self.leading, self.leading[::-1])])
        joint: NDArray[np.float64] = near.mean(axis=0)
        return joint

    def points(self, bone: str, count: int, sigma_mm: float, around_mm: float) -> FixedPoints:
        """Points in and around a bone, or around :data:`WHOLE`; see :func:`points_around`."""
        key = (bone, sigma_mm, count, around_mm)
        if key not in self._points:
            chosen = self.whole if bone == WHOLE else self.bones[bone]
            self._points[key] = points_around(self._levels, chosen, count, sigma_mm, around_mm)
        return self._points[key]

    def surface(self, bone: str) -> SurfacePoints:
        """Points on the outline of a bone."""
        if bone not in self._surfaces:
            self._surfaces[bone] = surface_points(self.bones[bone])
        return self._surfaces[bone]

    @property
    def pivots_mm(self) -> dict[str, NDArray[np.float64]]:
        """Bone name to the (3,) LPS point by which its displacement against its neighbor is measured."""
        return {name: self.joint_mm if name == FEMUR.name else self.center_mm(name) for name in self.bones}

    def center_mm(self, bone: str) -> NDArray[np.float64]:
        """(3,) LPS middle of a bone."""
        return self.bones[bone].center_mm


def _inside(labels: sitk.Image, ct: sitk.Image) -> sitk.Image:
    """Labels without what lies beyond the CT; they may have been drawn on a longer scan."""
    covered = sitk.Image(ct.GetSize(), sitk.sitkUInt8) + 1
    covered.CopyInformation(ct)
    return labels * sitk.Resample(covered, labels, sitk.Transform(), sitk.sitkNearestNeighbor, 0, labels.GetPixelID())


def _facing(bone: FixedBone, other: FixedBone) -> NDArray[np.float64]:
    """Surface points of a bone that lie nearest to another: the tenth with the smallest distance to its middle."""
    points = surface_points(bone).points_mm
    away = np.linalg.norm(points - other.center_mm, axis=1)
    return points[away <= np.quantile(away, 0.1)]
