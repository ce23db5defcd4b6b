"""Defects that morphometry software is known to have, each as a small volume with the right answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.errors import InputError
from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction, from_gray
from CTSMALib.morphometry.trabecular.connectivity import connectivity_density
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, Region, measure, regions_of_labels
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


def noisy(image: BoneImage, sd: float) -> BoneImage:
    noise = np.random.default_rng(2).normal(0.0, sd, image.fraction.shape)
    return replace(image, fraction=(image.fraction + noise).astype(np.float32))


def test_noise_is_found_where_the_mask_is_not_in_the_middle():
    # Between two regions nothing counts, and no noise was found there.
    image = noisy(a_field(plates(0.4, 1.2), size_mm=(4.0, 4.0, 22.0), rotation=1), 0.25)
    labels = np.zeros(image.mask.shape, np.int32)
    labels[:, :, :55], labels[:, :, -55:] = 1, 2
    result = measure(image.within(labels > 0), regions_of_labels(labels), FAST)
    assert result.noise == pytest.approx(0.25, rel=0.2) and result.denoised


def test_the_uncertainty_of_a_gray_image_does_not_depend_on_empty_space_beside_it():
    field = ndimage.gaussian_filter(a_field(plates(0.4, 1.2), size_mm=(4.0, 4.0, 6.0), rotation=1).fraction, 1.5)
    wide = np.concatenate([field, np.zeros((40, 40, 200), np.float32)], axis=2)
    mask = np.zeros(wide.shape, bool)
    mask[:, :, :60] = True
    alone = measure(from_gray(field * 1000, 0.1, threshold=350), options=FAST).regions[0].values["tb_th_mm"]
    beside = measure(from_gray(wide * 1000, 0.1, mask, threshold=350), options=FAST).regions[0].values["tb_th_mm"]
    assert beside.uncertainty == pytest.approx(alone.uncertainty, rel=0.2)


@pytest.mark.parametrize(("slices", "spacing"), [(3, 0.115), (2, 0.17), (10, 0.104), (60, 0.0985)])
def test_nearly_cubic_voxels_do_not_scale_lengths(slices: int, spacing: float):
    across = np.zeros(60)
    for first in range(5, 60, 10):
        across[first : first + 4] = 1.0
    fraction = np.broadcast_to(across, (slices, 60, 60))
    values = measure(from_fraction(fraction, (spacing, 0.1, 0.1)), options=FAST).regions[0].values
    assert values["tb_th_mm"].value == pytest.approx(0.4, rel=0.02)


def test_a_plate_cut_by_the_border_is_within_its_uncertainty_and_named():
    across = np.zeros(40)
    for first in range(0, 40, 10):
        across[first : first + 4] = 1.0
    region = measure(from_fraction(np.broadcast_to(across, (24, 24, 40)), 0.1), options=FAST).regions[0]
    estimate = region.values["tb_th_mm"]
    assert abs(estimate.value - 0.4) <= 3 * estimate.uncertainty
    assert "at-border" in {flag.code for flag in region.flags}


def test_a_segmentation_of_single_voxels_keeps_its_volume_and_says_what_is_lost():
    bone = np.zeros((40, 40, 40))
    bone[::8, ::8, :] = bone[::8, :, ::8] = bone[:, ::8, ::8] = 1.0
    region = measure(from_binary(bone, 0.1), options=FAST).regions[0]
    assert region.values["bv_tv"].value == pytest.approx(float(bone.mean()))
    assert {"cleaning-changed-bone"} <= {flag.code for flag in region.flags}
    assert not region.resolvable


def test_only_the_struts_of_a_region_decide_whether_it_is_resolved():
    image = a_field(plates(0.4, 1.2), size_mm=6.0, rotation=1)
    fraction = image.fraction.copy()
    fraction[15:45] *= 0.62
    ends = np.zeros(fraction.shape, np.int32)
    ends[:10] = ends[-10:] = 1
    assert measure(from_fraction(fraction, 0.1), regions_of_labels(ends), FAST).regions[0].resolvable


def test_missing_voxels_are_no_bone_surface():
    image = a_field(plates(0.4, 1.2), size_mm=6.0, rotation=None)
    fraction = image.fraction.copy()
    fraction[:, :30] = np.nan
    assert value(from_fraction(fraction, 0.1), "bs_tv_per_mm") == pytest.approx(2 / 1.2, rel=0.03)


def test_one_hot_voxel_does_not_move_the_threshold():
    gray = 200.0 + 1000.0 * a_field(plates(0.4, 1.2), size_mm=5.0, rotation=1).fraction
    plain = value(from_gray(gray, 0.1), "bv_tv")
    gray[0, 0, 0] = 1e7
    assert value(from_gray(gray, 0.1), "bv_tv") == pytest.approx(plain, rel=0.01)


def test_a_huge_label_costs_nothing():
    labels = np.zeros((8, 8, 8), np.int64)
    labels[2:4, 2:4, 2:4], labels[5, 5, 5] = 3_000_000_000, 7
    assert [(region.name, int(region.mask.sum())) for region in regions_of_labels(labels)] == [
        ("label 7", 1),
        ("label 3000000000", 8),
    ]


@pytest.mark.parametrize("labels", [np.zeros((3, 3, 3)), np.full((3, 3, 3), -1), np.zeros((3, 3), int)])
def test_what_are_no_labels_is_refused(labels: np.ndarray):
    with pytest.raises(InputError):
        regions_of_labels(labels)


@pytest.mark.parametrize("shape", [(30, 30, 30), (80, 80, 80)])
def test_labels_of_another_image_are_refused(shape: tuple[int, int, int]):
    image = a_field(plates(), size_mm=6.0)
    region = Region("other", (slice(0, shape[0]),) * 3, np.ones(shape, bool))
    half = Region("half", (slice(0, 30),) * 3, np.ones((60, 30, 30), bool))
    for wrong in [half, *([region] if shape[0] > 60 else [])]:
        with pytest.raises(InputError):
            measure(image, [wrong], FAST)


def test_plates_have_no_main_direction():
    assert measure(a_field(plates(0.4, 1.2), size_mm=6.0, rotation=1), options=FAST).regions[0].principal_zyx is None


def test_maps_of_thick_slices_do_not_overlap():
    maps = measure(
        a_field(plates(0.4, 1.2), rotation=1, spacing_mm=(0.4, 0.1, 0.1)), options=MeasureOptions(number=False)
    ).maps
    both = np.isfinite(maps["tb_th_mm"]) & np.isfinite(maps["tb_sp_mm"])
    assert np.mean(both) < 0.01
