"""Overlap and surface distance of balls whose truth is known, in scans of any geometry that may cut them."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record import ras_rows
from CTSMALib.registration.review.bone_overlap import bone_overlap
from CTSMALib.volumes.rigid import Matrix, applied, turned

CENTER, RADIUS = np.array([30.0, -40.0, 70.0]), 16.0
MOTION = turned(np.array([12.0, -25.0, 8.0]), CENTER, np.array([25.0, 8.0, -11.0]))
FEMUR = 1


def a_ball(
    center: np.ndarray, radius: float, spacing=(1.0, 1.0, 1.0), half_mm=(24.0, 24.0, 24.0), turn=None, value=FEMUR,
    middle=None,
) -> sitk.Image:  # fmt: skip
    """A labelled ball in a scan around it, or around another middle."""
    turn = np.eye(3) if turn is None else turn
    size = [int(2 * h / s) + 1 for h, s in zip(half_mm, spacing, strict=True)]
    middle = center if middle is None else middle
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetDirection(turn.ravel().tolist())
    grid.SetOrigin((middle - turn @ (0.5 * (np.array(size) - 1) * spacing)).tolist())
    index = np.stack(np.meshgrid(*[np.arange(n) for n in size[::-1]], indexing="ij"), axis=-1)[..., ::-1]
    places = np.array(grid.GetOrigin()) + (index * np.array(spacing)) @ turn.T
    image = sitk.GetImageFromArray(((np.linalg.norm(places - center, axis=-1) < radius) * value).astype(np.uint8))
    image.CopyInformation(grid)
    return image


def ras(motion: Matrix) -> np.ndarray:
    return np.array(ras_rows(motion))


@pytest.fixture(scope="module")
def a_ct() -> sitk.Image:
    return a_ball(CENTER, RADIUS)


def an_mr(radius: float = RADIUS, shift=(0.0, 0.0, 0.0), **geometry) -> sitk.Image:
    """The ball where the motion takes it, on an oblique grid."""
    oblique = {
        "spacing": (0.5, 0.5, 1.5),
        "turn": turned(np.array([3.0, 40.0, -9.0]), np.zeros(3), np.zeros(3))[:3, :3],
    }
    return a_ball(applied(MOTION, CENTER) + shift, radius, **(oblique | geometry))


def test_the_same_bone_lies_on_itself(a_ct) -> None:
    found = bone_overlap(a_ct, an_mr(), "femur", ras(MOTION))
    assert found.dice > 0.975 and found.assd_mm < 0.12 and found.compared == pytest.approx(1.0)
    same = bone_overlap(a_ct, a_ct, "femur", np.eye(4))
    assert same.dice == 1.0 and same.assd_mm == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("more_mm", [-2.0, 1.0, 3.0])
def test_a_larger_bone_lies_as_far_off_as_it_is_larger(a_ct, more_mm: float) -> None:
    found = bone_overlap(a_ct, an_mr(RADIUS + more_mm), "femur", ras(MOTION))
    small, large = sorted([RADIUS**3, (RADIUS + more_mm) ** 3])
    assert found.assd_mm == pytest.approx(abs(more_mm), abs=0.12)
    assert found.dice == pytest.approx(2 * small / (small + large), abs=0.015)


def test_a_shifted_bone_lies_off_by_half_the_shift(a_ct) -> None:
    found = bone_overlap(a_ct, an_mr(shift=(0.0, 2.0, 0.0)), "femur", ras(MOTION))
    assert found.assd_mm == pytest.approx(1.0, abs=0.12)  # mean of |cosine| over a ball
    half = 2.0 / (2 * RADIUS)
    assert found.dice == pytest.approx(1 - 1.5 * half + 0.5 * half**3, abs=0.015)


def test_the_motion_is_taken_the_right_way(a_ct) -> None:
    assert bone_overlap(a_ct, an_mr(), "femur", np.linalg.inv(ras(MOTION))) is None
    nudge = np.eye(4)
    nudge[:3, 3] = [0.0, 0.0, 4.0]
    assert bone_overlap(a_ct, an_mr(), "femur", nudge @ ras(MOTION)).assd_mm == pytest.approx(2.0, abs=0.15)


def test_a_bone_that_the_mr_cuts_is_compared_where_both_see(a_ct) -> None:
    cut = {"half_mm": (24.0, 24.0, 12.0), "middle": applied(MOTION, CENTER) + [0.0, 0.0, 6.0]}
    found = bone_overlap(a_ct, an_mr(**cut), "femur", ras(MOTION))
    assert found.dice > 0.98 and found.assd_mm < 0.15
    assert 0.4 < found.compared < 0.95
    thick = bone_overlap(a_ct, an_mr(RADIUS + 1.0, **cut), "femur", ras(MOTION))
    assert thick.assd_mm == pytest.approx(1.0, abs=0.15)


def test_a_bone_that_the_ct_cuts_is_compared_where_both_see() -> None:
    cut = a_ball(CENTER, RADIUS, half_mm=(24.0, 24.0, 10.0), middle=CENTER + [0.0, 0.0, 8.0])
    found = bone_overlap(cut, an_mr(), "femur", ras(MOTION))
    assert found.dice > 0.98 and found.assd_mm < 0.15 and found.compared == pytest.approx(1.0)


def test_thick_slices_do_not_move_the_surface(a_ct) -> None:
    found = bone_overlap(a_ct, an_mr(spacing=(0.5, 0.5, 3.3)), "femur", ras(MOTION))
    assert found.dice > 0.96 and found.assd_mm < 0.3


def test_labels_of_the_mr_may_have_other_numbers(a_ct) -> None:
    other = an_mr(value=7)
    assert bone_overlap(a_ct, other, "femur", ras(MOTION)) is None
    assert bone_overlap(a_ct, other, "femur", ras(MOTION), mr_value=7).dice > 0.975


def test_a_missing_bone_is_no_overlap(a_ct) -> None:
    assert bone_overlap(a_ct, an_mr(), "tibia", ras(MOTION)) is None
    away = ras(MOTION).copy()
    away[:3, 3] += 3000.0
    assert bone_overlap(a_ct, an_mr(), "femur", away) is None


def test_a_speck_has_an_overlap_but_no_surface() -> None:
    speck = a_ball(CENTER, 1.2, half_mm=(4.0, 4.0, 4.0))
    found = bone_overlap(speck, speck, "femur", np.eye(4))
    assert found.dice == 1.0 and found.assd_mm is None
