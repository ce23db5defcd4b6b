"""Images and patches whose every property is known."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReference, TissueReferences

FWHM_PER_SIGMA = 2.3548
TILT_RAD = 0.17  # of the leg against the slice axis, so that no surface lies along the grid


def references(marrow: float = -60.0, bone: float = 1400.0) -> TissueReferences:
    """References as if measured."""

    def tissue(hu: float) -> TissueReference:
        return TissueReference(hu, 10.0, 1000, measured=True)

    return TissueReferences(tissue(-100.0), tissue(55.0), tissue(marrow), tissue(bone), True, bone)


def a_leg(
    spacing: tuple[float, float, float] = (0.4, 0.4, 0.6),
    fwhm: tuple[float, float, float] = (0.7, 0.7, 0.9),
    noise: float = 20.0,
    size: float = 50.0,
    cortex_mm: float = 2.0,
    fat_mm: float = 4.0,
    marrow: float = 150.0,
    bone: float = 1500.0,
    flesh: tuple[float, float] = (-100.0, 55.0),
) -> tuple[sitk.Image, sitk.Image]:
    """A capsule of skin, fat, muscle, cortex and marrow in air, truly blurred, and its bone label.

    ``spacing`` and ``fwhm`` are (x, y, z) in mm. Painted at half the voxel size with partial volume,
    blurred with a Gaussian and then sampled, so blur does not come from the model that is to find it.
    """
    voxel = np.array(spacing[::-1])
    fine = voxel / 2.0
    count = 2 * np.ceil(size / voxel).astype(int)
    axes = [((np.arange(n) - (n - 1) / 2.0) * step).astype(np.float32) for n, step in zip(count, fine, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    along, beside = np.cos(TILT_RAD) * z + np.sin(TILT_RAD) * y, np.cos(TILT_RAD) * y - np.sin(TILT_RAD) * z
    radius = np.sqrt(np.maximum(np.abs(along) - 0.23 * size, 0.0) ** 2 + beside**2 + x**2)
    skin, shell = radius - 0.4 * size, radius - 0.23 * size
    fat, muscle = flesh
    hu = np.full(radius.shape, -1000.0, dtype=np.float32)
    for distance, step in (
        (skin, 1040.0),
        (skin + 1.6, fat - 40.0),
        (skin + fat_mm, muscle - fat),
        (shell, bone - muscle),
        (shell + cortex_mm, marrow - bone),
    ):
        hu += step * np.clip(0.5 - distance / fine.mean(), 0.0, 1.0)
    hu = ndimage.gaussian_filter(hu, np.array(fwhm[::-1]) / FWHM_PER_SIGMA / fine)[::2, ::2, ::2]
    hu += np.random.default_rng(5).normal(0.0, noise, hu.shape)
    label = (shell < 0)[::2, ::2, ::2]
    return image_of(np.round(hu).astype(np.int16), spacing), image_of(label.astype(np.uint8), spacing)


def image_of(array: NDArray[np.generic], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> sitk.Image:
    """An image with the patient's axes; ``spacing`` is (x, y, z)."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image
