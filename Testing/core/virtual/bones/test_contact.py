"""Bones stand apart as wanted, and none enters another."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.virtual.bones.contact import (
    LEAST_GAP_MM,
    PATELLA_GAP_MM,
    gap_mm,
    kept_apart,
    plateau_points,
    seat_femur,
    top_points,
)
from CTSMALib.virtual.bones.shape import Placement


def deepest_mm(knee, placements, first, second):
    """How deep the surface of one bone lies in another, both at once."""
    depth = knee.bones[first].depth
    near = np.abs(depth.values) < depth.spacing_mm
    points = placements[first].apply(depth.points_mm()[near])
    other = knee.bones[second].depth.at(placements[second].invert(points))
    return float(np.minimum(depth.values[near], other).max())


def gaps_mm(knee):
    return [gap_mm(knee, plateau_points(knee, c), knee.reference["femur"]) for c in ("TM", "TL")]


@pytest.mark.parametrize("grade", [0, 2, 3])
def test_joint_spaces_are_as_wanted(seated_knees, grade):
    spec, _, knee = seated_knees[grade]
    assert gaps_mm(knee) == pytest.approx(spec.joint_space_mm, abs=0.1)


def test_bone_on_bone_touches_and_does_not_enter(seated_knees):
    spec, _, knee = seated_knees[4]
    worse = int(np.argmin(spec.joint_space_mm))
    assert spec.joint_space_mm[worse] == 0.0
    assert 0.0 < gaps_mm(knee)[worse] < 0.35
    assert gaps_mm(knee)[1 - worse] == pytest.approx(spec.joint_space_mm[1 - worse], abs=0.1)


@pytest.mark.parametrize("grade", [0, 2, 3, 4])
def test_no_bone_enters_another(seated_knees, grade):
    _, _, knee = seated_knees[grade]
    for first, second in (("femur", "tibia"), ("patella", "femur"), ("patella", "tibia")):
        assert deepest_mm(knee, knee.reference, first, second) < 0.0


@pytest.mark.parametrize("grade", [0, 3, 4])
def test_the_patella_stands_off_its_groove(seated_knees, grade):
    _, _, knee = seated_knees[grade]
    depth = knee.bones["patella"].depth
    surface = depth.points_mm()[np.abs(depth.values) < 0.6 * depth.spacing_mm]
    gap = gap_mm(knee, knee.reference["patella"].apply(surface), knee.reference["femur"])
    assert gap == pytest.approx(PATELLA_GAP_MM, abs=0.1)


def test_wear_takes_bone_only_where_bones_met(seated_knees):
    _, shaped, knee = seated_knees[4]
    femur = knee.reference["femur"]
    for name, against in (("femur", "tibia"), ("tibia", "femur")):
        before, after = shaped.bones[name].depth, knee.bones[name].depth
        changed = np.abs(after.values - before.values) > 1e-4
        assert 0 < changed.sum() < 0.005 * changed.size
        assert np.all(after.values <= before.values)
        points = before.points_mm()[changed]
        points = femur.apply(points) if name == "femur" else femur.invert(points)
        together = before.values[changed] + shaped.bones[against].depth.at(points)
        assert together.min() > -LEAST_GAP_MM - 1e-3  # the two surfaces were at most this far apart


def test_seating_tilts_about_the_anterior_axis_and_lifts_alone(seated_knees):
    _, shaped, _ = seated_knees[0]
    start = shaped.reference["femur"]
    for wanted in ((3.0, 5.0), (5.0, 3.0)):
        femur = seat_femur(shaped, start, wanted)
        found = [gap_mm(shaped, plateau_points(shaped, c), femur) for c in ("TM", "TL")]
        assert found == pytest.approx(wanted, abs=0.1)
        turn = femur.rotation @ start.rotation.T
        assert turn @ [0.0, 1.0, 0.0] == pytest.approx([0.0, 1.0, 0.0], abs=1e-9)


def test_bones_pushed_into_each_other_are_lifted_apart(seated_knees):
    _, _, knee = seated_knees[3]
    femur = knee.reference["femur"]
    pushed = Placement(femur.rotation, femur.offset_mm - [0.0, 0.0, 3.0])
    assert deepest_mm(knee, {**knee.reference, "femur": pushed}, "femur", "tibia") > 0.5
    lifted = kept_apart(knee, pushed)
    assert deepest_mm(knee, {**knee.reference, "femur": lifted}, "femur", "tibia") < 0.1
    assert lifted.offset_mm[:2] == pytest.approx(femur.offset_mm[:2])


def test_points_of_the_plateaus_lie_on_top_of_the_tibia(seated_knees):
    _, _, knee = seated_knees[0]
    depth = knee.bones["tibia"].depth
    for points, most in ((plateau_points(knee, "TM"), 0.1), (plateau_points(knee, "TL"), 0.1), (top_points(knee), 0.5)):
        assert len(points) > 100
        assert np.abs(depth.at(points)).max() < most
    assert plateau_points(knee, "TM")[:, 0].max() < 0.0 < plateau_points(knee, "TL")[:, 0].min()
