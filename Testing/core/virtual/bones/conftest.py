"""Coarse seated knees that tests of contact and flexion share; nobody changes them."""

from __future__ import annotations

import pytest

from CTSMALib.virtual.bones.contact import seated
from CTSMALib.virtual.bones.make_shape import knee_shape
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.spec import KneeSpec

SPACING_MM = 1.2
SEED_OF_GRADE = {0: 5, 2: 17, 3: 23, 4: 24}  # four source anatomies; the last one is bone on bone


@pytest.fixture(scope="session")
def seated_knees() -> dict[int, tuple[KneeSpec, KneeShape, KneeShape]]:
    """Grade to specification, bones as shaped, and bones seated."""
    knees = {}
    for grade, seed in SEED_OF_GRADE.items():
        spec = draw_spec(seed, grade, "right")
        shape = knee_shape(spec, SPACING_MM)
        knees[grade] = spec, shape, seated(shape, spec)
    return knees
