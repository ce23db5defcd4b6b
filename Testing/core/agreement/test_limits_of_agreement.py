"""Limits of agreement where an individual has several observations: as published, and as they were made."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.agreement import bland_altman, limits_of_agreement, pair_moments, patient_draws

# Cardiac output of 12 subjects by impedance cardiography and by radionuclide ventriculography: Bland & Altman, Stat
# Methods Med Res 1999;8:135, table 4. In J Biopharm Stat 2007;17:571 they find the limits -1.3394565 and 2.5437899.
IMPEDANCE = (
    (6.57, 5.62, 6.90, 6.57, 6.35), (4.06, 4.29, 4.26, 4.09), (4.71, 5.50, 5.08, 5.02, 6.01, 5.67),
    (4.14, 4.20, 4.61, 4.68, 5.04), (3.03, 2.86, 2.77, 2.46, 2.32, 2.43), (5.90, 5.81, 5.70, 5.76),
    (5.09, 4.63, 4.61, 5.09), (4.72, 4.61, 4.36, 4.20, 4.36, 4.20), (3.17, 3.12, 2.96),
    (4.35, 4.62, 3.16, 3.53, 3.53), (7.20, 6.09, 7.00, 7.10, 7.40, 6.80), (4.50, 4.20, 3.80, 3.80, 4.20, 4.50),
)  # fmt: skip
RADIONUCLIDE = (
    (7.83, 7.42, 7.89, 7.12, 7.88), (6.16, 7.26, 6.71, 6.54), (4.75, 5.24, 4.86, 4.78, 6.05, 5.42),
    (4.21, 3.61, 3.72, 3.87, 3.92), (3.13, 2.98, 2.85, 3.17, 3.09, 3.12), (5.92, 6.42, 5.92, 6.27),
    (7.13, 6.62, 6.58, 6.93), (4.54, 4.81, 5.11, 5.29, 5.39, 5.57), (4.48, 4.92, 3.97),
    (4.22, 4.65, 4.74, 4.44, 4.50), (6.78, 6.07, 6.52, 6.42, 6.41, 5.76), (5.06, 4.72, 4.90, 4.80, 4.90, 5.10),
)  # fmt: skip


@pytest.fixture
def published() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    subjects = np.repeat(np.arange(12), [len(values) for values in IMPEDANCE])
    return np.concatenate(IMPEDANCE), np.concatenate(RADIONUCLIDE), subjects


def test_limits_of_several_observations_are_as_published(published) -> None:
    found = bland_altman(*published)
    assert (found.pairs, found.individuals) == (60, 12)
    assert found.bias == pytest.approx(0.6021667, abs=1e-7)
    assert found.sd == pytest.approx(0.99062408, abs=1e-7)
    assert (found.lower, found.upper) == pytest.approx((-1.3394565, 2.5437899), abs=1e-7)


def test_limits_from_sums_are_the_same(published) -> None:
    first, second, subjects = published
    moments = pair_moments(first, second, subjects, 13)  # one of whom nothing is known
    lower, upper = limits_of_agreement(moments, np.ones(13))
    assert (lower, upper) == pytest.approx((-1.3394565, 2.5437899), abs=1e-7)


def test_an_individual_that_is_drawn_twice_counts_as_two(published) -> None:
    first, second, subjects = published
    draws = patient_draws(12, 5, seed=1)
    lower, upper = limits_of_agreement(pair_moments(first, second, subjects, 12), draws)
    for weights, low, high in zip(draws, lower, upper, strict=True):
        drawn = [(subject, copy) for subject in range(12) for copy in range(int(weights[subject]))]
        rows = [np.flatnonzero(subjects == subject) for subject, _ in drawn]
        names = np.repeat(np.arange(len(drawn)), [len(own) for own in rows])
        found = bland_altman(first[np.concatenate(rows)], second[np.concatenate(rows)], names)
        assert (low, high) == pytest.approx((found.lower, found.upper), abs=1e-9)


def test_with_one_observation_each_they_are_the_classic_ones() -> None:
    rng = np.random.default_rng(2)
    reference, measured = rng.normal(1.4, 0.2, 40), rng.normal(1.5, 0.2, 40)
    classic = bland_altman(reference, measured)
    differences = measured - reference
    assert classic.sd == pytest.approx(differences.std(ddof=1)) and classic.individuals == 40
    assert classic.upper - classic.bias == pytest.approx(1.96 * differences.std(ddof=1))
    assert bland_altman(reference, measured, rng.permutation(40)) == classic
    from_sums = limits_of_agreement(pair_moments(reference, measured, np.arange(40), 40), np.ones(40))
    assert from_sums == pytest.approx((classic.lower, classic.upper))


def test_they_hold_95_percent_of_the_differences_of_other_individuals() -> None:
    rng, wide, narrow = np.random.default_rng(3), [], []
    subjects = np.repeat(np.arange(6), [90, 90, 90, 5, 5, 5])
    for _ in range(300):
        error = rng.normal(0.0, 1.0, 6)[subjects] + rng.normal(0.0, 0.3, len(subjects))
        found = bland_altman(np.zeros(len(subjects)), error, subjects)
        wide.append(found.sd**2)
        narrow.append(error.var(ddof=1))
    assert np.mean(wide) == pytest.approx(1.0**2 + 0.3**2, rel=0.1)
    assert np.mean(narrow) < 0.8 * np.mean(wide)  # as if patches of an individual were independent


def test_what_individuals_have_in_common_is_not_made_larger() -> None:
    rng = np.random.default_rng(4)
    subjects = np.repeat(np.arange(20), 8)
    error = rng.normal(0.0, 1.0, len(subjects))
    error -= np.repeat(error.reshape(20, 8).mean(axis=1), 8)  # nothing is left between them
    found = bland_altman(np.zeros(len(subjects)), error, subjects)
    assert found.sd == pytest.approx(np.sqrt(np.mean(error**2)))


def test_of_a_single_individual_limits_are_those_of_its_patches() -> None:
    error = np.random.default_rng(5).normal(0.0, 1.0, 30)
    one = bland_altman(np.zeros(30), error, np.full(30, 7))
    assert one.individuals == 1 and one.sd == pytest.approx(error.std(ddof=1))
    assert np.isnan(limits_of_agreement(pair_moments([1.0], [1.0], [0], 1), np.ones(1))).all()


def test_equal_values_have_no_spread_and_missing_ones_no_owner() -> None:
    values, owners = np.full(6, 0.1), np.array([0, 0, 1, 1, 2, 2])
    assert limits_of_agreement(pair_moments(values, values, owners, 3), np.ones(3)) == (0.0, 0.0)
    found = bland_altman([0.1, 0.2, np.nan], [0.2, 0.4, 1.0], [0, 1, 2])
    assert (found.pairs, found.individuals) == (2, 2)
    with pytest.raises(ValueError, match="different numbers"):
        bland_altman([1.0, 2.0], [1.0, 2.0], [0])
