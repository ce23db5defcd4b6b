"""Area, orientation and growth of the bone surface."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular import surface as module
from CTSMALib.morphometry.trabecular.bone_image import from_binary, from_fraction
from CTSMALib.morphometry.trabecular.surface import bone_surface, surface_slabs
from Testing.core.morphometry.trabecular import fields
from Testing.core.morphometry.trabecular.fields import Shape, a_field, odd_images

FLAT = (0.2, 0.1, 0.1)


def a_ball(radius: float) -> Shape:
    return Shape(lambda points: np.sqrt(((points - 0.013) ** 2).sum(axis=0)) - radius, {})


@pytest.mark.parametrize("spacing", [fields.VOXEL_MM, FLAT])
@pytest.mark.parametrize("shape", [fields.plates(), fields.rods(), fields.spheres(), fields.shells()])
def test_the_area_is_that_of_shapes_of_three_to_eight_voxels(shape: Shape, spacing: tuple[float, float, float]) -> None:
    image = a_field(shape, 6.0, spacing, rotation=2)
    area_per_bone = bone_surface(image).area_mm2 / (image.fraction.sum() * image.voxel_mm3)
    assert area_per_bone == pytest.approx(shape.truth["bs_tv_per_mm"] / shape.truth["bv_tv"], rel=0.015)


@pytest.mark.parametrize("radius", [0.3, 0.6, 1.2])
def test_area_and_growth_of_a_ball_do_not_depend_on_its_size_in_voxels(radius: float) -> None:
    surface = bone_surface(a_field(a_ball(radius), 2 * radius + 1.0, rotation=None))
    assert surface.area_mm2 == pytest.approx(4 * np.pi * radius**2, rel=0.006)
    assert surface.area_rate_mm == pytest.approx(8 * np.pi * radius, rel=0.03)


@pytest.mark.parametrize("spacing", [fields.VOXEL_MM, FLAT, (0.1, 0.1, 0.3)])
def test_area_vectors_point_out_of_the_bone(spacing: tuple[float, float, float]) -> None:
    image = a_field(a_ball(0.6), 2.2, spacing, rotation=None)
    surface = bone_surface(image)
    center = (np.array(image.mask.shape) - 1) / 2 * spacing + 0.013
    outward = surface.positions_zyx - center
    along = np.einsum("ij,ij->i", surface.area_vectors_zyx, outward / np.linalg.norm(outward, axis=1, keepdims=True))
    assert along.sum() == pytest.approx(surface.area_mm2, rel=0.03)
    np.testing.assert_allclose(np.linalg.norm(outward, axis=1), 0.6, atol=0.04)


def test_a_hole_grows_against_the_bone() -> None:
    image = a_field(a_ball(0.6), 2.2, rotation=None)
    hole = bone_surface(from_fraction(1.0 - image.fraction, image.spacing_mm))
    assert hole.area_rate_mm == pytest.approx(-bone_surface(image).area_rate_mm, rel=1e-3)


def test_the_border_of_the_image_neither_adds_nor_hides_surface() -> None:
    """The same voxels as the middle of a larger image and as an image of their own."""
    image = a_field(fields.rods(), 5.0, rotation=4)
    inner = (slice(6, -6),) * 3
    mask = np.zeros_like(image.mask)
    mask[inner] = True
    alone, within = bone_surface(image.crop(inner)), bone_surface(image.within(mask))
    assert alone.area_mm2 == pytest.approx(within.area_mm2, rel=0.015)
    assert alone.area_rate_mm == pytest.approx(within.area_rate_mm, rel=0.03)


def test_only_the_mask_counts() -> None:
    image = a_field(fields.plates(), 3.0, rotation=1)
    left = np.zeros_like(image.mask)
    left[:, :, :11] = True
    parts = [bone_surface(image.within(mask)) for mask in (left, ~left)]
    whole = bone_surface(image)
    assert sum(part.area_mm2 for part in parts) == pytest.approx(whole.area_mm2, rel=1e-5)
    assert parts[0].positions_zyx[:, 2].max() <= 10.5 * 0.1 + 1e-6


def test_slabs_are_the_same_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    image = a_field(fields.lattice(), 3.0, FLAT, rotation=1)
    whole = bone_surface(image)
    monkeypatch.setattr(module, "VOXELS_AT_ONCE", 1)
    slabs = list(surface_slabs(image))
    assert len(slabs) == image.mask.shape[0]
    assert sum(len(slab.area_rate) for slab in slabs) == len(whole.area_rate)
    assert sum(slab.area_mm2 for slab in slabs) == pytest.approx(whole.area_mm2, rel=1e-5)
    assert sum(slab.area_rate_mm for slab in slabs) == pytest.approx(whole.area_rate_mm, rel=1e-3)


def test_a_large_surface_is_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    image = a_field(fields.lattice(), 5.0, rotation=1)
    whole = bone_surface(image)
    monkeypatch.setattr(module, "VOXELS_IN_FULL", image.mask.size // 3)
    some = bone_surface(image)
    assert len(some.area_rate) < 0.3 * len(whole.area_rate)
    assert some.area_mm2 == pytest.approx(whole.area_mm2, rel=0.03)
    assert some.area_rate_mm == pytest.approx(whole.area_rate_mm, rel=0.1)


def test_a_staircase_does_not_pass_for_surface() -> None:
    gray = a_field(fields.spheres(), 5.0, rotation=1)
    binary = bone_surface(from_binary(gray.bone, gray.spacing_mm))
    assert binary.area_mm2 == pytest.approx(bone_surface(gray).area_mm2, rel=0.04)


def test_noise_of_a_tenth_adds_little_surface() -> None:
    image = a_field(fields.plates(), 4.0, rotation=1)
    noisy = image.fraction + np.random.default_rng(0).normal(0.0, 0.1, image.fraction.shape)
    assert bone_surface(from_fraction(noisy, 0.1)).area_mm2 == pytest.approx(bone_surface(image).area_mm2, rel=0.02)


def test_some_triangles_can_be_chosen() -> None:
    surface = bone_surface(a_field(a_ball(0.5), 1.6, rotation=None))
    upper = surface.chosen(surface.positions_zyx[:, 0] > 0.75 + 0.013)
    assert upper.area_mm2 == pytest.approx(surface.area_mm2 / 2, rel=0.05)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", odd_images())
def test_odd_images_have_a_finite_surface(name: str) -> None:
    surface = bone_surface(odd_images()[name])
    assert np.isfinite(surface.area_mm2)
    assert np.isfinite(surface.area_rate_mm)


@pytest.mark.parametrize("name", ["no bone", "all bone", "one voxel", "an empty mask"])
def test_where_bone_does_not_end_is_no_surface(name: str) -> None:
    assert len(bone_surface(odd_images()[name]).area_rate) == 0
