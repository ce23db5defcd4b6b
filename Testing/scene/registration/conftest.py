"""A registration under review in a scene with views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.registration.review_nodes import ReviewNodes, open_review
from CTSMALib.scene.views import add_views
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.scene.registration.drawn_slice import DrawnSlice
from Testing.scene.registration.pair_record import true_record
from Testing.scene.registration.seen_in_views import add_moving_views

FIELD_MM = 96.0  # 0.3 mm a pixel


@pytest.fixture()
def a_scene(tmp_path: Path) -> Iterator[Any]:
    """An empty scene with Slicer's ordinary views; its files go into a folder of their own."""
    scene = new_scene(tmp_path)
    add_views(scene)
    yield scene
    scene.Clear(1)  # objects of VTK keep each other alive, and with them hundreds of megabytes


@pytest.fixture(scope="session")
def a_pair() -> MadeUpPair:
    return made_up_pair()


@pytest.fixture(scope="session")
def a_record_of_the_pair(a_pair: MadeUpPair) -> RegistrationRecord:
    return true_record(a_pair)


@pytest.fixture()
def a_review(a_scene: Any, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord) -> ReviewNodes:
    add_moving_views(a_scene)
    return open_review(a_scene, a_record_of_the_pair, a_pair.ct, a_pair.mr, a_pair.labels)


@pytest.fixture()
def joint_ras(a_pair: MadeUpPair) -> np.ndarray:
    """(3,) the middle of the joint in the CT."""
    return a_pair.joint_mm * (-1.0, -1.0, 1.0)


@pytest.fixture(params=["Red", "Yellow", "Green"])
def a_view(request: pytest.FixtureRequest, a_review: ReviewNodes, joint_ras: np.ndarray) -> Iterator[DrawnSlice]:
    view = DrawnSlice(a_review.scene, request.param)
    view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
    view.node.JumpSliceByCentering(*(joint_ras + (15.0, 0.0, 14.0)).tolist())
    yield view
    view.close()
