"""Features of patches: what the summaries of a network vary by, on a scale of their own."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.student.summary import MOST_FEATURES, SummaryAxes
from CTSMALib.synthesis.familiarity import Familiarity


@pytest.fixture(scope="module")
def summaries() -> np.ndarray:
    """(5000, 20) along axes of which 10 matter."""
    rng = np.random.default_rng(3)
    hidden = rng.normal(0.0, 1.0, (5000, 20)) * np.r_[np.linspace(5.0, 2.0, 10), np.full(10, 0.01)]
    turned, _upper = np.linalg.qr(rng.normal(0.0, 1.0, (20, 20)))
    return np.asarray(hidden @ turned.T + 7.0)


def test_features_are_about_0_and_vary_by_about_1_independently(summaries: np.ndarray) -> None:
    found = SummaryAxes.of(Familiarity.of(summaries, summaries)).features(summaries)
    assert found.shape == (5000, MOST_FEATURES) and np.abs(found.mean(axis=0)).max() < 1e-9
    covariance = np.cov(found, rowvar=False)
    assert np.allclose(np.diag(covariance), 1.0, atol=0.15)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.1


def test_what_varies_most_comes_first(summaries: np.ndarray) -> None:
    axes = SummaryAxes.of(Familiarity.of(summaries, summaries))
    explained = np.linalg.norm(axes.axes, axis=0)  # the inverse of the standard deviation along each
    assert (np.diff(explained) > 0.0).all() and 1.0 / explained[0] == pytest.approx(5.0, rel=0.1)


def test_the_direction_of_an_axis_is_not_left_to_chance(summaries: np.ndarray) -> None:
    axes = SummaryAxes.of(Familiarity.of(summaries, summaries)).axes
    assert (np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0) > 0.0).all()
