"""A knee bends about its condyles; the bones stay in touch and out of each other, and the patella follows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from CTSMALib.virtual.bones.contact import cleft_mm, gap_mm, plateau_points
from CTSMALib.virtual.bones.flexion import Posture, condyle_center, placements
from CTSMALib.virtual.soft_tissue.cartilage import cartilage_thickness
from Testing.core.virtual.bones.test_contact import deepest_mm

FARTHEST = (Posture(25.0, 6.0, 4.0, 2.0), Posture(25.0, -6.0, -4.0, -2.0), Posture(10.0, 6.0, -4.0, 2.0))


@pytest.fixture(scope="module")
def covered(seated_knees):
    """Grade to seated bones and thickness of cartilage."""
    return {grade: (knee, cartilage_thickness(knee, spec)) for grade, (spec, _, knee) in seated_knees.items()}


@pytest.mark.parametrize("grade", [0, 3, 4])
@pytest.mark.parametrize("posture", FARTHEST)
def test_no_bone_enters_another_in_any_posture(covered, grade, posture):
    knee, cartilage = covered[grade]
    placed = placements(knee, cartilage, posture)
    for first, second in (("femur", "tibia"), ("patella", "femur"), ("patella", "tibia")):
        assert deepest_mm(knee, placed, first, second) < 0.15, (first, second)


@pytest.mark.parametrize("posture", [Posture(6.0), Posture(25.0), FARTHEST[0]])
def test_cartilages_touch_and_do_not_enter_each_other(covered, posture):
    knee, cartilage = covered[0]
    femur = placements(knee, cartilage, posture)["femur"]
    for compartment in ("TM", "TL"):
        assert 0.0 < cleft_mm(knee, cartilage, plateau_points(knee, compartment), femur) < 0.5


def test_the_healthy_knee_is_extended_at_no_flexion(covered):
    knee, cartilage = covered[0]
    placed = placements(knee, cartilage, Posture())
    for bone, reference in knee.reference.items():
        assert placed[bone].rotation == pytest.approx(reference.rotation, abs=2e-3), bone
        assert placed[bone].offset_mm == pytest.approx(reference.offset_mm, abs=0.1), bone


def test_the_femur_turns_by_the_angles_wanted(covered):
    knee, cartilage = covered[0]
    reference = knee.reference["femur"].rotation
    for posture in (Posture(20.0), Posture(15.0, 5.0), Posture(0.0, -5.0)):
        turn = placements(knee, cartilage, posture)["femur"].rotation @ reference.T
        axial, flexion, tilt = Rotation.from_matrix(turn).as_euler("zxy", degrees=True)
        assert flexion == pytest.approx(posture.flexion_deg, abs=1e-6)
        assert -axial == pytest.approx(posture.axial_deg, abs=1e-6)
        assert abs(tilt) < 5.0  # until both compartments are closed


def test_flexion_carries_the_shaft_backward_and_rotation_its_front_laterally(covered):
    knee, cartilage = covered[0]
    shaft, front = np.array([0.0, 0.0, 80.0]), np.array([0.0, 40.0, 20.0])
    straight, bent, turned = (
        placements(knee, cartilage, p)["femur"] for p in (Posture(), Posture(20.0), Posture(0.0, 6.0))
    )
    assert bent.apply(shaft)[1] < straight.apply(shaft)[1] - 10
    assert turned.apply(front)[0] > straight.apply(front)[0] + 1


def test_the_axis_is_about_as_far_from_all_of_the_rear_and_lower_condyles(covered):
    for knee, _ in covered.values():
        center, extent, depth = condyle_center(knee), knee.extents["femur"], knee.bones["femur"].depth
        surface = depth.points_mm()[np.abs(depth.values) < 0.5 * depth.spacing_mm]
        lateral = np.abs(np.abs(surface[:, 0] - extent.center[0]) - 0.55 * extent.half[0]) < 4
        away = (surface - center)[lateral & np.all(surface[:, 1:] < center[1:], axis=1)]
        radii = np.hypot(away[:, 1], away[:, 2])
        assert 15 < np.median(radii) < 30
        assert radii.std() < 0.2 * radii.mean()


def test_the_patella_follows_and_keeps_its_distance(covered):
    knee, cartilage = covered[0]
    depth = knee.bones["patella"].depth
    surface = depth.points_mm()[np.abs(depth.values) < 0.6 * depth.spacing_mm]
    reference = gap_mm(knee, knee.reference["patella"].apply(surface), knee.reference["femur"])
    placed = placements(knee, cartilage, Posture(25.0))
    assert gap_mm(knee, placed["patella"].apply(surface), placed["femur"]) == pytest.approx(reference, abs=0.1)
    low, lower = (p["femur"].invert(p["patella"].offset_mm)[2] for p in (knee.reference, placed))
    assert lower < low - 3  # it slides down its groove


def test_displacements_move_the_femur(covered):
    knee, cartilage = covered[0]
    center = condyle_center(knee)
    still, moved = (placements(knee, cartilage, p)["femur"].apply(center) for p in (Posture(), FARTHEST[0]))
    assert moved[1] - still[1] == pytest.approx(4.0, abs=0.2)
    assert moved[0] - still[0] == pytest.approx(2.0, abs=1.0)  # leveling both compartments adds a little
