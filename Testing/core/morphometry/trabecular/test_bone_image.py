"""From arrays to bone images: what is accepted, what is refused, and where the surface comes to lie."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.morphometry.trabecular.bone_image import from_binary, from_fraction, from_gray


def test_a_spacing_in_one_number_holds_for_all_axes():
    assert from_fraction(np.zeros((2, 3, 4)), 0.1).spacing_mm == (0.1, 0.1, 0.1)


def test_without_a_mask_everything_counts():
    image = from_fraction(np.zeros((2, 3, 4)), (0.5, 1.0, 2.0))
    assert image.mask.all()
    assert image.total_mm3 == pytest.approx(24.0)


def test_voxels_that_are_not_finite_do_not_count():
    values = np.ones((3, 3, 3))
    values[0, 0, 0], values[1, 1, 1] = np.nan, np.inf
    image = from_fraction(values, 0.1)
    assert image.mask.sum() == 25
    assert np.isfinite(image.fraction).all()


def test_the_given_array_is_not_changed():
    values = np.full((3, 3, 3), np.nan, np.float32)
    values[0] = 1.0
    from_fraction(values, 0.1)
    assert np.isnan(values[1:]).all()


@pytest.mark.parametrize("mistake", ["two axes", "no voxel", "text", "complex", "only nan", "mask", "spacing"])
def test_what_is_no_volume_is_refused(mistake: str):
    values, spacing, mask = np.zeros((3, 3, 3)), 0.1, None
    if mistake == "two axes":
        values = np.zeros((3, 3))
    elif mistake == "no voxel":
        values = np.zeros((0, 3, 3))
    elif mistake == "text":
        values = np.full((3, 3, 3), "a")
    elif mistake == "complex":
        values = np.zeros((3, 3, 3), complex)
    elif mistake == "only nan":
        values = np.full((3, 3, 3), np.nan)
    elif mistake == "mask":
        mask = np.ones((3, 3, 4), bool)
    else:
        spacing = 0.0
    with pytest.raises(InputError) as caught:
        from_fraction(values, spacing, mask)
    assert caught.value.remedy


def test_known_tissues_give_partial_volumes():
    image = from_gray(np.array([[[100.0, 600.0, 1100.0]]]), 0.1, bone=1100, marrow=100)
    assert image.kind == "fraction"
    np.testing.assert_allclose(image.fraction.ravel(), [0.0, 0.5, 1.0], atol=1e-6)


def test_bone_may_be_darker_than_marrow():
    image = from_gray(np.array([[[0.0, 900.0]]]), 0.1, bone=0, marrow=1000)
    np.testing.assert_allclose(image.fraction.ravel(), [1.0, 0.1], atol=1e-6)


def test_a_threshold_is_where_the_surface_lies():
    image = from_gray(np.array([[[10.0, 63.0, 63.1, 130.0]]]), 0.1, threshold=63)
    assert image.kind == "gray"
    assert image.bone.ravel().tolist() == [False, False, True, True]
    assert image.fraction.ravel()[1] == pytest.approx(0.5)


def test_without_levels_the_two_classes_are_told_apart():
    gray = np.r_[np.full(500, 10.0), np.full(500, 90.0)].reshape(10, 10, 10)
    assert from_gray(gray, 0.1).bone.sum() == 500


@pytest.mark.parametrize(
    "levels",
    [
        {"bone": 5},
        {"marrow": 5},
        {"bone": 5, "marrow": 5},
        {"bone": 5, "marrow": 1, "threshold": 3},
        {"threshold": np.nan},
    ],
)
def test_levels_that_contradict_each_other_are_refused(levels: dict[str, float]):
    with pytest.raises(InputError):
        from_gray(np.arange(27.0).reshape(3, 3, 3), 0.1, **levels)


def test_one_gray_value_needs_a_threshold():
    with pytest.raises(InputError, match="one gray value"):
        from_gray(np.ones((3, 3, 3)), 0.1)
    assert not from_gray(np.ones((3, 3, 3)), 0.1, threshold=2).bone.any()


def test_a_segmentation_is_what_is_not_zero():
    image = from_binary(np.array([[[0, 1, 255]]], np.uint8), 0.1)
    assert image.bone.ravel().tolist() == [False, True, True]
    assert from_binary(np.array([[[np.nan, 1.0]]]), 0.1).mask.ravel().tolist() == [False, True]
