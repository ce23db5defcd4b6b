"""The slope of box counts."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular.bone_image import from_binary
from CTSMALib.morphometry.trabecular.fractal import fractal_dimension, surface_voxels
from CTSMALib.morphometry.trabecular.surface import bounds_of
from Testing.core.morphometry.trabecular.fields import Shape, a_field, a_random_field, odd_images


def a_sponge(level: int = 4) -> np.ndarray:
    """A Menger sponge; its dimension is log 20 / log 3 = 2.73."""
    index = np.indices((3**level,) * 3)
    hole = np.zeros(index.shape[1:], bool)
    for _ in range(level):
        hole |= (index % 3 == 1).sum(axis=0) >= 2
        index //= 3
    return ~hole


@pytest.mark.parametrize("spacing", [(0.1, 0.1, 0.1), (0.2, 0.1, 0.1)])
def test_a_plane_has_two_dimensions(spacing: tuple[float, float, float]) -> None:
    angle = np.radians(25.0)
    plane = Shape(lambda p: np.cos(angle) * p[0] + np.sin(angle) * p[1], {})
    fit = fractal_dimension(a_field(plane, 8.0, spacing, rotation=None))
    assert fit.dimension == pytest.approx(2.0, abs=0.15)
    assert fit.r2 > 0.99


def test_a_sponge_has_the_dimension_of_a_sponge() -> None:
    fit = fractal_dimension(from_binary(a_sponge(), 0.1))
    assert fit.dimension == pytest.approx(np.log(20) / np.log(3), abs=0.1)


def test_boxes_reach_from_two_voxels_to_a_quarter_of_the_region() -> None:
    fit = fractal_dimension(a_random_field(6.4, (0.1, 0.1, 0.2)).image)
    assert fit.boxes_mm[0] == pytest.approx(0.4)
    assert fit.boxes_mm[-1] <= 1.6
    assert (np.diff(fit.boxes_mm) > 0).all()
    assert (np.diff(fit.counts) < 0).all()
    assert 2.0 < fit.dimension < 3.0


def test_what_lies_outside_of_the_mask_is_not_counted() -> None:
    field = a_random_field(6.0).image
    mask = np.zeros_like(field.mask)
    mask[:, :, :30] = True
    changed = field.fraction.copy()
    changed[:, :, 32:] = np.random.default_rng(0).random(changed[:, :, 32:].shape)
    other = from_binary(changed > 0.5, field.spacing_mm, mask)
    first, second = fractal_dimension(from_binary(field.bone, field.spacing_mm, mask)), fractal_dimension(other)
    assert first.dimension == pytest.approx(second.dimension)
    assert first.boxes_mm[-1] <= 0.25 * 3.0


def test_an_irregular_mask_is_no_obstacle() -> None:
    field = a_random_field(8.0, seed=3).image
    z, y, x = np.indices(field.mask.shape) - 39.5
    ball = fractal_dimension(field.within(z**2 + y**2 + x**2 < 39.0**2))
    assert ball.dimension == pytest.approx(fractal_dimension(field).dimension, abs=0.15)


def test_surface_voxels_are_the_outermost_of_the_bone() -> None:
    bone = np.zeros((7, 7, 7), bool)
    bone[1:6, 1:6, 1:6] = True
    image = from_binary(bone, 0.1)
    bounds = bounds_of(image.mask)
    assert bounds is not None
    assert surface_voxels(image, bounds).sum() == 5**3 - 3**3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", odd_images())
def test_odd_images_have_no_dimension(name: str) -> None:
    assert np.isnan(fractal_dimension(odd_images()[name]).dimension)
