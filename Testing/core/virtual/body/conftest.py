"""Coarse knees and scans that tests of whole knees share; nobody changes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from CTSMALib.virtual.body import acquisition
from CTSMALib.virtual.body.acquisition import Acquisition, draw_acquisition
from CTSMALib.virtual.body.knee import TINY, VirtualKnee, virtual_knee
from CTSMALib.virtual.population import draw_spec

SEED = 5


@pytest.fixture(scope="session")
def knee() -> VirtualKnee:
    """A right knee without osteoarthritis but with a cyst."""
    spec = draw_spec(SEED, 0, "right")
    return virtual_knee(replace(spec, family="field", cysts=1), TINY)


@pytest.fixture(scope="session")
def plan(knee: VirtualKnee) -> Acquisition:
    return draw_acquisition(knee, coverage=acquisition.TINY)
