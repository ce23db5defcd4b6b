"""Points that were set roughly find the surface of the bone in the CT, and its edge in the MR."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.review.snapping import snapped_to_bone, snapped_to_edge
from CTSMALib.volumes.rigid import applied, turned

TURN = turned(np.array([20.0, -30.0, 15.0]), np.zeros(3), np.zeros(3))[:3, :3]
CENTER, RADIUS = np.array([40.0, -25.0, 110.0]), 18.0
OBLIQUE = TURN @ np.array([0.6, 0.0, 0.8])


def a_ball(spacing: tuple[float, float, float], size: tuple[int, int, int]) -> tuple[sitk.Image, np.ndarray]:
    """An oblique grid around the center, and the distance of its voxels from it, (z, y, x)."""
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetDirection(TURN.ravel().tolist())
    grid.SetOrigin((CENTER - TURN @ (0.5 * (np.array(size) - 1) * spacing)).tolist())
    axes = [(np.arange(n) - 0.5 * (n - 1)) * s for n, s in zip(size, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
    return grid, np.sqrt(x**2 + y**2 + z**2)


def an_image(array: np.ndarray, grid: sitk.Image) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(grid)
    return image


@pytest.fixture(scope="module")
def a_ball_of_bone() -> FixedKnee:
    """Called a femur, on an oblique grid."""
    grid, radius = a_ball((1.0, 1.0, 1.0), (60, 60, 60))
    labels = an_image((radius < RADIUS).astype(np.uint8), grid)
    return FixedKnee(an_image(np.where(radius < RADIUS, 500.0, 0.0).astype(np.float32), grid), labels)


@pytest.fixture(scope="module")
def a_ball_in_the_mr() -> MovingKnee:
    """Bright inside, with a gentle rim, noise, and a weaker edge further out, on oblique uneven voxels."""
    grid, radius = a_ball((0.6, 0.6, 1.2), (100, 100, 50))
    signal = 600.0 / (1.0 + np.exp((radius - RADIUS) / 0.4)) + 100.0 / (1.0 + np.exp((radius - RADIUS - 3.0) / 0.4))
    noisy = signal + np.random.default_rng(0).normal(0.0, 5.0, signal.shape)
    return MovingKnee(an_image(noisy.astype(np.float32) + 50.0, grid))


@pytest.mark.parametrize("off_mm", [-3.0, -0.4, 0.0, 1.7, 3.5])
@pytest.mark.parametrize("direction", [OBLIQUE, -OBLIQUE, TURN[:, 1]])
def test_a_point_finds_the_surface_straight_below_it(a_ball_of_bone, direction, off_mm: float) -> None:
    found = snapped_to_bone(a_ball_of_bone, "femur", CENTER + (RADIUS + off_mm) * direction, 4.0)
    assert np.linalg.norm(found - (CENTER + RADIUS * direction)) < 0.6


def test_a_point_beyond_reach_finds_no_surface(a_ball_of_bone) -> None:
    assert snapped_to_bone(a_ball_of_bone, "femur", CENTER + (RADIUS + 5.0) * OBLIQUE, 4.0) is None
    assert snapped_to_bone(a_ball_of_bone, "femur", CENTER, 4.0) is None
    assert snapped_to_bone(a_ball_of_bone, "femur", CENTER + 900.0, 4.0) is None
    with pytest.raises(KeyError):
        snapped_to_bone(a_ball_of_bone, "tibia", CENTER, 4.0)


def test_a_found_point_stays_where_it_is(a_ball_of_bone) -> None:
    found = snapped_to_bone(a_ball_of_bone, "femur", CENTER + (RADIUS + 2.0) * OBLIQUE, 4.0)
    assert snapped_to_bone(a_ball_of_bone, "femur", found, 0.5) == pytest.approx(found, abs=0.1)


@pytest.mark.parametrize("off_mm", [-2.5, -0.7, 0.0, 1.2, 2.5])
@pytest.mark.parametrize("along", [OBLIQUE, -3.0 * OBLIQUE])
def test_the_strongest_edge_is_found_along_a_normal(a_ball_in_the_mr, along, off_mm: float) -> None:
    point = CENTER + (RADIUS + off_mm) * OBLIQUE
    found = snapped_to_edge(a_ball_in_the_mr, point, along, 3.0)
    assert found == pytest.approx(CENTER + RADIUS * OBLIQUE, abs=0.25)
    assert np.cross(found - point, OBLIQUE) == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_signal_itself_tells_the_direction_where_none_is_given(a_ball_in_the_mr) -> None:
    found = snapped_to_edge(a_ball_in_the_mr, CENTER + (RADIUS + 0.6) * OBLIQUE, None, 2.0)
    assert np.linalg.norm(found - CENTER) == pytest.approx(RADIUS, abs=0.25)


def test_no_edge_is_found_where_there_is_none(a_ball_in_the_mr) -> None:
    assert snapped_to_edge(a_ball_in_the_mr, CENTER, OBLIQUE, 3.0) is None  # noise only
    assert snapped_to_edge(a_ball_in_the_mr, CENTER + (RADIUS - 3.6) * OBLIQUE, OBLIQUE, 3.0) is None  # its shoulder
    assert snapped_to_edge(a_ball_in_the_mr, CENTER + 900.0, OBLIQUE, 3.0) is None
    assert snapped_to_edge(a_ball_in_the_mr, CENTER + 900.0, None, 3.0) is None
    assert snapped_to_edge(a_ball_in_the_mr, CENTER, np.zeros(3), 3.0) is None


def test_points_on_a_knee_snap_onto_its_bones(a_pair, a_fixed_knee, a_moving_knee) -> None:
    surface = a_fixed_knee.surface("tibia")
    some = slice(None, None, 50)
    found = [
        (snapped_to_bone(a_fixed_knee, "tibia", p + 1.5 * n, 3.0), p)
        for p, n in zip(surface.points_mm[some], surface.normals[some], strict=True)
    ]
    assert np.median([np.linalg.norm(q - p) for q, p in found if q is not None]) < 0.3
    matrix = a_pair.matrices["tibia"]
    there, normals = applied(matrix, surface.points_mm[some]), surface.normals[some] @ matrix[:3, :3].T
    edges = [snapped_to_edge(a_moving_knee, p + 0.8 * n, n, 2.5) for p, n in zip(there, normals, strict=True)]
    away = [np.linalg.norm(q - p) for q, p in zip(edges, there, strict=True) if q is not None]
    assert len(away) > 0.5 * len(there)
    assert max(away) <= 3.3 + 1e-6
