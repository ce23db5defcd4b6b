"""The colors of quantities."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colormaps

from CTSMALib.catalogue import QUANTITIES, quantity
from CTSMALib.palette import NOT_MEASURED, color_map, colors_of, map_name


@pytest.mark.parametrize("name", ["viridis", "plasma"])
def test_the_tables_are_the_published_maps(name: str) -> None:
    published = colormaps[name](np.arange(256))[:, :3] * 255
    assert np.abs(color_map(name).astype(float) - published).max() <= 3.5


def test_values_take_their_color_over_the_fixed_range() -> None:
    bvf = quantity("ct_bvf")
    low, high = bvf.display_range
    table = color_map(map_name(bvf))
    colors = colors_of(bvf, np.array([low, high, (low + high) / 2, low - 9, high + 9, np.nan]))
    np.testing.assert_array_equal(colors[0], table[0])
    np.testing.assert_array_equal(colors[1], table[-1])
    assert np.abs(colors[2].astype(int) - table[128].astype(int)).max() <= 3
    np.testing.assert_array_equal(colors[3], table[0])
    np.testing.assert_array_equal(colors[4], table[-1])
    np.testing.assert_array_equal(colors[5], NOT_MEASURED)


def test_every_quantity_has_a_map() -> None:
    assert all(len(color_map(map_name(entry))) == 256 for entry in QUANTITIES)
