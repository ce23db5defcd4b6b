"""Every value of a region, its uncertainty and flags; regions that overlap, lie outside, or hold nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.catalogue import quantities
from CTSMALib.errors import CancelledError
from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction, from_gray
from CTSMALib.morphometry.trabecular.measure import (
    MeasureOptions,
    OrientedBox,
    Region,
    RegionMorphometry,
    measure,
    regions_of_boxes,
    regions_of_labels,
)
from Testing.core.morphometry.trabecular.fields import a_field, lattice, plates, rods

FAST = MeasureOptions(number=False, maps=False)


def codes(region: RegionMorphometry) -> set[str]:
    return {flag.code for flag in region.flags}


@pytest.fixture(scope="module")
def a_lattice() -> BoneImage:
    return a_field(lattice(0.4, 1.2), size_mm=8.0, rotation=5)


@pytest.fixture(scope="module")
def the_lattice_measured(a_lattice: BoneImage) -> RegionMorphometry:
    return measure(a_lattice).regions[0]


def test_every_quantity_of_the_catalogue_is_measured(the_lattice_measured: RegionMorphometry):
    assert set(the_lattice_measured.values) == {quantity.key for quantity in quantities(scope="region")}


def test_every_value_has_an_uncertainty_below_a_fifth(the_lattice_measured: RegionMorphometry):
    for key, estimate in the_lattice_measured.values.items():
        assert np.isfinite(estimate.uncertainty) and estimate.uncertainty >= 0, key
        if key not in ("tb_n_sd_mm", "da_norm"):  # near zero here
            assert estimate.uncertainty < 0.2 * abs(estimate.value), key


def test_truth_lies_within_three_uncertainties(the_lattice_measured: RegionMorphometry):
    for key, truth in lattice(0.4, 1.2).truth.items():
        estimate = the_lattice_measured.values[key]
        assert abs(estimate.value - truth) <= 3 * estimate.uncertainty + 1e-9, key


def test_what_four_voxels_span_is_resolved(the_lattice_measured: RegionMorphometry):
    assert the_lattice_measured.resolvable
    assert "not-resolvable" not in codes(the_lattice_measured)


def test_the_plate_model_follows_from_volume_and_surface(the_lattice_measured: RegionMorphometry):
    value = {key: estimate.value for key, estimate in the_lattice_measured.values.items()}
    assert value["tb_th_plate_mm"] == pytest.approx(2 / value["bs_bv_per_mm"])
    assert value["tb_n_plate_per_mm"] == pytest.approx(value["bs_tv_per_mm"] / 2)
    assert value["tb_n_mil_per_mm"] == pytest.approx(value["bs_tv_per_mm"] / 4)


def test_histograms_hold_all_of_their_phase(the_lattice_measured: RegionMorphometry):
    for histogram, key in (
        (the_lattice_measured.th_histogram, "tb_th_mm"),
        (the_lattice_measured.sp_histogram, "tb_sp_mm"),
    ):
        assert histogram.volume_fraction.sum() == pytest.approx(1.0)
        centers = (histogram.edges_mm[1:] + histogram.edges_mm[:-1]) / 2
        mean = the_lattice_measured.values[key].value
        assert (centers * histogram.volume_fraction).sum() == pytest.approx(mean, abs=np.diff(histogram.edges_mm)[0])


def test_maps_and_values_agree(a_lattice: BoneImage, the_lattice_measured: RegionMorphometry):
    maps = measure(a_lattice, options=MeasureOptions(number=False)).maps
    for key, part in maps.items():
        assert part.shape == a_lattice.mask.shape
        assert float(np.nanmean(part)) == pytest.approx(the_lattice_measured.values[key].value, rel=1e-4)


def test_a_region_uses_what_lies_around_it(a_lattice: BoneImage):
    middle = np.zeros(a_lattice.mask.shape, bool)
    middle[20:60, 20:60, 20:60] = True
    inside = measure(a_lattice.within(middle), options=FAST).regions[0]
    alone = measure(a_lattice.crop((slice(20, 60),) * 3), options=FAST).regions[0]
    whole = measure(a_lattice, options=FAST).regions[0]
    for key in ("tb_sp_mm", "tb_th_mm"):
        truth = whole.values[key].value
        assert abs(inside.values[key].value - truth) < abs(alone.values[key].value - truth) + 0.01 * truth


def test_labels_are_measured_one_by_one(a_lattice: BoneImage):
    labels = np.zeros(a_lattice.mask.shape, np.uint8)
    labels[:, :, :40], labels[:, :, 40:] = 3, 7
    regions = measure(a_lattice, regions_of_labels(labels, {7: "lateral"}), FAST).regions
    assert [region.name for region in regions] == ["label 3", "lateral"]
    for region in regions:
        half = a_lattice.fraction[:, :, :40] if region.name == "label 3" else a_lattice.fraction[:, :, 40:]
        assert region.values["bv_tv"].value == pytest.approx(float(half.mean()), rel=1e-4)


def test_only_the_mask_counts(a_lattice: BoneImage):
    mask = np.zeros(a_lattice.mask.shape, bool)
    mask[:40] = True
    everything = Region("everything", (slice(0, 80),) * 3, np.ones((80, 80, 80), bool))
    half = measure(a_lattice.within(mask), options=FAST).regions[0].values["bv_tv"].value
    assert measure(a_lattice.within(mask), [everything], FAST).regions[0].values["bv_tv"].value == pytest.approx(half)


def test_boxes_may_stand_at_an_angle_and_overlap(a_lattice: BoneImage):
    turned = np.array([[1, 0, 0], [0, np.sqrt(0.5), np.sqrt(0.5)], [0, -np.sqrt(0.5), np.sqrt(0.5)]])
    boxes = [
        OrientedBox("straight", np.full(3, 3.95), np.eye(3), (4.0, 4.0, 4.0)),
        OrientedBox("turned", np.full(3, 3.95), turned, (4.0, 4.0, 4.0)),
        OrientedBox("outside", np.full(3, 50.0), np.eye(3), (4.0, 4.0, 4.0)),
    ]
    regions = list(regions_of_boxes(boxes, (80, 80, 80), a_lattice.spacing_mm))
    assert [int(region.mask.sum()) for region in regions] == [64000, pytest.approx(64000, rel=0.02), 0]
    straight, turned_box, outside = measure(a_lattice, regions, FAST).regions
    assert straight.values["tb_th_mm"].value == pytest.approx(turned_box.values["tb_th_mm"].value, rel=0.05)
    assert outside.values == {} and codes(outside) == {"empty-region"}


def test_the_principal_direction_is_that_of_the_rods():
    region = measure(a_field(rods(), rotation=None, size_mm=6.0), options=FAST).regions[0]
    assert region.principal_zyx == pytest.approx((1.0, 0.0, 0.0), abs=0.02)


def test_what_two_voxels_do_not_span_is_flagged_with_the_axis():
    region = measure(
        a_field(plates(0.4, 1.2), rotation=1, spacing_mm=(1.0, 0.22, 0.22), size_mm=9.0), options=FAST
    ).regions[0]
    assert not region.resolvable
    assert any("along z (1 mm)" in flag.text for flag in region.flags)


def test_what_no_voxel_shows_is_flagged_where_others_return_nan():
    gray = from_fraction(np.full((9, 40, 40), 0.33), (1.0, 0.22, 0.22))  # plates across thick slices
    region = measure(gray, options=FAST).regions[0]
    assert codes(region) == {"not-resolvable"}
    assert region.values["bv_tv"].value == pytest.approx(0.33)
    assert "tb_th_mm" not in region.values


def test_struts_that_blur_thins_out_are_flagged():
    fraction = 0.62 * a_field(plates(0.4, 1.2), rotation=1).fraction
    assert "not-resolvable" in codes(measure(from_fraction(fraction, 0.1), options=FAST).regions[0])


def test_noise_is_named():
    image = a_field(plates(), size_mm=4.0)
    noise = np.random.default_rng(1).normal(0, 0.2, image.fraction.shape)
    result = measure(replace(image, fraction=(image.fraction + noise).astype(np.float32)), options=FAST)
    assert "noisy" in codes(result.regions[0])
    assert result.denoised and result.noise == pytest.approx(0.2, rel=0.2)


def test_few_trabeculae_are_named():
    assert "small-region" in codes(measure(a_field(plates(), size_mm=3.0), options=FAST).regions[0])


@pytest.mark.parametrize(("value", "code"), [(0.0, "no-bone"), (1.0, "no-marrow")])
def test_one_phase_alone_is_named(value: float, code: str):
    region = measure(from_fraction(np.full((8, 8, 8), value), 0.1)).regions[0]
    assert codes(region) == {code}
    assert region.values["bv_tv"].value == value
    assert not region.resolvable


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 20, 20), (20, 20, 1), (2, 2, 2)])
@pytest.mark.parametrize("kind", ["fraction", "gray", "binary"])
def test_small_images_give_values_without_a_crash(shape: tuple[int, int, int], kind: str):
    bone = np.zeros(shape)
    bone.ravel()[: max(1, bone.size // 3)] = 1.0
    image = {
        "fraction": lambda: from_fraction(bone, 0.1),
        "gray": lambda: from_gray(bone * 100, 0.1, threshold=50),
        "binary": lambda: from_binary(bone, 0.1),
    }[kind]()
    region = measure(image).regions[0]
    assert region.values["bv_tv"].value == pytest.approx(bone.mean(), rel=1e-6)
    assert all(np.isfinite(estimate.value) for estimate in region.values.values())


def test_a_region_without_bone_is_not_measured_by_what_lies_far_away():
    bone = np.zeros((40, 40, 40))
    bone[2:6, 2:6, 2:6] = 1.0
    empty = Region("empty", (slice(20, 40),) * 3, np.ones((20, 20, 20), bool))
    region = measure(from_fraction(bone, 0.1), [empty]).regions[0]
    assert codes(region) == {"no-bone"}
    assert not {"tb_th_mm", "tb_sp_mm", "tb_n_per_mm"} & set(region.values)


def test_voxels_without_a_number_do_not_count():
    image = a_field(plates(), size_mm=4.0)
    fraction = image.fraction.copy()
    fraction[:10] = np.nan
    region = measure(from_fraction(fraction, 0.1), options=FAST).regions[0]
    assert region.values["bv_tv"].value == pytest.approx(float(image.fraction[10:].mean()), rel=1e-5)


def test_it_can_be_stopped_and_tells_its_progress():
    told: list[float] = []
    image = a_field(plates(), size_mm=2.0)
    measure(image, options=FAST, progress=lambda stage, fraction, message="": told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0

    def stop(stage: str, fraction: float, message: str = "") -> None:
        if fraction > 0.1:
            raise CancelledError

    with pytest.raises(CancelledError):
        measure(image, progress=stop)
