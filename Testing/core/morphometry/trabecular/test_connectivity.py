"""The Euler characteristic per volume of structures whose topology is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import from_binary
from CTSMALib.morphometry.trabecular.connectivity import connectivity_density, corner_shares, euler_density
from Testing.core.morphometry.trabecular import fields
from Testing.core.morphometry.trabecular.fields import Shape, a_field, odd_images

CLOSED = {
    "a block": (np.ones((3, 2, 4)), 1),
    "a ring": (np.pad(np.zeros((1, 1, 1)), ((0, 0), (1, 1), (1, 1)), constant_values=1), 0),
    "a hollow cube": (np.pad(np.zeros((1, 1, 1)), 1, constant_values=1), 2),
    "two voxels that share a corner": (np.eye(2)[:, :, None] * np.eye(2)[:, None, :], 1),
    "two voxels apart": (np.array([[[1, 0, 1]]]), 2),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_bodies_have_their_euler_characteristic(name: str) -> None:
    body, expected = CLOSED[name]
    image = from_binary(np.pad(body, 1), (0.1, 0.2, 0.3))
    corners = np.prod(np.array(image.mask.shape) - 1)
    assert euler_density(image) * corners * image.voxel_mm3 == pytest.approx(expected)


def test_bone_is_connected_by_corners_and_marrow_by_faces() -> None:
    """Pieces by 26 neighbors minus loops plus cavities by 6 neighbors, on noise without loops through the border."""
    bone = np.pad(np.random.default_rng(3).random((4, 4, 4)) > 0.85, 1)
    pieces = ndimage.label(bone, np.ones((3, 3, 3)))[1]
    cavities = ndimage.label(~bone)[1] - 1
    image = from_binary(bone, 1.0)
    euler = euler_density(image) * np.prod(np.array(bone.shape) - 1)
    assert euler == pytest.approx(round(euler))
    assert euler <= pieces + cavities


def test_a_corner_and_its_shares_are_as_computed_by_hand() -> None:
    shares = corner_shares()
    assert shares[0] == shares[255] == 0.0
    assert shares[1] == 1 - 3 / 2 + 3 / 4 - 1 / 8
    assert shares[0b10000001] == 1 - 6 / 2 + 6 / 4 - 2 / 8


@pytest.mark.parametrize(
    "shape",
    [fields.lattice(), fields.gyroid(), fields.p_sheet(), fields.spheres(), fields.shells()],
    ids=["lattice", "gyroid", "p_sheet", "spheres", "shells"],
)
@pytest.mark.parametrize("rotation", [1, 2])
def test_periodic_structures_have_their_density(shape: Shape, rotation: int) -> None:
    image = a_field(shape, 12.0, rotation=rotation, samples=1)
    assert connectivity_density(image) == pytest.approx(shape.truth["conn_d_per_mm3"], rel=0.015)


def test_a_mask_of_any_shape_does_not_change_the_density() -> None:
    shape = fields.lattice()
    image = a_field(shape, 10.0, rotation=5, samples=1)
    z, y, x = np.indices(image.mask.shape) - 49.5
    ball = image.within(z**2 + y**2 + x**2 < 48.0**2)
    assert connectivity_density(ball) == pytest.approx(shape.truth["conn_d_per_mm3"], rel=0.04)


def test_slabs_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    image = a_field(fields.gyroid(), 3.0, rotation=1, samples=1)
    whole = euler_density(image)
    monkeypatch.setattr("CTSMALib.morphometry.trabecular.connectivity.VOXELS_AT_ONCE", 1)
    assert euler_density(image) == pytest.approx(whole, rel=1e-12)


@pytest.mark.filterwarnings("error")
def test_odd_images_have_a_density_or_none() -> None:
    found = {name: connectivity_density(image) for name, image in odd_images().items()}
    assert found["no bone"] == found["all bone"] == 0.0
    assert all(np.isnan(found[name]) for name in ("one voxel", "one slice", "an empty mask", "a mask of one voxel"))
    assert found["one voxel of bone"] < 0.0
