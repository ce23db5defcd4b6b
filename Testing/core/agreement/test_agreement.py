"""Agreement against published examples and known truths."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.agreement import clustered_interval, icc_agreement, icc_consistency, repeatability

# Shrout & Fleiss 1979, table 2: six subjects, four judges; their ICC(2,1) is .29 and their ICC(3,1) .71.
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_icc_as_published() -> None:
    assert icc_agreement(JUDGES) == pytest.approx(0.29, abs=0.005)
    assert icc_consistency(JUDGES) == pytest.approx(0.71, abs=0.005)


def test_a_constant_difference_counts_for_agreement_only() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.1, 200)
    shifted = np.column_stack([values, values + 0.1])
    assert icc_consistency(shifted) == pytest.approx(1.0)
    assert icc_agreement(shifted) == pytest.approx(0.01 / (0.01 + 0.005), abs=0.05)  # 0.1 apart: variance 0.005


def test_icc_without_variation_or_subjects_is_no_number() -> None:
    assert np.isnan(icc_agreement(np.full((7, 3), 0.1))) and np.isnan(icc_consistency(np.full((11, 2), 0.1)))
    assert np.isnan(icc_agreement([[1, 2], [2, 3]]))
    missing = [*JUDGES, [1.0, np.nan, 2.0, 3.0]]
    assert icc_agreement(missing) == icc_agreement(JUDGES)
    with pytest.raises(ValueError, match="subjects, raters"):
        icc_agreement([1.0, 2.0, 3.0])


def test_repeatability_finds_the_noise_that_was_added() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(1.4, 0.2, 4000)
    first, second = truth + rng.normal(0.0, 0.05, 4000), truth + 0.02 + rng.normal(0.0, 0.05, 4000)
    found = repeatability(first, second)
    assert found.within_sd == pytest.approx(0.05, rel=0.05)
    assert found.bias == pytest.approx(0.02, abs=0.004)
    assert found.least_significant_change == pytest.approx(2.77 * 0.05, rel=0.05)
    assert found.cv == pytest.approx(0.05 / 1.4, rel=0.12)
    changed = np.mean(np.abs(second - first - found.bias) > found.least_significant_change)
    assert changed == pytest.approx(0.05, abs=0.015)
    alone = repeatability([1.0, np.nan], [1.0, 2.0])
    assert alone.pairs == 1 and np.isnan(alone.within_sd)
    assert np.isnan(repeatability([1.0, -1.0], [1.0, 1.0]).cv)
    with pytest.raises(ValueError, match="different numbers"):
        repeatability([1.0, 2.0], [1.0])


def test_intervals_take_patients_as_a_whole() -> None:
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(30), 20)
    values = np.repeat(rng.normal(0.0, 1.0, 30), 20)  # twenty copies say no more than one
    found = clustered_interval(lambda rows: float(values[rows].mean()), patients)
    half = 0.5 * (found.high - found.low)
    assert half == pytest.approx(1.96 * values[::20].std(ddof=1) / 30**0.5, rel=0.15)
    assert found.low < found.value < found.high
    same = clustered_interval(lambda rows: float(values[rows].mean()), patients)
    assert same == found
    assert str(found) == f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
    narrower = clustered_interval(lambda rows: float(values[rows].mean()), patients, covered=0.5)
    assert found.low < narrower.low < narrower.high < found.high
    seldom = clustered_interval(lambda rows: float("nan") if len(set(patients[rows])) < 20 else 1.0, patients)
    assert seldom.value == 1.0 and np.isnan(seldom.low)  # too many resamplings gave no number
    alone = clustered_interval(lambda rows: float(values[rows].mean()), np.zeros(600))
    assert np.isnan(alone.low) and alone.value == found.value
