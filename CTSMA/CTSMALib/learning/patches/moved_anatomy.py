"""The anatomy of a CT where a registration puts it in the MR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import physical_box
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES
from CTSMALib.anatomy.patch import Patch, as_point
from CTSMALib.learning.patches.knee_boxes import moved
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.volumes.geometry import crop_to_box
from CTSMALib.volumes.rigid import applied, inverse, itk_transform


def anatomy_on_mr(
    anatomy: KneeAnatomy, record: RegistrationRecord, bones: Sequence[str], mr: sitk.Image
) -> KneeAnatomy:  # fmt: skip
    """The anatomy of a CT where a registration puts it in the MR: scan, labels, trabecular bone and frames.

    The local refinement moves centers of patches, not outlines, which it displaces by some tenths of a millimeter.

    Args:
        anatomy: of the CT.
        record: the registration.
        bones: that are taken along.
        mr: the whole MR.
    """
    motions = {bone: record.bone(bone).fixed_to_moving_lps for bone in bones}
    low, high = physical_box(anatomy.labels)
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    there = np.concatenate([applied(motion, corners) for motion in motions.values()])
    scan = crop_to_box(mr, there.min(axis=0), there.max(axis=0))
    numbers = {bone.name: bone.label for bone in BONES}
    labels, trabecular = (sitk.Image(scan.GetSize(), sitk.sitkUInt8) for _ in range(2))
    for image in (labels, trabecular):
        image.CopyInformation(scan)
    for bone, motion in motions.items():
        back = itk_transform(inverse(motion))
        whole = anatomy.labels == numbers[bone]
        labels = sitk.Maximum(labels, _moved_mask(whole, scan, back) * numbers[bone])
        trabecular = sitk.Maximum(trabecular, _moved_mask(whole & (anatomy.trabecular > 0), scan, back))
    frames = {bone: moved(anatomy.frames[bone], motion) for bone, motion in motions.items()}
    return replace(anatomy, scan=scan, labels=labels, trabecular=trabecular, frames=frames)


def _moved_mask(mask: sitk.Image, like: sitk.Image, transform: sitk.Transform) -> sitk.Image:
    share = sitk.Resample(mask * 200, like, transform, sitk.sitkLinear, 0.0, sitk.sitkUInt8)
    return share >= 100


def patch_on_mr(patch: Patch, record: RegistrationRecord, frame: JointFrame) -> Patch:
    """A patch of the CT where the registration puts it in the MR, local refinement included.

    Args:
        patch: of the CT.
        record: the registration.
        frame: of its bone in the MR.
    """
    there = applied(record.bone(patch.bone).fixed_to_moving_lps, np.array([patch.center_lps_mm]))
    if record.local is not None:
        local = LocalField(np.array(record.local.center_lps_mm), np.array(record.local.coefficients_mm))
        there = local.shown_at(there)
    center = as_point(frame.to_anatomical(there[0]))
    return replace(patch, center_lps_mm=as_point(there[0]), center_anatomical_mm=center)
