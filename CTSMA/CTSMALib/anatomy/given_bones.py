"""Bones that were labelled already: an image in which knees are found as in a CT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.grids import resample_axis_aligned
from CTSMALib.anatomy.labels import BONES, FEMUR, FIBULA, TIBIA
from CTSMALib.errors import AnatomyError

SPACING_MM = 1.0
CORTEX_MM = 2.0
SHAFT_CORTEX_HU, MARROW_HU, SOFT_TISSUE_HU = 700.0, 180.0, 40.0  # as a CT of an adult shows them, smoothed to 1 mm
LEAST_ML = 5.0  # of femur and of tibia


@dataclass(frozen=True, eq=False)
class GivenBones:
    """Labelled bones.

    Attributes:
        labels: ``uint8`` of :mod:`CTSMALib.anatomy.labels`, axis-aligned, isotropic, 1 mm.
        as_ct: HU on the same grid: cortex at the surfaces, marrow within, soft tissue around.
        on_ct: whether they were labelled on a CT, in which the subchondral plate is looked for then.
    """

    labels: sitk.Image
    as_ct: sitk.Image
    on_ct: bool = False

    @property
    def shows_fibula(self) -> bool:
        """Whether one was labelled; else what looks like one is a part of another bone."""
        return bool((sitk.GetArrayViewFromImage(self.labels) == FIBULA.label).any())


def given_bones(labels: sitk.Image, on_ct: bool = False) -> GivenBones:
    """Prepare labelled bones for :func:`~CTSMALib.anatomy.knee.find_anatomy`.

    Args:
        labels: ``uint8`` of :mod:`CTSMALib.anatomy.labels`, any grid.
        on_ct: whether they were labelled on a CT.

    Raises:
        AnatomyError: there is no femur or no tibia.
    """
    aligned = aligned_labels(labels)
    values = sitk.GetArrayViewFromImage(aligned)
    for bone in (FEMUR, TIBIA):
        if np.count_nonzero(values == bone.label) * SPACING_MM**3 < LEAST_ML * 1000.0:
            named = ", ".join(f"{b.label} {b.name}" for b in BONES)
            raise AnatomyError(
                f"The bone labels hold no {bone.name}.", f"Label femur and tibia at least; labels are {named}."
            )
    hu = np.full(values.shape, SOFT_TISSUE_HU, np.float32)
    for bone in BONES:
        # Bone goes on beyond the image: its cut face is not a surface.
        solid = np.pad(values == bone.label, 2, mode="edge")
        depth = ndimage.distance_transform_edt(solid)[2:-2, 2:-2, 2:-2] * SPACING_MM
        hu[depth > 0.0] = SHAFT_CORTEX_HU
        hu[depth > CORTEX_MM] = MARROW_HU
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(aligned)
    return GivenBones(aligned, image, on_ct)


def bones_only(labels: sitk.Image) -> sitk.Image:
    """A label map without what is no bone, such as cartilage that somebody has labelled too; ``uint8``, same grid."""
    values = sitk.GetArrayViewFromImage(labels)
    found = sitk.GetImageFromArray(
        np.where(np.isin(values, [bone.label for bone in BONES]), values, 0).astype(np.uint8)
    )
    found.CopyInformation(labels)
    return found


def aligned_labels(labels: sitk.Image) -> sitk.Image:
    """Bone labels on an axis-aligned 1 mm grid; outlines between voxels are interpolated.

    Args:
        labels: ``uint8`` of :mod:`CTSMALib.anatomy.labels`, any grid.
    """
    found: sitk.Image | None = None
    for bone in BONES:
        share = resample_axis_aligned(sitk.Cast(labels == bone.label, sitk.sitkFloat32), SPACING_MM)
        own = sitk.Cast(share > 0.5, sitk.sitkUInt8) * bone.label
        found = own if found is None else sitk.Maximum(found, own)
    assert found is not None
    return found
