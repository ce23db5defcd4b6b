"""Anisotropy of fields whose fabric is known."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular.bone_image import BoneImage
from CTSMALib.morphometry.trabecular.fabric import Fabric, binned, fabric, half_sphere
from CTSMALib.morphometry.trabecular.surface import bone_surface
from Testing.core.morphometry.trabecular import fields
from Testing.core.morphometry.trabecular.fields import a_field, a_pose, a_random_field, odd_images

SEEDS = (1, 2)  # a field of this size strays by 0.02 from what its spectrum says


def the_fabric(image: BoneImage) -> Fabric:
    return fabric(bone_surface(image), image.total_mm3)


@pytest.mark.parametrize("spacing", [fields.VOXEL_MM, (0.1, 0.1, 0.2), (0.2, 0.1, 0.1)])
@pytest.mark.parametrize("stretch", [1.0, 1.6])
def test_the_fabric_of_a_gaussian_field_is_that_of_its_spectrum(
    stretch: float, spacing: tuple[float, float, float]
) -> None:
    many = [a_random_field(8.0, spacing, stretch=stretch, seed=seed) for seed in SEEDS]
    found = [the_fabric(field.image) for field in many]
    errors = [one.da_norm - field.da_norm for one, field in zip(found, many, strict=True)]
    assert np.mean(errors) == pytest.approx(0.0, abs=0.03)
    for one, field in zip(found, many, strict=True):
        assert one.da == pytest.approx(1.0 / np.sqrt(1.0 - one.da_norm))
        if stretch > 1.0:
            assert one.principal_zyx is not None
            assert abs(np.dot(one.principal_zyx, field.principal_zyx)) > np.cos(np.radians(4.0))


def test_plates_are_infinitely_long() -> None:
    shape = fields.plates()
    found = the_fabric(a_field(shape, 6.0, rotation=None))
    assert found.da == np.inf
    assert found.da_norm == 1.0
    assert found.mil_mm[2] == pytest.approx(1.2, rel=0.01)
    np.testing.assert_allclose(np.abs(found.mil_zyx[2]), [1, 0, 0], atol=1e-3)


def test_rotated_plates_have_their_normal_and_entries() -> None:
    shape = fields.plates()
    found = the_fabric(a_field(shape, 7.0, rotation=3))
    assert abs(found.mil_zyx[2] @ a_pose(3)[0][0]) > 0.999
    assert found.da_norm > 0.99
    assert found.entries_per_mm == pytest.approx(shape.truth["bs_tv_per_mm"] / 4.0, rel=0.03)


def test_rods_run_along_their_axis() -> None:
    found = the_fabric(a_field(fields.rods(), 6.0, rotation=2))
    assert found.principal_zyx is not None
    assert abs(np.dot(found.principal_zyx, a_pose(2)[0][0])) > 0.999
    assert found.da_norm > 0.95
    assert found.mil_mm[1] == pytest.approx(found.mil_mm[2], rel=0.05)


def test_balls_have_no_direction() -> None:
    assert the_fabric(a_field(fields.spheres(), 6.0, rotation=1)).da_norm < 0.05


def test_axes_are_a_right_or_left_handed_basis_with_the_principal_one_first() -> None:
    found = the_fabric(a_random_field(6.0, stretch=1.6, seed=2).image)
    np.testing.assert_allclose(found.mil_zyx @ found.mil_zyx.T, np.eye(3), atol=1e-9)
    assert (np.diff(found.mil_mm) <= 0).all()
    assert found.principal_zyx == pytest.approx(tuple(found.mil_zyx[0]))
    assert max(found.principal_zyx, key=abs) > 0


def test_bins_keep_the_crossings() -> None:
    vectors = np.random.default_rng(0).normal(size=(20_000, 3)) * [1.0, 0.5, 0.2]
    directions = half_sphere(50)
    exact = np.abs(directions @ vectors.T).sum(axis=1)
    kept = binned(vectors)
    assert len(kept) < 5000
    np.testing.assert_allclose(np.abs(directions @ kept.T).sum(axis=1), exact, rtol=4e-3)


def test_directions_are_spread_evenly() -> None:
    directions = half_sphere()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    np.testing.assert_allclose(directions.T @ directions / len(directions), np.eye(3) / 3.0, atol=2e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", odd_images())
def test_odd_images_have_a_fabric_or_none(name: str) -> None:
    image = odd_images()[name]
    surface = bone_surface(image)
    found = fabric(surface, image.total_mm3)
    if len(surface.area_rate) == 0:
        assert found.principal_zyx is None
        assert np.isnan([found.da, found.da_norm, *found.mil_mm]).all()
    else:
        assert 0.0 <= found.da_norm <= 1.0
        assert found.da >= 1.0
