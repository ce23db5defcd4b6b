"""Bones of virtual knees: whole, repeatable, of the right size, standing apart, with osteophytes where asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.virtual.bones.landmarks import surface_points
from CTSMALib.virtual.bones.make_shape import SOURCES, knee_shape
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.spec import LATERAL, KneeSpec

SPACING_MM = 1.5


def a_spec(**changes) -> KneeSpec:
    spec = KneeSpec(
        seed=3,
        side="right",
        sex="F",
        age_years=60,
        grade=0,
        worse="medial",
        source="knee1",
        scale=1.0,
        varus_deg=0.0,
        joint_space_mm=(4.0, 4.0),
        osteophyte_mm=0.0,
        plate_mm={},
        bone_fraction={},
        number_per_mm={},
        cysts=0,
        edema=0,
        family="field",
        body_fat_mm=10.0,
    )
    return dataclasses.replace(spec, **changes)


@pytest.fixture(scope="module")
def knees() -> dict[str, KneeShape]:
    return {source: knee_shape(a_spec(source=source, seed=n), SPACING_MM) for n, source in enumerate(SOURCES)}


def test_each_bone_is_one_piece_with_room_around_it(knees):
    for knee in knees.values():
        for name, shape in knee.bones.items():
            inside = shape.depth.values > 0
            assert ndimage.label(inside)[1] == 1 and ndimage.label(~inside)[1] == 1, (knee.source, name)
            ends = {"femur": (0, 2, 3, 4, 5), "patella": range(6)}.get(name, range(1, 6))
            faces = [np.take(shape.depth.values, end, axis=axis).max() for axis in range(3) for end in (0, -1)]
            assert max(faces[k] for k in ends) < -8, (knee.source, name)
            assert shape.depth.values.max() < 45


def test_size_and_place_are_those_of_a_knee(knees):
    for knee in knees.values():
        assert 30 < knee.extents["tibia"].half[0] < 43 and 20 < knee.extents["tibia"].half[1] < 30
        z = knee.bones["femur"].depth.axes_mm[0]
        assert z[-1] >= 75 and knee.bones["tibia"].depth.axes_mm[0][0] <= -75
        patella = knee.reference["femur"].invert(knee.reference["patella"].offset_mm)
        assert 35 < patella[1] < 60 and 10 < patella[2] < 55, knee.source


def test_bones_start_about_four_millimeters_apart(knees):
    for knee in knees.values():
        femur = surface_points(knee.bones["femur"].depth)
        seen = knee.reference["femur"].apply(femur[femur[:, 2] < 30])
        away = -knee.bones["tibia"].depth.at(seen)
        for side in (-1, 1):
            assert away[side * seen[:, 0] > 8].min() == pytest.approx(4, abs=1.0), knee.source
        patella = knee.reference["patella"].apply(surface_points(knee.bones["patella"].depth))
        away = -knee.bones["femur"].depth.at(knee.reference["femur"].invert(patella))
        assert away.min() == pytest.approx(5, abs=0.7), knee.source


def test_landmarks_lie_on_the_surface_and_are_the_same_in_every_knee(knees):
    names = [{bone: shape.landmark_names for bone, shape in knee.bones.items()} for knee in knees.values()]
    assert all(n == names[0] for n in names)
    for knee in knees.values():
        for name, shape in knee.bones.items():
            assert len(shape.landmark_names) >= (12 if name == "fibula" else 40)
            assert np.abs(shape.depth.at(shape.landmarks_mm)).max() < 0.5, (knee.source, name)


def test_a_seed_gives_the_same_knee_again(knees):
    again, other = (knee_shape(a_spec(seed=seed), SPACING_MM) for seed in (0, 9))
    first = knees["knee1"].bones["tibia"].depth.values
    assert np.array_equal(again.bones["tibia"].depth.values, first)
    difference = np.abs(other.bones["tibia"].depth.values - first)[np.abs(first) < 1]
    assert 0.3 < difference.mean() < 3


def test_osteophytes_grow_on_the_worse_side_most(knees):
    smooth = knees["knee1"].bones["tibia"].depth
    rough = knee_shape(a_spec(seed=0, osteophyte_mm=6, worse=LATERAL), SPACING_MM).bones["tibia"].depth
    outside = -smooth.at(surface_points(rough))
    lateral = surface_points(rough)[:, 0]
    assert 4.5 < outside[lateral > 10].max() < 7.5
    assert 1 < outside[lateral < -10].max() < 0.7 * outside[lateral > 10].max()


def test_varus_bends_the_shaft_and_leaves_the_joint(knees):
    bent = knee_shape(a_spec(seed=0, varus_deg=10), SPACING_MM).bones["tibia"].depth
    straight = knees["knee1"].bones["tibia"].depth
    for height, low, high in ((-8.0, -0.1, 0.1), (-80.0, -5.0, -2.0)):
        middles = []
        for depth in (straight, bent):
            _, y, x = depth.axes_mm
            points = np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), height)], axis=-1)
            middles.append(points[depth.at(points) > 0][:, 0].mean())
        assert low <= middles[1] - middles[0] <= high
