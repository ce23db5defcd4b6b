"""A made-up pair, and its registration with few points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from CTSMALib.anatomy.patch import as_point
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.patch_pairs import FixedPatch
from CTSMALib.registration.register import Registration, register
from Testing.core.made_up_pair import MadeUpPair, made_up_pair, with_few_points


@pytest.fixture(scope="session")
def a_pair() -> MadeUpPair:
    return made_up_pair()


@pytest.fixture(scope="session", autouse=True)
def few_points() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        with_few_points(patch)
        yield


@pytest.fixture(scope="session")
def a_fixed_knee(a_pair: MadeUpPair) -> FixedKnee:
    return FixedKnee(a_pair.ct, a_pair.labels)


@pytest.fixture(scope="session")
def a_moving_knee(a_pair: MadeUpPair) -> MovingKnee:
    return MovingKnee(a_pair.mr)


@pytest.fixture(scope="session")
def some_patches(a_pair: MadeUpPair) -> tuple[FixedPatch, ...]:
    """Two below the joint, and one where the MR ends."""
    below = a_pair.joint_mm - np.array([0.0, 0.0, 14.0])
    places = [below + [20.0, 0.0, 0.0], below - [20.0, 0.0, 0.0], below - [0.0, 0.0, 200.0]]
    return tuple(
        FixedPatch(f"TM-r1-c{n + 1}-d1", "tibia", "TM", as_point(place), 1.0) for n, place in enumerate(places)
    )


@pytest.fixture(scope="session")
def a_registration(
    a_fixed_knee: FixedKnee, a_moving_knee: MovingKnee, some_patches: tuple[FixedPatch, ...]
) -> Registration:
    """From nothing: headers are displaced by some 12 degrees and 40 mm."""
    return register(a_fixed_knee, a_moving_knee, some_patches)
