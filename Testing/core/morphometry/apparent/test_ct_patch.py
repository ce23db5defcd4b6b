"""Recipes read a CT as they read an MR."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.apparent.patch_image import ct_patch
from CTSMALib.morphometry.apparent.registry import RECIPES
from Testing.core.morphometry.apparent.phantoms import in_k_space, plates

MARROW_HU, BONE_HU, NOISE_HU = -40.0, 1500.0, 20.0
SPACING_MM = (0.5, 0.21875, 0.21875)


def a_ct(fraction: np.ndarray, noise_hu: float = NOISE_HU):
    hu = MARROW_HU + fraction * (BONE_HU - MARROW_HU)
    hu = hu + noise_hu * np.random.default_rng(2).standard_normal(hu.shape)
    everywhere = np.ones(hu.shape, bool)
    return ct_patch(hu, everywhere, everywhere, SPACING_MM, MARROW_HU, BONE_HU, noise_hu, 0.35)


def test_the_fraction_is_the_mixing_rule() -> None:
    fraction = plates(0.25, 0.7, 20.0)
    patch = a_ct(fraction)
    assert patch.fraction.mean() == pytest.approx(fraction.mean(), abs=0.01)
    found = RECIPES["partial-volume"].read(patch)
    assert found.bv_tv == pytest.approx(fraction.mean(), abs=0.01)  # no noise floor is taken off


def test_the_dual_reference_threshold_is_the_middle() -> None:
    fraction = plates(0.25, 0.7, 20.0)
    found = RECIPES["dual-reference"].read(a_ct(fraction, noise_hu=1.0))
    assert found.bv_tv == pytest.approx(float(np.mean(fraction > 0.5)), abs=0.01)


@pytest.mark.parametrize("name", ["correlation", "blurred-plates"])
def test_more_plates_are_read_as_more(name: str) -> None:
    few, many = (RECIPES[name].read(a_ct(in_k_space(plates(0.2, gap, 20.0), 0.21875))) for gap in (1.2, 0.6))
    assert many.tb_n_per_mm > 1.3 * few.tb_n_per_mm


def test_swapped_references_are_refused() -> None:
    some = np.zeros((4, 8, 8))
    with pytest.raises(ValueError, match="denser"):
        ct_patch(some, some > 0, some > 0, SPACING_MM, 1500.0, -40.0, 20.0, 0.4)
