"""Patches hold the right values in the right order, however the scan is stored."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.morphometry.direct_ct.patch_sampling import sample_label_patches, sample_patches
from Testing.core.morphometry.direct_ct.phantoms import image_of

CENTRES = np.array([[0.0, 0.0, 0.0], [4.3, -6.1, 2.2], [-5.5, 3.0, -4.7]])


def a_frame(mirrored: bool = False) -> JointFrame:
    """A frame turned out of the image axes; x to the right, y to the front, z up, as LPS runs."""
    turn = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.2, -0.15, 0.3)
    axes = np.diag([-1.0, -1.0, 1.0]) @ np.asarray(turn.GetMatrix()).reshape(3, 3)
    return JointFrame(np.array([20.0, 21.0, 22.0]), axes, mirrored)


@pytest.fixture
def a_textured_image() -> sitk.Image:
    noise = np.random.default_rng(3).normal(0.0, 1.0, (60, 70, 80))
    hu = 300.0 * ndimage.gaussian_filter(noise, 1.0) / 0.15
    return image_of(hu.astype(np.int16), (0.6, 0.65, 0.7))


def a_ramp(gradient: np.ndarray) -> sitk.Image:
    """An image whose value is linear in LPS position."""
    z, y, x = np.mgrid[:50, :50, :50].astype(np.float32)
    return image_of(gradient[0] * x + gradient[1] * y + gradient[2] * z)


@pytest.mark.parametrize(("axis", "array_axis"), [(0, 3), (1, 2), (2, 1)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_each_array_axis_grows_in_its_anatomical_direction(axis: int, array_axis: int, mirrored: bool) -> None:
    frame = a_frame(mirrored)
    direction = frame.axes[axis] * (-1.0 if mirrored and axis == 0 else 1.0)
    patches = sample_patches(a_ramp(100.0 * direction), CENTRES[:1], frame)
    steps = np.diff(patches, axis=array_axis)
    assert np.allclose(steps, 50.0, atol=0.05)
    others = [a for a in (1, 2, 3) if a != array_axis]
    assert all(np.allclose(np.diff(patches, axis=a), 0.0, atol=0.05) for a in others)


def test_cells_fill_the_cube_around_its_center() -> None:
    frame = a_frame()
    patches = sample_patches(a_ramp(frame.axes[2]), CENTRES, frame)
    assert patches.shape == (3, 16, 16, 16)
    origin = frame.origin_mm @ frame.axes[2]
    expected = origin + CENTRES[:, 2, None] + np.arange(-3.75, 4.0, 0.5)
    assert np.allclose(patches.mean(axis=(2, 3)), expected, atol=1e-3)


@pytest.mark.parametrize("store", ["permuted", "flipped", "turned"])
def test_a_knee_stored_in_another_order_gives_the_same_values(a_textured_image: sitk.Image, store: str) -> None:
    other = {
        "permuted": lambda image: sitk.PermuteAxes(image, [2, 0, 1]),
        "flipped": lambda image: sitk.Flip(image, [True, False, True]),
        "turned": lambda image: sitk.DICOMOrient(image, "ASR"),
    }[store](a_textured_image)
    assert other.GetDirection() != a_textured_image.GetDirection()
    first = sample_patches(a_textured_image, CENTRES, a_frame())
    second = sample_patches(other, CENTRES, a_frame())
    assert np.abs(first).max() > 300.0
    assert np.allclose(first, second, atol=1e-2)


def test_a_turned_scan_gives_the_same_values_when_the_frame_turns_with_it(a_textured_image: sitk.Image) -> None:
    turn = np.asarray(sitk.Euler3DTransform((0.0, 0.0, 0.0), -0.4, 0.2, 0.7).GetMatrix()).reshape(3, 3)
    frame = a_frame()
    moved = sitk.Image(a_textured_image)
    moved.SetDirection(turn.ravel().tolist())
    moved.SetOrigin((5.0, -7.0, 11.0))
    moved_frame = JointFrame(turn @ frame.origin_mm + [5.0, -7.0, 11.0], frame.axes @ turn.T, frame.mirrored)
    assert np.allclose(
        sample_patches(moved, CENTRES, moved_frame), sample_patches(a_textured_image, CENTRES, frame), atol=1e-2
    )


def test_the_mirrored_knee_gives_the_same_values(a_textured_image: sitk.Image) -> None:
    frame = a_frame()
    mirrored = image_of(sitk.GetArrayFromImage(a_textured_image)[:, :, ::-1], a_textured_image.GetSpacing())
    width = (a_textured_image.GetSize()[0] - 1) * a_textured_image.GetSpacing()[0]
    flip = np.array([-1.0, 1.0, 1.0])
    axes = frame.axes * flip * np.array([[-1.0], [1.0], [1.0]])  # stays right-handed
    other = JointFrame(frame.origin_mm * flip + [width, 0.0, 0.0], axes, mirrored=True)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert np.allclose(
        sample_patches(mirrored, CENTRES, other), sample_patches(a_textured_image, CENTRES, frame), atol=1e-2
    )


def test_outside_the_image_there_is_no_number_and_no_label(a_textured_image: sitk.Image) -> None:
    frame = JointFrame(np.zeros(3), np.diag([-1.0, -1.0, 1.0]), False)
    center = np.array([[-20.0, -20.0, 0.0]])  # half above, half below the first slice
    patch = sample_patches(a_textured_image, center, frame)[0]
    inside = np.arange(-3.75, 4.0, 0.5) >= -0.35  # half a voxel belongs to the first slice
    assert np.array_equal(np.isfinite(patch).all(axis=(1, 2)), inside)
    assert np.array_equal(np.isnan(patch).all(axis=(1, 2)), ~inside)
    labels = sample_label_patches(sitk.Cast(a_textured_image * 0 + 2, sitk.sitkUInt8), center, frame)[0]
    assert np.array_equal(labels[:, 0, 0], np.where(inside, 2, 0))


def test_many_patches_equal_single_ones(a_textured_image: sitk.Image) -> None:
    centers = np.random.default_rng(0).uniform(-12.0, 12.0, (150, 3))
    patches = sample_patches(a_textured_image, centers, a_frame())
    assert np.array_equal(
        patches[140], sample_patches(a_textured_image, centers[140:141], a_frame())[0], equal_nan=True
    )


def test_labels_come_from_the_nearest_voxel() -> None:
    array = np.zeros((40, 40, 40), dtype=np.uint8)
    array[:, :, 20:] = 3
    frame = JointFrame(np.array([19.6, 20.0, 20.0]), np.diag([-1.0, -1.0, 1.0]), False)
    patch = sample_label_patches(image_of(array), np.zeros((1, 3)), frame)[0]
    left_of_edge = 19.6 - np.arange(-3.75, 4.0, 0.5) >= 19.5  # the lateral axis runs against x here
    assert np.array_equal(patch[0, 0], np.where(left_of_edge, 3, 0))


def test_no_patches_give_an_empty_array(a_textured_image: sitk.Image) -> None:
    assert sample_patches(a_textured_image, np.empty((0, 3)), a_frame()).shape == (0, 16, 16, 16)
