"""Thickness, spacing and distances between mid-axes against shapes in closed form, at four voxels per strut."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.errors import CancelledError
from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction
from CTSMALib.morphometry.trabecular.local_thickness import inscribe, mid_axis_radius, thickness_maps
from Testing.core.morphometry.trabecular.fields import a_field, plates, rods, shells, spheres

BORDER = 13  # voxels; spheres farther out are cut by the border of the image


def means(image: BoneImage) -> tuple[float, float]:
    """Mean thickness and spacing away from the border."""
    away = tuple(slice(round(1.3 / s), -round(1.3 / s)) for s in image.spacing_mm)
    thickness, spacing = (float(np.nanmean(part[away])) for part in thickness_maps(image))
    return thickness, spacing


@pytest.mark.parametrize("pose", [None, 1, 2])
def test_plates_have_their_thickness_and_gap(pose: int | None):
    thickness, spacing = means(a_field(plates(0.4, 1.2), rotation=pose))
    assert thickness == pytest.approx(0.4, rel=0.02)
    assert spacing == pytest.approx(0.8, rel=0.02)


@pytest.mark.parametrize("pose", [None, 1, 2])
def test_rods_have_their_diameter(pose: int | None):
    thickness, spacing = means(a_field(rods(0.4, 1.2), rotation=pose))
    assert thickness == pytest.approx(0.4, rel=0.03)
    assert spacing == pytest.approx(1.283, rel=0.03)  # in the plane across the rods, to a hundredth of a voxel


def test_spheres_have_their_diameter():
    assert means(a_field(spheres(0.8, 1.2), rotation=3))[0] == pytest.approx(0.8, rel=0.03)


def test_shells_have_their_thickness():
    assert means(a_field(shells(), rotation=3))[0] == pytest.approx(0.3, rel=0.05)


def test_thick_slices_do_not_hide_the_thickness():
    thickness, spacing = means(a_field(plates(0.4, 1.2), rotation=1, spacing_mm=(0.3, 0.1, 0.1)))
    assert thickness == pytest.approx(0.4, rel=0.05)
    assert spacing == pytest.approx(0.8, rel=0.03)


def test_the_axis_of_the_thick_slices_does_not_matter():
    fraction = a_field(rods(0.4, 1.2), rotation=1, spacing_mm=(0.3, 0.1, 0.1)).fraction
    first = means(from_fraction(fraction, (0.3, 0.1, 0.1)))
    turned = means(from_fraction(np.ascontiguousarray(fraction.transpose(1, 2, 0)), (0.1, 0.1, 0.3)))
    np.testing.assert_allclose(turned, first, rtol=0.02)


def test_a_segmentation_reads_like_the_shape_it_was_made_from():
    image = a_field(plates(0.4, 1.2), rotation=1)
    thickness, spacing = means(from_binary(image.bone, image.spacing_mm))
    assert thickness == pytest.approx(0.4, rel=0.07)
    assert spacing == pytest.approx(0.8, rel=0.05)


def test_units_follow_the_spacing():
    image = a_field(plates(0.4, 1.2), rotation=1, size_mm=4.0)
    (once,) = thickness_maps(image, phases=(1,))
    (twice,) = thickness_maps(from_fraction(image.fraction, 0.2), phases=(1,))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)


def test_every_voxel_of_a_phase_has_a_value_and_no_other():
    image = a_field(rods(0.4, 1.2), rotation=1, size_mm=4.0)
    thickness, spacing = thickness_maps(image)
    assert np.array_equal(np.isfinite(thickness), image.bone)
    assert np.array_equal(np.isfinite(spacing), ~image.bone)
    assert np.nanmin(thickness) > 0


def test_mid_axes_of_plates_are_a_period_apart():
    image = a_field(plates(0.4, 1.2), rotation=2, size_mm=7.0)
    away = (slice(BORDER, -BORDER),) * 3
    assert 0.2 * mid_axis_radius(inscribe(image))[away].mean() == pytest.approx(1.2, rel=0.03)


def test_mid_axes_of_rods_on_a_square_lattice_leave_room_for_its_diagonal():
    image = a_field(rods(0.4, 1.2), rotation=2, size_mm=7.0)
    away = (slice(BORDER, -BORDER),) * 3
    assert 0.2 * mid_axis_radius(inscribe(image))[away].mean() == pytest.approx(1.2 * np.sqrt(2), rel=0.03)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_phase_alone_has_no_thickness(value: float):
    maps = thickness_maps(from_fraction(np.full((6, 6, 6), value), 0.1))
    assert all(np.isnan(part).all() for part in maps)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 12, 12), (12, 1, 12), (12, 12, 1), (1, 1, 9), (2, 2, 2)])
def test_thin_images_are_measured_too(shape: tuple[int, int, int]):
    bone = np.zeros(shape)
    bone.ravel()[: bone.size // 2] = 1.0
    for part in thickness_maps(from_fraction(bone, 0.1)):
        assert part.shape == shape
        assert not np.isinf(part).any()


def test_one_voxel_of_bone_is_about_a_voxel_thick():
    bone = np.zeros((9, 9, 9))
    bone[4, 4, 4] = 1.0
    (thickness,) = thickness_maps(from_fraction(bone, 0.1), phases=(1,))
    assert np.count_nonzero(np.isfinite(thickness)) == 1
    assert 0.02 < thickness[4, 4, 4] < 0.15


def test_it_can_be_stopped():
    def stop(stage: str, fraction: float, message: str = "") -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        inscribe(a_field(plates(), size_mm=2.0), progress=stop)
