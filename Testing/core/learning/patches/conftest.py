"""A small cohort and its patch set, which tests share; nobody changes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib.learning.patches.build import build, plan_virtual
from CTSMALib.virtual.cohort.read import read_cohort
from Testing.core.learning.patches.made_up_boxes import a_cohort_of


@pytest.fixture(scope="session")
def a_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_cohort_of(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def a_set(a_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a complete patch set."""
    folder = tmp_path_factory.mktemp("patches") / "set"
    build(plan_virtual(read_cohort(a_cohort)), folder)
    return folder
