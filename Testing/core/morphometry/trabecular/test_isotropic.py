"""Cubic voxels and back."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular import isotropic
from CTSMALib.morphometry.trabecular.bone_image import from_fraction
from CTSMALib.morphometry.trabecular.isotropic import from_isotropic, isotropic_grid, to_isotropic


def test_cubes_stay_as_they_are():
    image = from_fraction(np.random.default_rng(0).random((4, 5, 6)), 0.2)
    assert to_isotropic(image, isotropic_grid(image)) is image


def test_a_linear_ramp_stays_a_ramp():
    ramp = np.linspace(0, 1, 12)[:, None, None] * np.ones((12, 5, 5))
    image = from_fraction(ramp, (0.3, 0.1, 0.1))
    cubic = to_isotropic(image, isotropic_grid(image))
    assert cubic.fraction.shape == (36, 5, 5)
    assert cubic.spacing_mm == pytest.approx((0.1, 0.1, 0.1))
    positions = (np.arange(36) + 0.5) / 3 - 0.5
    np.testing.assert_allclose(cubic.fraction[:, 2, 2], np.clip(positions / 11, 0, 1), atol=1e-4)


@pytest.mark.parametrize("spacing", [(0.75, 0.22, 0.22), (0.22, 0.75, 0.22), (0.3, 0.2, 0.1)])
def test_both_grids_fill_the_same_volume(spacing: tuple[float, float, float]):
    image = from_fraction(np.zeros((10, 11, 12)), spacing)
    cubic = to_isotropic(image, isotropic_grid(image))
    assert cubic.total_mm3 == pytest.approx(image.total_mm3, rel=0.02)  # but for half a step on each side
    assert cubic.spacing_mm == (min(spacing),) * 3


def test_a_map_comes_back_as_the_mean_of_what_counts():
    image = from_fraction(np.zeros((2, 2, 2)), (0.3, 0.1, 0.1))
    grid = isotropic_grid(image)
    values = np.zeros((6, 2, 2), np.float32)
    values[0], values[1], values[4] = 1.0, 2.0, 5.0
    back = from_isotropic(values, grid)
    np.testing.assert_allclose(back[:, 0, 0], [1.5, 0.0])  # of the second voxel only a third counts


def test_too_many_voxels_make_the_grid_coarser(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(isotropic, "MOST_VOXELS", 1000)
    image = from_fraction(np.random.default_rng(0).random((20, 20, 20)), 0.1)
    grid = isotropic_grid(image)
    assert np.prod(grid.counts) <= 1100
    cubic = to_isotropic(image, grid)
    assert from_isotropic(np.ones_like(cubic.fraction), grid).shape == (20, 20, 20)


def test_few_slices_are_joined_by_lines():
    fraction = np.stack([np.zeros((4, 4)), np.ones((4, 4))])
    image = from_fraction(fraction, (0.4, 0.1, 0.1))
    cubic = to_isotropic(image, isotropic_grid(image))
    assert 0 <= cubic.fraction.min() <= cubic.fraction.max() <= 1
