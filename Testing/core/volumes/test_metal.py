"""Metal is found and bone is not taken for it."""

from __future__ import annotations

import time

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.volumes import metal_mask
from Testing.core.volumes.conftest import image_of


def with_ball(hu: np.ndarray, value: int, radius_mm: float) -> np.ndarray:
    """The phantom with a ball around voxel (20, 24, 34); spacing 1.5, 0.7, 0.8 mm."""
    z, y, x = np.mgrid[:40, :56, :64]
    inside = ((z - 20) * 1.5) ** 2 + ((y - 24) * 0.7) ** 2 + ((x - 34) * 0.8) ** 2 <= radius_mm**2
    return np.where(inside, value, hu).astype(np.int16)


def test_an_implant_is_found_with_its_margin(a_phantom: np.ndarray) -> None:
    image = image_of(with_ball(a_phantom, 3071, 4.0))
    mask = metal_mask(image)
    assert mask.GetPixelID() == sitk.sitkUInt8
    assert mask.GetOrigin() == image.GetOrigin() and mask.GetDirection() == image.GetDirection()
    volume = sitk.GetArrayFromImage(mask).sum() * 1.5 * 0.7 * 0.8
    assert volume == pytest.approx(4 / 3 * np.pi * 6.3**3, rel=0.1)  # 4 mm, the margin, half a voxel
    assert mask[34, 24, 20] == 1 and mask[34, 24, 26] == 0


@pytest.mark.parametrize(("value", "radius"), [(1990, 6.0), (2600, 4.0), (3071, 1.0)])
def test_dense_bone_and_specks_are_not_metal(a_phantom: np.ndarray, value: int, radius: float) -> None:
    noise = np.random.default_rng(3).integers(-15, 16, a_phantom.shape).astype(np.int16)
    hu = with_ball(a_phantom, value, radius) + noise
    assert sitk.GetArrayFromImage(metal_mask(image_of(hu))).sum() == 0


@pytest.mark.parametrize("top", [2500, 2800])
def test_metal_cut_off_at_the_top_of_the_scan_is_found(a_phantom: np.ndarray, top: int) -> None:
    whole = metal_mask(image_of(with_ball(a_phantom, 3071, 4.0)))
    clipped = metal_mask(image_of(np.minimum(with_ball(a_phantom, 3071, 4.0), top).astype(np.int16)))
    assert np.array_equal(sitk.GetArrayFromImage(clipped), sitk.GetArrayFromImage(whole))


@pytest.mark.parametrize(("top", "radius"), [(2000, 4.0), (2499, 4.0), (2500, 1.0)])
def test_bone_cut_off_and_clipped_specks_are_not_metal(a_phantom: np.ndarray, top: int, radius: float) -> None:
    assert sitk.GetArrayFromImage(metal_mask(image_of(with_ball(a_phantom, top, radius)))).sum() == 0


def test_metal_at_the_border(a_phantom: np.ndarray) -> None:
    hu = a_phantom.copy()
    hu[:3, :5, :6] = 3071
    mask = sitk.GetArrayFromImage(metal_mask(image_of(hu)))
    assert mask[:3, :5, :6].all() and not mask[8:].any()


def test_a_large_scan_takes_little_time() -> None:
    hu = np.zeros((200, 512, 512), dtype=np.int16)
    hu[90:110, 200:230, 200:230] = 3071
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.4, 0.4, 0.6))
    start = time.process_time()
    metal_mask(image)
    assert time.process_time() - start < 3
