"""The numbers by which virtual structure is held against micro-CT, on patterns and samples whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from Testing.benchmarks.virtual.structure_shape import (
    BAND_PER_MM,
    STEP_PER_MM,
    centers,
    frequencies,
    histogram_over_mean,
    power_spectrum,
    rms_log10,
    spread_of,
    unit_area,
    wasserstein,
)

VOXEL_MM = 0.05


def some_plates(period_voxels: int, axis: int) -> np.ndarray:
    """Plates as thick as the gaps between them."""
    across = np.arange(78) % period_voxels < period_voxels / 2
    shape = [1, 1, 1]
    shape[axis] = 78
    return np.broadcast_to(across.reshape(shape), (78, 78, 78))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("period_voxels", [8, 20])
def test_the_spectrum_of_plates_peaks_at_their_frequency(axis: int, period_voxels: int) -> None:
    spectrum = power_spectrum(some_plates(period_voxels, axis), VOXEL_MM)
    assert spectrum.peak == pytest.approx(1.0 / (period_voxels * VOXEL_MM), abs=1.01 * STEP_PER_MM)
    assert spectrum.density.sum() * STEP_PER_MM == pytest.approx(1.0)


def test_a_power_law_has_its_slope_and_its_distance() -> None:
    steep, flat = (unit_area(frequencies() ** power) for power in (-4.0, -3.0))
    assert steep.slope == pytest.approx(-4.0, abs=0.02)
    assert flat.centroid > steep.centroid
    # What is ten times as much everywhere is one decade away.
    assert rms_log10(flat.density, 10.0 * flat.density) == pytest.approx(1.0)


def test_width_and_scale_of_a_peak_are_known() -> None:
    once, twice = (unit_area(np.exp(-0.5 * ((frequencies() - m) / (0.3 * m)) ** 2) + 1e-9) for m in (0.9, 1.8))
    assert twice.width == pytest.approx(2.0 * 1.8 * 0.3 * np.sqrt(2.0 * np.log(2.0)), abs=0.02)
    assert twice.centroid == pytest.approx(1.8, rel=0.01)
    assert once.peak < twice.peak < BAND_PER_MM[1]
    # The same structure, half as large: the same spectrum over frequency in units of its mean.
    np.testing.assert_allclose(once.scaled, twice.scaled, rtol=0.12, atol=0.02)


def test_the_spread_of_a_sample_is_known() -> None:
    spread = spread_of(np.array([1.0, 3.0] * 50))
    wanted = {"mean_mm": 2.0, "cv": 0.5, "skewness": 0.0, "p5": 0.5, "p95": 1.5}
    assert {name: spread[name] for name in wanted} == pytest.approx(wanted)
    assert spread_of(np.array([1.0] * 9 + [5.0]))["skewness"] == pytest.approx(8.0 / 3.0)


def test_histograms_forget_the_scale_and_tell_how_far_apart_they_are() -> None:
    narrow, wide = np.array([0.18, 0.22] * 50), np.array([1.0, 3.0] * 50)
    first, second = histogram_over_mean(narrow), histogram_over_mean(wide)
    assert np.dot(centers(), first) == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(second, histogram_over_mean(wide / 7.0))
    assert wasserstein(first, second) == pytest.approx(0.4, abs=0.02)
    assert wasserstein(first, first) == 0.0


def test_the_histogram_keeps_what_is_very_large() -> None:
    assert histogram_over_mean(np.array([0.01] * 999 + [5.0])).sum() == pytest.approx(1.0)
