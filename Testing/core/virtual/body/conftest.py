"""Coarse knees and scans that tests of whole knees share; nobody changes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.virtual.body import acquisition
from CTSMALib.virtual.body.acquisition import Acquisition, draw_acquisition
from CTSMALib.virtual.body.knee import TINY, VirtualKnee, virtual_knee
from CTSMALib.virtual.body.scans import image_of, tissue_of
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.spec import KneeSpec

SEED = 5


@pytest.fixture(scope="session")
def spec() -> KneeSpec:
    """A left knee without osteoarthritis but with a cyst."""
    return replace(draw_spec(SEED, 0, "left"), family="field", cysts=1)


@pytest.fixture(scope="session")
def knee(spec: KneeSpec) -> VirtualKnee:
    return virtual_knee(spec, TINY)


@pytest.fixture(scope="session")
def plan(knee: VirtualKnee) -> Acquisition:
    return draw_acquisition(knee, coverage=acquisition.TINY)


@pytest.fixture(scope="session")
def ct(knee: VirtualKnee, plan: Acquisition) -> NDArray[np.int16]:
    return sitk.GetArrayFromImage(image_of(tissue_of(knee, plan.ct), plan.ct))


@pytest.fixture(scope="session")
def mr(knee: VirtualKnee, plan: Acquisition) -> NDArray[np.int16]:
    return sitk.GetArrayFromImage(image_of(tissue_of(knee, plan.mr["bffe"]), plan.mr["bffe"]))
