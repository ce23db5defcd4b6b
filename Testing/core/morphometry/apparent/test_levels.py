"""Signal of marrow, noise, and the noise floor."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.apparent.levels import bone_fraction, estimate_marrow, estimate_noise, without_floor
from CTSMALib.morphometry.apparent.noise_resolution import estimate_acquired_mm
from Testing.core.morphometry.apparent.phantoms import ACQUIRED_MM, MARROW, PIXEL_MM, a_field, a_patch, rician

SPACING_MM = (0.75, PIXEL_MM, PIXEL_MM)
AREAS = [(0.15, 1.1), (0.2, 1.0), (0.25, 0.9), (0.3, 0.85)]


def marrow(snr: float, seed: int, scale: float = 1.0, areas: list[tuple[float, float]] = AREAS) -> float:
    parts = [a_patch(a_field(*area), snr, seed + 10 * n).signal for n, area in enumerate(areas)]
    signal = np.float32(scale) * np.concatenate(parts)
    return estimate_marrow(signal, np.ones(signal.shape, bool), scale * MARROW / snr) / scale


def test_marrow_is_found_again_whatever_the_noise() -> None:
    again = [marrow(12.0, seed) for seed in range(6)]
    assert np.std(again) / MARROW < 0.006
    means = [np.mean([marrow(snr, seed) for seed in range(3)]) for snr in (10.0, 14.0, 20.0)]
    assert np.ptp(means) / MARROW < 0.012
    assert np.mean(again) == pytest.approx(MARROW, rel=0.08)


def test_marrow_follows_the_scale_and_hardly_the_bone() -> None:
    assert marrow(15.0, 0, 2.3) == pytest.approx(marrow(15.0, 0), rel=1e-3)
    assert marrow(15.0, 0, areas=AREAS[2:]) == pytest.approx(marrow(15.0, 0, areas=AREAS[:2]), rel=0.08)


def test_too_little_bone_has_no_marrow() -> None:
    signal = np.full((5, 10, 10), MARROW, np.float32)
    assert np.isnan(estimate_marrow(signal, signal < 0.0, 10.0))
    assert np.isnan(estimate_marrow(0.0 * signal, signal > 0.0, 0.0))


def a_scan(with_air: bool) -> tuple[np.ndarray, np.ndarray]:
    """Signal without noise of air or muscle, fat, and a piece of trabecular bone."""
    signal = np.full((16, 100, 160), 0.9 * MARROW)
    signal[:, :, :60] = 0.0 if with_air else 0.5 * MARROW
    bone = np.zeros(signal.shape, dtype=bool)
    bone[:8, 30:58, 100:128] = True
    signal[:8, 30:58, 100:128] = MARROW * (1.0 - a_field(0.25, 1.0))
    return signal, bone


@pytest.mark.parametrize("snr", [10.0, 20.0])
@pytest.mark.parametrize(("with_air", "within"), [(True, 0.02), (False, 0.08)])
def test_noise_is_found_in_air_or_in_even_tissue(snr: float, with_air: bool, within: float) -> None:
    signal, bone = a_scan(with_air)
    image = rician(signal, MARROW / snr, 4)
    assert estimate_noise(image, bone, SPACING_MM) == pytest.approx(MARROW / snr, rel=within)
    turned = np.moveaxis(image, 0, 2), np.moveaxis(bone, 0, 2)
    assert estimate_noise(*turned, (*SPACING_MM[1:], SPACING_MM[0])) == pytest.approx(MARROW / snr, rel=within)


def test_blanked_air_is_no_silence() -> None:
    signal, bone = a_scan(with_air=True)
    image = np.where(signal == 0.0, 0.0, rician(signal, 50.0, 4)).astype(np.float32)
    assert estimate_noise(image, bone, SPACING_MM) == pytest.approx(50.0, rel=0.1)


def test_nothing_has_no_noise() -> None:
    small = np.ones((4, 5, 5), np.float32)
    assert np.isnan(estimate_noise(small, small > 2.0, SPACING_MM))
    flat = np.ones((4, 60, 60), np.float32)
    assert np.isnan(estimate_noise(flat, flat > 2.0, SPACING_MM))


@pytest.mark.parametrize("level", [2.0, 4.0, 8.0])
def test_the_noise_floor_comes_off(level: float) -> None:
    channels = np.random.default_rng(0).standard_normal((2, 100000)).astype(np.float32)
    magnitude = np.hypot(level + channels[0], channels[1])
    assert without_floor(magnitude, 1.0).mean() == pytest.approx(level, abs=0.015)
    assert np.array_equal(without_floor(magnitude, 0.0), magnitude)


def test_bone_fraction_is_right_on_average() -> None:
    for bone in (0.15, 0.35):
        truth = a_field(bone, 1.0)
        assert bone_fraction(a_patch(truth, 10.0)).mean() == pytest.approx(truth.mean(), abs=0.004)


def test_the_acquired_resolution_is_that_of_the_noise() -> None:
    """A rim of k-space that is faded over 0.4 of it passes as much as a sharp one 1.26 times as coarse."""
    signal, bone = a_scan(with_air=True)
    found = [estimate_acquired_mm(rician(signal, 50.0, seed), bone, SPACING_MM) for seed in (4, 5)]
    assert found == pytest.approx([1.26 * ACQUIRED_MM] * 2, rel=0.07)
    white = np.hypot(*np.random.default_rng(3).standard_normal((2, *signal.shape))).astype(np.float32)
    air = np.where(signal == 0.0, white, signal / 50.0).astype(np.float32)
    assert estimate_acquired_mm(air, bone, SPACING_MM) == pytest.approx(PIXEL_MM, rel=0.1)
    assert np.isnan(estimate_acquired_mm(rician(a_scan(with_air=False)[0], 50.0, 4), bone, SPACING_MM))
