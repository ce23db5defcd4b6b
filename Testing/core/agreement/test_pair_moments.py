"""Statistics from sums equal those of the pairs; their intervals equal those of slow resampling, and cover."""

from __future__ import annotations

import time

import numpy as np
import pytest

from CTSMALib.agreement import (
    bland_altman,
    clustered_interval,
    corrected_interval,
    icc_agreement,
    icc_consistency,
    pair_moments,
    pair_statistics,
    patient_draws,
)


@pytest.fixture
def some_pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of 25 patients with 8 patches each: patients differ, and so do their errors."""
    return drawn_pairs(np.random.default_rng(3), 25)


def drawn_pairs(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    patients = np.repeat(np.arange(count), 8)
    first = 1.4 + rng.normal(0, 0.2, count)[patients] + rng.normal(0, 0.1, len(patients))
    second = first + 0.05 + rng.normal(0, 0.1, count)[patients] + rng.normal(0, 0.05, len(patients))
    return first, second, patients


def test_statistics_from_sums_equal_those_of_the_pairs(some_pairs) -> None:
    first, second, patients = some_pairs
    found = pair_statistics(pair_moments(first, second, patients, 25).sum(axis=0))
    both, difference = np.column_stack([first, second]), second - first
    limits = bland_altman(first, second)
    assert found.n == 200
    assert found.icc_agreement == pytest.approx(icc_agreement(both), abs=1e-9)
    assert found.icc_consistency == pytest.approx(icc_consistency(both), abs=1e-9)
    assert found.bias == pytest.approx(limits.bias) == pytest.approx(difference.mean())
    assert found.rmse == pytest.approx(np.sqrt(np.mean(difference**2)))
    assert limits.upper - limits.lower == pytest.approx(2 * 1.96 * difference.std(ddof=1))
    assert found.correlation == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found.first_sd == pytest.approx(first.std(ddof=1))


def test_resampled_sums_are_those_of_the_rows_drawn(some_pairs) -> None:
    first, second, patients = some_pairs
    draws = patient_draws(25, 5, seed=4)
    found = pair_statistics(draws @ pair_moments(first, second, patients, 25)).icc_agreement
    for weights, value in zip(draws, found, strict=True):
        rows = np.concatenate([np.flatnonzero(patients == p) for p in range(25) for _ in range(int(weights[p]))])
        assert value == pytest.approx(icc_agreement(np.column_stack([first, second])[rows]), abs=1e-9)


def test_fast_intervals_agree_with_slow_ones(some_pairs) -> None:
    first, second, patients = some_pairs
    both = np.column_stack([first, second])
    slow = clustered_interval(lambda rows: icc_agreement(both[rows]), patients)
    start = time.process_time()
    sums = patient_draws(25) @ pair_moments(first, second, patients, 25)
    fast = corrected_interval(pair_statistics(sums).icc_agreement, 25)
    assert time.process_time() - start < 0.5
    assert fast.value == pytest.approx(slow.value, abs=1e-9)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=0.04)


@pytest.mark.parametrize("count", [20, 60])
def test_intervals_cover_the_true_value_about_as_often_as_they_say(count: int) -> None:
    rng, draws = np.random.default_rng(5), patient_draws(count, 400)
    subjects, error, bias = 0.2**2 + 0.1**2, 0.1**2 + 0.05**2, 0.05  # variances of drawn_pairs
    true_icc = subjects / (subjects + 0.5 * error + 0.5 * bias**2)
    inside = 0
    for _ in range(200):
        first, second, patients = drawn_pairs(rng, count)
        sums = draws @ pair_moments(first, second, patients, count)
        interval = corrected_interval(pair_statistics(sums).icc_agreement, count)
        inside += interval.low <= true_icc <= interval.high
    assert 0.87 <= inside / 200 <= 0.99


def test_what_does_not_vary_or_is_too_little_has_no_icc() -> None:
    codes = np.zeros(4, dtype=int)
    same = pair_statistics(pair_moments(np.full(4, 0.1), np.full(4, 0.1), codes, 1)[0])
    assert np.isnan(same.icc_agreement) and same.rmse == 0.0
    few = pair_statistics(pair_moments([0.1, 0.3], [0.1, 0.2], codes[:2], 1)[0])
    assert np.isnan(few.icc_consistency) and few.bias == pytest.approx(-0.05)
    empty = pair_statistics(pair_moments([], [], [], 2))
    assert np.isnan(empty.icc_agreement).all() and np.isnan(empty.bias).all()
    with pytest.raises(ValueError, match="a second one"):
        pair_moments([1.0], [1.0, 2.0], [0], 1)


def test_an_interval_needs_most_resamplings_and_two_patients() -> None:
    found = np.concatenate([[0.5], np.linspace(0, 1, 101)])  # half of them below: nothing to correct
    interval = corrected_interval(found, 10**6)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.5, 0.025, 0.975), abs=1e-4)
    few = corrected_interval(found, 10)
    assert few.low < 0.015 and few.high > 0.985
    higher = corrected_interval(np.concatenate([[0.6], found[1:]]), 10**6)  # the drawn ones are too low by 0.1
    assert higher.low > interval.low + 0.01 and higher.high > interval.high
    assert np.isnan(corrected_interval(found, 1).low)
    found[1:20] = np.nan
    assert np.isnan(corrected_interval(found, 10).low) and corrected_interval(found, 10).value == 0.5


def test_bland_altman_takes_pairs_that_are_there() -> None:
    reference = np.linspace(1.0, 2.0, 50)
    found = bland_altman([*reference, np.nan], [*(1.1 * reference), 1.0])
    assert found.pairs == 50 and found.bias == pytest.approx(0.15)
    assert np.isnan(bland_altman([1.0], [1.0]).bias)
    with pytest.raises(ValueError, match="different numbers"):
        bland_altman([1.0], [1.0, 2.0])
