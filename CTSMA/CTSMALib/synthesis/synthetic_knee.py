"""What was made of an MR: CT numbers, bones, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.notices import Notice
from CTSMALib.synthesis.working_image import on_grid_of
from CTSMALib.volumes.grid import Grid

UNKNOWN_HU = -1024
NOT_LIKE_TRAINING, MISPLACED = "mr-unlike-training", "mr-bones-misplaced"
DOUBTFUL = (NOT_LIKE_TRAINING, MISPLACED)  # codes of notices that say that bones may be wrong
LEAST_BELOW_MM = 10.0  # of the middle of the tibia from that of the femur, toward the feet; of whole knees about 60


@dataclass(frozen=True, eq=False)
class SyntheticKnee:
    """What was made of an MR, all on one isotropic grid along the patient's axes.

    Attributes:
        grid: of the arrays, LPS.
        hu: (z, y, x) int16 CT numbers; :data:`UNKNOWN_HU` outside the MR.
        error_hu: (z, y, x) float32, half width of the interval that ought to hold 90 % of the CT numbers.
        bones: (z, y, x) uint8 labels of :mod:`CTSMALib.anatomy.labels`, one piece each.
        likelihood: (5, z, y, x) float16 of background and bones.
        known: (z, y, x) where the MR is.
        distance: from the images of the training; see :class:`~CTSMALib.synthesis.familiarity.Familiarity`.
        limit: of that distance.
        model: which made it.
    """

    grid: Grid
    hu: NDArray[np.int16]
    error_hu: NDArray[np.float32]
    bones: NDArray[np.uint8]
    likelihood: NDArray[np.float16]
    known: NDArray[np.bool_]
    distance: float
    limit: float
    model: str

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must know."""
        found = []
        if self.distance > self.limit:
            text = (
                f"The MR looks unlike those that the network learned from (distance {self.distance:.1f}, usual up to "
                f"{self.limit:.1f}): the synthetic CT and the bones may be wrong. Look at them before you rely on them."
            )
            found.append(Notice(NOT_LIKE_TRAINING, text))
        if self._is_misplaced():
            text = (
                "What was taken for the tibia does not lie below the femur: something else in the leg, such as a "
                "tumor, was taken for bone, or the MR does not say how the patient lay."
            )
            found.append(Notice(MISPLACED, text))
        return tuple(found)

    def _is_misplaced(self) -> bool:
        femur, tibia = (_mean_slice(self.bones == bone.label) for bone in (FEMUR, TIBIA))
        return (femur - tibia) * self.grid.spacing_mm[2] < LEAST_BELOW_MM  # not where either is missing

    def ct_image(self) -> sitk.Image:
        """The synthetic CT."""
        return self.grid.image(self.hu)

    def bones_image(self) -> sitk.Image:
        """The label map."""
        return self.grid.image(self.bones)

    def bones_on(self, reference: sitk.Image) -> sitk.Image:
        """The bones at the voxels of another image, as of the MR: the likeliest at each."""
        values = [
            sitk.GetArrayFromImage(on_grid_of(part.astype(np.float32), self.grid, reference, float(number == 0)))
            for number, part in enumerate(self.likelihood)
        ]
        labels = np.argmax(values, axis=0).astype(np.uint8)
        near, inside = (_nearest(self.grid.image(array), reference) for array in (_grown(self.bones), self.bones))
        filled = np.where(labels == 0, inside, labels)  # holes of the likelihood were filled
        found = sitk.GetImageFromArray(np.where(near == filled, filled, 0).astype(np.uint8))
        found.CopyInformation(reference)
        return found


def _mean_slice(where: NDArray[np.bool_]) -> float:
    """Mean z index; NaN of nothing."""
    counts = where.sum(axis=(1, 2))
    return float(counts @ np.arange(len(counts)) / counts.sum()) if counts.any() else float("nan")


def _nearest(labels: sitk.Image, reference: sitk.Image) -> NDArray[np.uint8]:
    image = sitk.Resample(labels, reference, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    found: NDArray[np.uint8] = sitk.GetArrayFromImage(image)
    return found


def _grown(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels one voxel larger, for what lies between voxel centers."""
    found: NDArray[np.uint8] = np.where(labels > 0, labels, ndimage.grey_dilation(labels, size=3))
    return found
