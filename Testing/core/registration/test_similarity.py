"""The similarity measure against its definition: finite differences, limits, places that are not known."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.registration.similarity import FEWEST_INSIDE, Similarity, sampled, similarity

LIMITS = (-2.0, 2.0)
TO_INDEX = np.array([[0.0, 0.0, 0.8, 4.0], [0.0, 1.1, 0.0, 3.0], [0.9, 0.0, 0.1, 2.0]])


@pytest.fixture
def a_smooth_scan() -> np.ndarray:
    z, y, x = np.indices((16, 18, 20)) / 4.0
    return (np.sin(x + 0.3 * y) + np.cos(0.8 * y) * np.sin(z)).astype(np.float32)


@pytest.fixture
def some_points() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.0, 16.0, (2500, 3))


def measured(scan: np.ndarray, points: np.ndarray, bins: np.ndarray) -> Similarity:
    return similarity(bins, 8, points, scan, TO_INDEX, LIMITS)


def bins_like(scan: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Bins that the signal determines, turned upside down, with some noise."""
    noisy = sampled(scan, TO_INDEX, points) + np.random.default_rng(1).normal(0.0, 0.3, len(points))
    return np.clip(4.0 - 2.0 * np.nan_to_num(noisy), 0, 7).astype(np.uint8)


@pytest.mark.parametrize("axis", range(3))
def test_the_pushes_add_up_to_what_a_small_shift_changes(a_smooth_scan, some_points, axis: int) -> None:
    step = 1e-3 * np.eye(3)[axis]
    around = [sampled(a_smooth_scan, TO_INDEX, some_points + s) for s in (step, -step)]
    points = some_points[np.isfinite(around).all(axis=0)]  # one that crosses the border changes the measure at once
    bins = bins_like(a_smooth_scan, points + [0.4, 0.3, -0.5])
    after, before = (measured(a_smooth_scan, points + s, bins).value for s in (step, -step))
    pushed = measured(a_smooth_scan, points, bins).pushes.sum(axis=0)
    assert (after - before) / 2e-3 == pytest.approx(pushed[axis], rel=0.03, abs=1e-4)
    assert abs(pushed[axis]) > 2e-3  # there is something to compare


def test_the_value_is_two_for_a_copy_and_one_for_chance(some_points) -> None:
    # Flat regions whose signals fall in bins far apart, so that the Parzen window joins none of them.
    level = np.random.default_rng(2).integers(0, 2, len(some_points))
    scan = np.zeros((16, 18, 20), np.float32)
    scan[:, :, 10:] = 1.0
    signal = sampled(scan, TO_INDEX, some_points)
    flat = (signal == 0) | (signal == 1)
    points, same = some_points[flat], signal[flat].astype(np.uint8)
    alike = similarity(same, 2, points, scan, TO_INDEX, (0.0, 1.0))
    apart = similarity(level[flat].astype(np.uint8), 2, points, scan, TO_INDEX, (0.0, 1.0))
    assert 1.0 <= apart.value < 1.01 < 1.3 < alike.value <= 2.0
    shares = np.bincount(same) / len(same)
    assert alike.information == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-6)


def test_unknown_places_do_not_count(a_smooth_scan, some_points) -> None:
    holed = a_smooth_scan.copy()
    holed[8:] = np.nan
    bins = bins_like(a_smooth_scan, some_points)
    known = np.isfinite(sampled(holed, TO_INDEX, some_points))
    found, only = measured(holed, some_points, bins), measured(a_smooth_scan, some_points[known], bins[known])
    assert found.value == pytest.approx(only.value, abs=1e-9)
    assert found.inside == pytest.approx(known.mean())
    assert np.all(found.pushes[~known] == 0) and np.all(np.isfinite(found.pushes))


def test_too_few_points_are_worth_nothing(a_smooth_scan, some_points) -> None:
    few = some_points[: FEWEST_INSIDE - 1]
    found = measured(a_smooth_scan, few, bins_like(a_smooth_scan, few))
    assert found.value == 0.0 and found.information == 0.0 and not found.pushes.any()
