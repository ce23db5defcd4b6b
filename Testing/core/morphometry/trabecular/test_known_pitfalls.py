"""Defects that morphometry software is known to have, each as a small volume with the right answer."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_fraction
from CTSMALib.morphometry.trabecular.connectivity import connectivity_density
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from Testing.core.morphometry.trabecular.fields import a_field, lattice, plates, rods

FAST = MeasureOptions(number=False, maps=False)


def value(image: BoneImage, key: str, options: MeasureOptions = FAST) -> float:
    return measure(image, options=options).regions[0].values[key].value


def inner(image: BoneImage, edge: int = 13) -> BoneImage:
    mask = np.zeros(image.mask.shape, bool)
    mask[(slice(edge, -edge),) * 3] = True
    return image.within(mask)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_long_axis_of_a_voxel_is_not_mistaken_for_another(axis: int):
    # Counting along the slices and dividing by the spacing of the rows makes this 1.7 per mm.
    across = np.zeros(40)
    for first in range(2, 40, 8):
        across[first : first + 4] = 1.0
    spacing = [0.1, 0.1, 0.1]
    spacing[axis] = 0.3
    fraction = np.moveaxis(np.broadcast_to(across[:, None, None], (40, 40, 40)), 0, axis)
    assert value(from_fraction(fraction, tuple(spacing)), "tb_n_plate_per_mm") == pytest.approx(1 / 2.4, rel=0.08)


@pytest.mark.parametrize("turn", [None, 1, 2, 3])
def test_plates_have_the_same_number_in_every_direction(turn: int | None):
    # Counting voxel faces makes the number depend on the direction, by 33 %.
    image = inner(a_field(plates(0.4, 1.2), size_mm=7.4, rotation=turn))
    assert value(image, "tb_n_plate_per_mm") == pytest.approx(1 / 1.2, rel=0.04)


def test_the_border_of_the_volume_is_no_bone_surface():
    image = a_field(plates(0.4, 1.2), size_mm=7.2, rotation=None)
    assert value(image, "bs_tv_per_mm") == pytest.approx(2 / 1.2, rel=0.03)


def test_the_border_of_a_mask_is_no_bone_surface():
    image = a_field(plates(0.4, 1.2), size_mm=7.2, rotation=None)
    z, y, x = np.ogrid[:72, :72, :72]
    ball = (z - 36) ** 2 + (y - 36) ** 2 + (x - 36) ** 2 < 30**2
    assert value(image.within(ball), "bs_tv_per_mm") == pytest.approx(2 / 1.2, rel=0.05)


def test_the_spacing_is_used():
    # Radii counted in voxels read 0.2 mm.
    image = a_field(rods(0.4, 1.2), rotation=None, spacing_mm=(0.3, 0.1, 0.1), size_mm=7.2)
    assert value(inner_mm(image), "tb_th_mm") == pytest.approx(0.4, rel=0.1)


def inner_mm(image: BoneImage) -> BoneImage:
    mask = np.zeros(image.mask.shape, bool)
    mask[tuple(slice(round(1.3 / s), -round(1.3 / s)) for s in image.spacing_mm)] = True
    return image.within(mask)


def test_radii_are_not_whole_voxels():
    # A strut of 3.5 voxels reads 3 or 4 where they are.
    image = inner(a_field(plates(0.35, 1.2), size_mm=7.0, rotation=2))
    assert value(image, "tb_th_mm") == pytest.approx(0.35, rel=0.04)


@pytest.mark.parametrize("voxel", [0.05, 0.1])
def test_number_does_not_depend_on_the_voxel(voxel: float):
    # Subtracting half a voxel on both sides makes it 23 % too high at 0.1 mm.
    image = a_field(plates(0.4, 1.2), size_mm=5.0, rotation=2, spacing_mm=(voxel,) * 3)
    number = value(inner(image, round(1.3 / voxel)), "tb_n_per_mm", MeasureOptions(maps=False))
    assert number == pytest.approx(1 / 1.2, rel=0.04)


def test_connections_through_the_border_count_by_half():
    # The plain Euler number of a cut lattice is a fifth off.
    shape = lattice(0.4, 1.2)
    image = a_field(shape, size_mm=7.2, rotation=7)
    assert connectivity_density(image) == pytest.approx(shape.truth["conn_d_per_mm3"], rel=0.05)


def test_an_isotropic_lattice_along_the_axes_has_no_direction():
    # Few test lines make it 0.16.
    assert value(a_field(lattice(0.4, 1.2), size_mm=7.2, rotation=None), "da_norm") < 0.03


def test_nothing_is_returned_in_place_of_what_cannot_be_measured():
    # 0, 44 mm, nan or 3.7e19 elsewhere.
    region = measure(from_fraction(np.full((9, 40, 40), 0.33), (1.0, 0.22, 0.22))).regions[0]
    assert not region.resolvable
    assert not {"tb_th_mm", "tb_sp_mm", "tb_n_per_mm", "smi"} & set(region.values)
    assert all(np.isfinite(estimate.value) for estimate in region.values.values())
