"""Splines through a periodic volume."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.virtual.microstructure.periodic_tile import tile_of

VALUES = np.random.default_rng(0).random((9, 10, 11)).astype(np.float32)


def test_the_samples_are_met():
    tile = tile_of(VALUES, 0.5)
    axes = tuple(0.5 * np.arange(n) for n in VALUES.shape)
    np.testing.assert_allclose(tile.sample(axes), VALUES, atol=2e-5)


def test_between_them_it_is_the_spline_of_scipy():
    z, y, x = (np.random.default_rng(1).uniform(-30, 30, n) for n in (4, 5, 6))
    expected = ndimage.map_coordinates(
        VALUES.astype(float), np.meshgrid(z, y, x, indexing="ij"), order=3, mode="grid-wrap"
    )
    np.testing.assert_allclose(tile_of(VALUES, 1.0).sample((z, y, x)), expected, atol=1e-4)


def test_it_repeats():
    tile = tile_of(VALUES, (0.1, 0.2, 0.3))
    assert tile.period == pytest.approx((0.9, 2.0, 3.3))
    z, y, x = np.linspace(0, 1, 5), np.linspace(0, 1, 4), np.linspace(0, 1, 3)
    np.testing.assert_allclose(tile.sample((z + 0.9, y - 4.0, x + 3.3)), tile.sample((z, y, x)), atol=1e-4)
