"""Noise is found and removed without moving the surface; islands go, structure stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction
from CTSMALib.morphometry.trabecular.cleaning import QUIET, clean, flat_smoothed, noise_sd, without_islands
from CTSMALib.morphometry.trabecular.local_thickness import thickness_maps
from Testing.core.morphometry.trabecular.fields import a_field, plates, rods


def noisy(image: BoneImage, sd: float, sigma: float = 0.0) -> BoneImage:
    noise = np.random.default_rng(4).normal(0.0, 1.0, image.fraction.shape)
    if sigma:
        noise = ndimage.gaussian_filter(noise, sigma)
        noise /= noise.std()
    return replace(image, fraction=(image.fraction + sd * noise).astype(np.float32))


@pytest.mark.parametrize("sd", [0.05, 0.1, 0.25])
def test_the_noise_is_found(sd: float):
    assert noise_sd(noisy(a_field(plates()), sd)) == pytest.approx(sd, rel=0.25)


def test_correlated_noise_is_found_where_there_is_room_to_see_it():
    field = a_field(plates(0.9, 2.0), size_mm=6.0)
    assert noise_sd(noisy(field, 0.1, sigma=1.0)) == pytest.approx(0.1, rel=0.35)


def test_a_clean_image_is_left_as_it_is():
    image = a_field(rods())
    assert noise_sd(image) < QUIET
    assert clean(image, islands=False) is image


def test_spacing_survives_noise_of_a_quarter_of_the_contrast():
    image = clean(noisy(a_field(plates(0.4, 1.2), rotation=1), 0.25))
    away = (slice(13, -13),) * 3
    thickness, spacing = (float(np.nanmean(part[away])) for part in thickness_maps(image))
    assert spacing == pytest.approx(0.8, rel=0.05)
    assert thickness == pytest.approx(0.4, rel=0.08)


def test_smoothing_leaves_the_radius_of_a_rod():
    z, y, x = np.mgrid[:5, :81, :81] - 40.0
    rod = np.clip(6.5 - np.hypot(y, x), 0, 1).astype(np.float32) + 0 * z.astype(np.float32)
    plain = ndimage.gaussian_filter(rod, 1.2)
    flat = flat_smoothed(rod, 1.2)

    def radius(image: np.ndarray) -> float:
        return float(np.interp(0.5, image[2, 40, 80:39:-1], np.arange(40, -1, -1.0)))

    assert abs(radius(flat) - 6.0) < 0.05
    assert abs(radius(plain) - 6.0) > 0.1


def test_specks_go_in_both_phases():
    image = a_field(plates(0.8, 2.0), rotation=None, size_mm=4.0)
    fraction = image.fraction.copy()
    marrow, bone = (
        np.argwhere(ndimage.minimum_filter(1 - fraction, 5) == 1),
        np.argwhere(ndimage.minimum_filter(fraction, 5) == 1),
    )
    fraction[tuple(marrow[len(marrow) // 2])] = 1.0
    fraction[tuple(bone[len(bone) // 2])] = 0.0
    assert np.array_equal(without_islands(replace(image, fraction=fraction)).bone, image.bone)


def test_what_the_border_cuts_off_is_no_island():
    bone = np.zeros((20, 20, 20))
    bone[10:15, 10:15, 10:15] = bone[0:3, 2:5, 2:5] = 1.0
    assert without_islands(from_fraction(bone, 0.1)).bone.sum() == 125 + 27


def test_an_image_of_small_pieces_only_is_not_emptied():
    bone = np.zeros((20, 20, 20))
    bone[5:7, 5:7, 5:7] = 1.0
    assert without_islands(from_fraction(bone, 0.1)).bone.sum() == 8


def test_the_stairs_of_a_segmentation_are_smoothed():
    image = clean(from_binary(a_field(plates(), rotation=1).bone, 0.1))
    inner = image.fraction[5:-5, 5:-5, 5:-5]
    assert np.mean((inner > 0.2) & (inner < 0.8)) > 0.1


def test_noise_can_be_left():
    image = noisy(a_field(plates(), size_mm=3.0), 0.2)
    assert clean(image, denoise=False, islands=False) is image
