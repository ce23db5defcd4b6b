"""Crops keep voxels in place, and the identity of an image does not depend on how it is stored."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.volumes import crop_to_box, image_sha256
from Testing.core.volumes.conftest import image_of
from Testing.core.volumes.dicom_writer import Geometry
from Testing.core.volumes.same_scan import OBLIQUE


def test_crop_holds_what_the_box_touches(a_phantom: np.ndarray) -> None:
    image = image_of(a_phantom)
    lower, upper = np.array([-10.0, 40.0, 420.0]), np.array([5.0, 52.0, 433.0])
    crop = crop_to_box(image, lower, upper)
    first = np.array(crop.TransformIndexToPhysicalPoint((0, 0, 0)))
    last = np.array(crop.TransformIndexToPhysicalPoint([n - 1 for n in crop.GetSize()]))
    half = np.array(image.GetSpacing()) / 2
    assert np.all(np.abs(first - lower) <= half + 1e-9) and np.all(np.abs(last - upper) <= half + 1e-9)
    index = image.TransformPhysicalPointToIndex(crop.TransformIndexToPhysicalPoint((3, 4, 5)))
    assert crop[3, 4, 5] == image[index]


def test_oblique_crop_covers_the_box(a_phantom: np.ndarray) -> None:
    image = image_of(a_phantom, Geometry(direction=OBLIQUE))
    center = np.array(image.TransformContinuousIndexToPhysicalPoint((32, 28, 20)))
    crop = crop_to_box(image, center - 6, center + 6)
    for corner in np.array(np.meshgrid(*[(-6, 6)] * 3)).reshape(3, -1).T:
        index = np.array(crop.TransformPhysicalPointToContinuousIndex((center + corner).tolist()))
        assert np.all(index >= -0.5 - 1e-9) and np.all(index <= np.array(crop.GetSize()) - 0.5 + 1e-9)
    assert np.prod(crop.GetSize()) < np.prod(image.GetSize())


def test_a_box_outside_is_an_error(an_image: sitk.Image) -> None:
    with pytest.raises(ValueError, match="outside"):
        crop_to_box(an_image, (500, 500, 500), (510, 510, 510))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True), (False, True, False)])
def test_storage_order_does_not_change_the_identity(
    an_image: sitk.Image, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    stored = sitk.Flip(sitk.PermuteAxes(an_image, order), flips)
    assert image_sha256(stored) == image_sha256(an_image)


def test_any_change_changes_the_identity(an_image: sitk.Image) -> None:
    digests = {image_sha256(an_image)}
    changed = sitk.Image(an_image)
    changed[3, 4, 5] += 1
    digests.add(image_sha256(changed))
    for setter, value in (("SetOrigin", (-20.0, 35.0, 410.1)), ("SetSpacing", (0.8, 0.7, 1.51)),
                          ("SetDirection", OBLIQUE.ravel().tolist())):  # fmt: skip
        moved = sitk.Image(an_image)
        getattr(moved, setter)(value)
        digests.add(image_sha256(moved))
    assert len(digests) == 5


@pytest.mark.parametrize("origin", [(0.005, -0.015, 12.345), (-161.132858, 0.0, 535.65), (0.0, -0.0, -1e-9)])
def test_positions_as_32_bit_numbers_have_the_same_identity(
    a_phantom: np.ndarray, origin: tuple[float, float, float]
) -> None:
    image, rounded = image_of(a_phantom, Geometry(origin=origin)), image_of(a_phantom)
    rounded.SetOrigin([float(np.float32(v)) for v in origin])
    rounded.SetSpacing([float(np.float32(v)) for v in rounded.GetSpacing()])
    assert image_sha256(rounded) == image_sha256(image)
