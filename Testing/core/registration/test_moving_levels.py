"""Scales of an MR: padding is left out, and smoothing moves nothing."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.registration.moving_levels import MovingLevel, level_of, without_padding
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.rigid import turned


def an_oblique_image(array: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.float32))
    image.SetSpacing((0.5, 0.7, 1.6))
    image.SetOrigin((12.0, -40.0, 7.0))
    image.SetDirection(turned(np.array([20.0, 10.0, -30.0]), np.zeros(3), np.zeros(3))[:3, :3].ravel().tolist())
    return image


def a_level(array: np.ndarray, sigma_mm: float) -> MovingLevel:
    return level_of(array.astype(np.float32), Grid.of(an_oblique_image(array)), sigma_mm)


def test_slabs_of_zeros_at_the_border_are_left_out_and_the_rest_stays_in_its_place() -> None:
    array = np.ones((8, 9, 10))
    array[:2] = array[:, -3:] = 0.0
    array[5, 3, 4] = array[4] = 0.0  # within, zeros are signal
    image = an_oblique_image(array)
    kept = without_padding(image)
    assert kept.GetSize() == (10, 6, 6)
    assert sitk.GetArrayFromImage(kept) == pytest.approx(array[2:, :-3])
    assert kept.GetOrigin() == pytest.approx(image.TransformIndexToPhysicalPoint((0, 0, 2)))


def test_an_image_of_zeros_is_kept() -> None:
    assert without_padding(an_oblique_image(np.zeros((3, 4, 5)))).GetSize() == (5, 4, 3)


@pytest.mark.parametrize("sigma_mm", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_a_point_stays_where_it_is_at_every_scale(sigma_mm: float) -> None:
    """A blob wider than a voxel, so that its middle can be measured on any grid."""
    index = np.moveaxis(np.indices((30, 70, 96)), 0, -1)
    middle = np.array([15.3, 34.2, 47.6])
    image = an_oblique_image(np.zeros(index.shape[:3]))
    points = index_to_lps(image, index)
    true = index_to_lps(image, middle)
    array = np.exp(-0.5 * ((points - true) ** 2).sum(axis=-1) / 2.5**2)
    level = a_level(array + 1e-6, sigma_mm)
    weight = level.signal.astype(float)
    there = np.array([(weight * i).sum() for i in np.indices(weight.shape)]) / weight.sum()
    expected = level.to_index[:, :3] @ true + level.to_index[:, 3]
    spacing = np.array([1.6, 0.7, 0.5]) * np.array(array.shape) / np.array(weight.shape)
    assert np.abs((there - expected) * spacing).max() < 0.05
    if sigma_mm == 4.0:
        assert weight.size < array.size / 8


@pytest.mark.parametrize("sigma_mm", [0.5, 2.0])
def test_a_flat_image_stays_flat_up_to_what_is_not_known(sigma_mm: float) -> None:
    array = np.full((20, 40, 50), 7.0)
    array[:, :12] = np.nan
    signal = a_level(array, sigma_mm).signal
    known = np.isfinite(signal)
    assert 0.5 < known.mean() < 0.85
    assert np.allclose(signal[known], 7.0, atol=1e-4)
