"""Soft tissue follows the bones: rigidly beside one of them, and not at all in the extended knee."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.virtual.body.soft_motion import extended_points
from CTSMALib.virtual.bones.shape import Placement


@pytest.fixture(scope="module")
def bent(plan) -> dict[str, Placement]:
    return plan.mr["bffe"].pose.placements


def test_nothing_moves_in_the_extended_knee(knee):
    points = np.random.default_rng(1).uniform(-100, 100, (2000, 3))
    assert extended_points(points, knee.shape, knee.shape.reference) == pytest.approx(points, abs=1e-9)


@pytest.mark.parametrize("bone", ["femur", "tibia", "patella"])
def test_tissue_beside_a_bone_moves_with_it(knee, bent, bone):
    depth = knee.shape.bones[bone].depth
    near = np.abs(depth.values + 0.5) < 0.5  # up to 1 mm outside
    local = depth.points_mm()[near][::7]
    others = [n for n in knee.shape.bones if n not in (bone, "fibula")]
    here, there = bent[bone].apply(local), knee.shape.reference[bone].apply(local)
    away = np.min([-knee.shape.bones[n].depth.at(bent[n].invert(here)) for n in others], axis=0)
    alone = away > 10
    assert alone.sum() > 100
    moved = np.linalg.norm(extended_points(here[alone], knee.shape, bent) - there[alone], axis=1)
    assert moved.max() < 0.15
    assert bone == "tibia" or np.linalg.norm(here[alone] - there[alone], axis=1).max() > 2


def test_tissue_along_the_shafts_moves_with_them_beyond_the_bones_lattices(knee, bent):
    above = knee.shape.bones["femur"].depth.axes_mm[0][-1] + 20.0
    local = np.array([[0.0, 0.0, above], [15.0, -20.0, above]])
    found = extended_points(bent["femur"].apply(local), knee.shape, bent)
    assert found == pytest.approx(knee.shape.reference["femur"].apply(local), abs=0.5)
