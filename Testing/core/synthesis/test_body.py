"""Air beside a leg is found by its signal; what is dark within the leg is none."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.synthesis.body import air_around

SHAPE = (6, 60, 60)


def a_leg(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Bright skin and marrow, muscle as dark as air, noise everywhere; and where the leg is."""
    rows, columns = np.mgrid[:60, :60]
    distance = np.hypot(rows - 30, columns - 30)
    plane = np.where((distance < 22) & (distance > 18), 0.9, np.where(distance < 6, 0.7, 0.0))
    rng = np.random.default_rng(0)
    signal = np.hypot(plane + noise * rng.standard_normal(SHAPE), noise * rng.standard_normal(SHAPE))
    return signal.astype(np.float32), np.broadcast_to(distance < 22, SHAPE)


@pytest.mark.parametrize("noise", [0.0, 0.06])
def test_air_is_what_lies_beyond_the_skin(noise: float) -> None:
    signal, leg = a_leg(noise)
    air = air_around(signal, np.ones(SHAPE, bool))
    assert not air[leg].any()
    assert air[~leg].mean() > 0.8  # but for a rim


def test_what_the_mr_does_not_show_is_not_called_air() -> None:
    signal, _ = a_leg(0.0)
    known = np.ones(SHAPE, bool)
    known[:, :10] = False
    air = air_around(np.where(known, signal, 0.0).astype(np.float32), known)
    assert not air[~known].any() and air[:, 10:12].any()


def test_where_noise_is_as_bright_as_tissue_there_is_no_air() -> None:
    signal, _ = a_leg(0.3)
    assert not air_around(signal, np.ones(SHAPE, bool)).any()


def test_slices_without_a_leg_are_left_alone() -> None:
    assert not air_around(np.zeros(SHAPE, np.float32), np.ones(SHAPE, bool)).any()
