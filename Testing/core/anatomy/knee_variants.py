"""The bundled knee CT, stored and taken in other ways that must not change what is found."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.resources import resource

AIR_HU = -1024
SHIFT_MM = np.array([13.3, -7.7, 101.2])


def sample_ct() -> sitk.Image:
    """The bundled CT of a right knee."""
    return sitk.ReadImage(str(resource("SampleData/knee_ct_sts047.nii.gz")))


def permuted(image: sitk.Image) -> sitk.Image:
    """The same voxels, stored sagittally and back to front."""
    return sitk.Flip(sitk.PermuteAxes(image, [1, 2, 0]), [True, False, True])


def shifted(image: sitk.Image) -> sitk.Image:
    """The same patient elsewhere in the scanner."""
    moved = sitk.Image(image)
    moved.SetOrigin((np.array(image.GetOrigin()) + SHIFT_MM).tolist())
    return moved


def obliquely_stored(image: sitk.Image) -> sitk.Image:
    """The same patient at the same place, on a grid of 1 mm that is turned about all axes."""
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.2, -0.15, 0.3)
    axes = np.array(turn.GetMatrix()).reshape(3, 3)
    size = [190, 180, 160]
    origin = np.array(center_mm(image)) - axes @ ((np.array(size) - 1) / 2)
    return sitk.Resample(
        image, size, sitk.Transform(), sitk.sitkLinear, origin.tolist(), [1.0] * 3, axes.ravel().tolist(), AIR_HU
    )


def resampled(image: sitk.Image, spacing_mm: tuple[float, float, float] = (0.7, 0.7, 2.0)) -> sitk.Image:
    """The same patient at other voxel sizes."""
    extent = np.array(image.GetSpacing()) * (np.array(image.GetSize()) - 1)
    size = (np.floor(extent / spacing_mm) + 1).astype(int).tolist()
    return sitk.Resample(
        image, size, sitk.Transform(), sitk.sitkLinear, image.GetOrigin(), spacing_mm, image.GetDirection(), AIR_HU
    )


def mirrored(image: sitk.Image) -> sitk.Image:
    """A left knee: the patient reflected in the sagittal plane through the middle of the image."""
    copy = sitk.GetImageFromArray(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)[:, :, ::-1]))
    copy.CopyInformation(image)
    return copy


def reflected_points(points_mm: NDArray[np.float64], image: sitk.Image) -> NDArray[np.float64]:
    """Where :func:`mirrored` takes points (n, 3)."""
    return points_mm * (-1.0, 1.0, 1.0) + (2 * center_mm(image)[0], 0.0, 0.0)


def center_mm(image: sitk.Image) -> tuple[float, ...]:
    """LPS position of the middle of an image."""
    return image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])


def both_legs(image: sitk.Image) -> sitk.Image:
    """Two legs side by side: the right knee and its mirror image."""
    right = sitk.GetArrayFromImage(image)
    pair = sitk.GetImageFromArray(np.concatenate([right, right[:, :, ::-1]], axis=2))
    pair.SetSpacing(image.GetSpacing())
    pair.SetOrigin(image.GetOrigin())
    return pair


def slices(image: sitk.Image, start: int, stop: int) -> sitk.Image:
    """Some of the axial slices."""
    size = list(image.GetSize())
    size[2] = stop - start
    return sitk.RegionOfInterest(image, size, [0, 0, start])
