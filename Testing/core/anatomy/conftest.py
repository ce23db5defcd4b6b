"""Knees to find: the bundled CT and its variants, each analyzed once."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.legs import KneeCandidate, find_knees
from Testing.core.anatomy import knee_variants


def anatomy_of(image: sitk.Image) -> KneeAnatomy:
    """The first knee of a scan."""
    return find_anatomy(image, find_knees(image)[0])


@functools.cache
def _anatomy_of_variant(name: str) -> KneeAnatomy:
    return anatomy_of(getattr(knee_variants, name)(knee_variants.sample_ct()))


@pytest.fixture(scope="session")
def a_knee_ct() -> sitk.Image:
    return knee_variants.sample_ct()


@pytest.fixture(scope="session")
def a_candidate(a_knee_ct: sitk.Image) -> KneeCandidate:
    """Where the bundled CT shows a knee."""
    (candidate,) = find_knees(a_knee_ct)
    return candidate


@pytest.fixture(scope="session")
def a_knee(a_knee_ct: sitk.Image, a_candidate: KneeCandidate) -> KneeAnatomy:
    return find_anatomy(a_knee_ct, a_candidate)


@pytest.fixture(scope="session")
def a_left_knee() -> KneeAnatomy:
    return _anatomy_of_variant("mirrored")


@pytest.fixture(scope="session")
def knee_variant() -> Callable[[str], KneeAnatomy]:
    """The anatomy of the bundled CT after one of the changes in ``knee_variants``."""
    return _anatomy_of_variant
