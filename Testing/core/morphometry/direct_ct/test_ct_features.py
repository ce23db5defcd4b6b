"""Features of patches whose content is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from CTSMALib.catalogue import quantities
from CTSMALib.morphometry.direct_ct.ct_features import mapped_features, patch_features
from Testing.core.morphometry.direct_ct.phantoms import references

STEP = 0.5
AXES = ("proximal", "anterior", "lateral")
P, A, L = np.meshgrid(*(3 * [np.arange(-3.75, 4.0, STEP)]), indexing="ij")


def measured(*patches: np.ndarray, valid: np.ndarray | None = None) -> dict[str, np.ndarray]:
    stack = np.stack(patches).astype(np.float32)
    return patch_features(stack, np.ones(stack.shape, bool) if valid is None else valid, STEP, references())


def a_noise(seed: int = 0, sd: float = 60.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(250.0, sd, (16, 16, 16))


def test_keys_are_those_of_the_catalogue() -> None:
    patch_keys = {q.key for q in quantities("ct_", scope="patch")} - {"ct_plate_thickness_mm"}
    found = measured(a_noise())
    assert set(found) == patch_keys
    assert len(found) == 25
    mapped_keys = {q.key for q in quantities("ct_", mapped=True)} - {"ct_plate_thickness_mm"}
    assert set(mapped_features(a_noise()[None], np.ones((1, 16, 16, 16), bool), references())) == mapped_keys


def test_statistics_agree_with_scipy_over_the_valid_cells() -> None:
    patch = a_noise() ** 2 / 300.0
    valid = np.random.default_rng(1).random((1, 16, 16, 16)) > 0.4
    found = measured(np.where(valid[0], patch, 5000.0), valid=valid)
    cells = patch.astype(np.float32)[valid[0]].astype(float)
    expected = {
        "ct_hu_mean": cells.mean(),
        "ct_hu_sd": cells.std(ddof=1),
        "ct_hu_p10": np.percentile(cells, 10),
        "ct_hu_p90": np.percentile(cells, 90),
        "ct_hu_skewness": stats.skew(cells),
        "ct_hu_kurtosis": stats.kurtosis(cells),
        "ct_hu_entropy": stats.entropy(np.histogram(cells, np.arange(-500.0, 2501.0, 25.0))[0], base=2),
    }
    for key, value in expected.items():
        assert found[key][0] == pytest.approx(value, rel=2e-3, abs=0.005), key


@pytest.mark.parametrize("fraction", [0.0, 0.12, 0.3, 0.55])
def test_bone_volume_fraction_survives_blur_and_noise(fraction: float) -> None:
    random = np.random.default_rng(2)
    bone = random.random((32, 32, 32)) < fraction
    hu = np.where(bone, 1400.0, -60.0)
    truth = bone.mean()
    blurred = ndimage.gaussian_filter(hu, 1.5, mode="wrap").reshape(16, 2, 16, 2, 16, 2).mean(axis=(1, 3, 5))
    noisy = blurred + random.normal(0.0, 60.0, blurred.shape)
    assert measured(noisy)["ct_bvf"][0] == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize(("frequency", "band"), [(0.19, 1), (0.375, 2), (0.625, 3), (0.875, 4)])
@pytest.mark.parametrize("along", [P, A, L])
def test_a_wave_falls_into_its_band(frequency: float, band: int, along: np.ndarray) -> None:
    found = measured(200.0 + 100.0 * np.sin(2 * np.pi * frequency * along + 0.4))
    powers = {number: 10 ** found[f"ct_power_band_{number}"][0] for number in (1, 2, 3, 4)}
    assert powers[band] > (0.75 if band > 1 else 0.5) * sum(powers.values())  # the window smears by 0.125 per mm
    assert sum(powers.values()) == pytest.approx(100.0**2 / 2, rel=0.2)
    assert found["ct_spectral_centroid"][0] == pytest.approx(frequency, abs=0.06)


def test_band_powers_of_white_noise_add_up_to_its_variance_within_one_cycle_per_mm() -> None:
    found = measured(*(a_noise(seed) for seed in range(20)))
    total = sum(10 ** found[f"ct_power_band_{number}"] for number in (1, 2, 3, 4)).mean()
    inside_sphere = np.pi / 6.0  # of the frequency cube
    assert total == pytest.approx(60.0**2 * inside_sphere, rel=0.08)


def test_smooth_texture_has_a_steeper_spectrum_and_longer_correlation() -> None:
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).normal(0.0, 300.0, (16, 16, 16)), 1.2)
    found = measured(a_noise(), smooth)
    assert found["ct_spectral_slope"][1] < found["ct_spectral_slope"][0] - 2.0
    assert abs(found["ct_acf_lateral"][0]) < 0.1
    assert found["ct_acf_lateral"][1] > 0.4


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_directional_features_see_their_own_axis(axis: int) -> None:
    along = (P, A, L)[axis]
    found = measured(200.0 + 100.0 * np.sin(2 * np.pi * 0.3 * along))
    for other, name in enumerate(AXES):
        gradient = found[f"ct_gradient_{name}"][0]
        if other == axis:
            # Central differences over 1 mm of a sine: amplitude times sin(2 pi f h) / h.
            assert gradient == pytest.approx(100.0 * np.sin(2 * np.pi * 0.15) / 0.5 / np.sqrt(2.0), rel=0.05)
            assert found[f"ct_acf_{name}"][0] == pytest.approx(np.cos(2 * np.pi * 0.3), abs=0.1)
        else:
            assert gradient == pytest.approx(0.0, abs=1e-3)
            assert found[f"ct_acf_{name}"][0] == pytest.approx(1.0, abs=0.02)


def test_the_slope_toward_proximal_is_exact_and_does_not_count_as_texture() -> None:
    found = measured(300.0 - 12.5 * P + 4.0 * L)
    assert found["ct_hu_slope_proximal"][0] == pytest.approx(-12.5, abs=1e-3)
    assert found["ct_contrast_coarse"][0] == pytest.approx(0.0, abs=1e-2)
    assert found["ct_power_band_1"][0] == -2.0


def test_contrast_separates_fine_from_coarse_structure() -> None:
    fine = 100.0 * np.sin(2 * np.pi * 0.6 * L)
    coarse = 100.0 * np.sin(2 * np.pi * 0.14 * L)
    found = measured(fine, coarse)
    assert found["ct_contrast_fine"][0] > 5 * found["ct_contrast_coarse"][0]
    assert found["ct_contrast_coarse"][1] > 1.5 * found["ct_contrast_fine"][1]


def test_what_lies_outside_the_bone_changes_nothing() -> None:
    valid = np.broadcast_to(P < 1.0, (1, 16, 16, 16)).copy()
    inside = a_noise()
    plate = np.where(valid[0], inside, 1500.0)
    void = np.where(valid[0], inside, np.nan)
    first, second = measured(plate, valid=valid), measured(void, valid=valid)
    for key in first:
        assert first[key][0] == pytest.approx(second[key][0]), key
        assert np.isfinite(first[key][0]), key


def test_too_little_bone_is_not_measured() -> None:
    patch = np.stack(2 * [a_noise()])
    valid = np.stack([P < -1.4, P < -1.6])  # 5 and 4.5 of 16 layers
    valid[1] &= L < 3.5
    found = patch_features(patch, valid, STEP, references())
    assert all(np.isfinite(values[0]) and np.isnan(values[1]) for values in found.values())
    mapped = mapped_features(patch, valid, references())
    for key, values in mapped.items():
        assert np.allclose(values, found[key], equal_nan=True), key


def test_a_patch_without_structure_gives_no_shape_of_it() -> None:
    found = measured(np.full((16, 16, 16), 300.0))
    for key in ("ct_hu_skewness", "ct_hu_kurtosis", "ct_acf_proximal", "ct_spectral_slope", "ct_spectral_centroid"):
        assert np.isnan(found[key][0]), key
    assert found["ct_hu_sd"][0] == 0.0


def test_patches_do_not_depend_on_their_company() -> None:
    stack = [a_noise(seed) for seed in range(150)]
    together, alone = measured(*stack), measured(stack[140])
    assert all(together[key][140] == pytest.approx(alone[key][0]) for key in alone)


def test_no_patches_give_every_key_without_values() -> None:
    empty = np.empty((0, 16, 16, 16), np.float32)
    found = patch_features(empty, empty.astype(bool), STEP, references())
    assert len(found) == 25
    assert all(values.shape == (0,) for values in found.values())
