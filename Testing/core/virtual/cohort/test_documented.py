"""The guide names everything that a cohort holds."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.make import make_cohort
from CTSMALib.virtual.cohort.manifest import COLUMNS
from CTSMALib.virtual.scanners import CTProtocol, GradientDistortion, MRProtocol, Sequence
from CTSMALib.virtual.spec import KneeSpec
from Testing.core.virtual.cohort.made_up_knees import MADE_UP

GUIDE = Path(__file__).parents[4] / "docs" / "virtual-knees.md"
TITLES = {kind: f"### {kind}" for kind in ("manifest.csv", "patches.npz", "knee.json", "Scanners")}


def named_under(title: str) -> set[str]:
    """What stands between backquotes in the tables of a chapter."""
    chapter = re.split(r"\n##+ ", GUIDE.read_text(encoding="utf-8").split(title, 1)[1])[0]
    return set(re.findall(r"`([^`]+)`", chapter))


def test_columns_of_the_manifest() -> None:
    assert set(COLUMNS) <= named_under(TITLES["manifest.csv"])


@pytest.mark.parametrize("kind", [CTProtocol, MRProtocol, GradientDistortion, Sequence])
def test_parameters_of_scanners(kind: type) -> None:
    assert {field.name for field in fields(kind)} <= named_under(TITLES["Scanners"])


def test_arrays_of_patches_and_fields_of_knees(tmp_path: Path) -> None:
    make_cohort(CohortOrder(1, mode="patches"), tmp_path, MADE_UP)
    with np.load(tmp_path / "vk0001" / "patches.npz") as stored:
        assert set(stored.files) <= named_under(TITLES["patches.npz"])
    knee = json.loads((tmp_path / "vk0001" / "knee.json").read_text())
    named = named_under(TITLES["knee.json"])
    assert set(knee) | set(knee["order"]) | {field.name for field in fields(KneeSpec)} <= named
