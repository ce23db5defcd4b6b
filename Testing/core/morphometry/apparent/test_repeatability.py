"""The repeatability that comes with the package is that of the default recipe, complete and consistent."""

from __future__ import annotations

import pytest

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import DEFAULT, RECIPES
from CTSMALib.morphometry.apparent.repeatability import ALL, repeatability_of, study


def test_every_parameter_and_compartment_of_the_default_is_known() -> None:
    known = study()
    assert known is not None and "virtual" in known.basis
    for key in KEYS:
        for where in (ALL, *(c.key for c in COMPARTMENTS)):
            entry = repeatability_of(DEFAULT, key, where)
            assert entry is not None, (key, where)
            assert entry.icc_low <= entry.icc <= entry.icc_high <= 1.0
            assert entry.least_change == pytest.approx(2.77 * entry.within_sd, rel=0.01)
            assert entry.knees >= 40 and entry.patches >= entry.knees


def test_another_recipe_has_none() -> None:
    other = next(recipe for name, recipe in RECIPES.items() if name != DEFAULT.name)
    assert repeatability_of(other, KEYS[0]) is None
