"""True distance from a surface known only as the zero of some function."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.virtual.bones.distance import true_distance
from CTSMALib.virtual.field import Field

RADIUS_MM, CENTER = 15.0, (1.0, -0.7, 0.4)


@pytest.mark.parametrize("spacing", [0.6, 1.0])
def test_a_bent_level_function_of_a_ball_becomes_distance(spacing: float):
    count = int(60 / spacing)
    empty = Field(np.zeros((count, count, count), np.float32), (-30.0, -30.0, -30.0), spacing)
    expected = RADIUS_MM - np.linalg.norm(empty.points_mm() - CENTER, axis=-1)
    level = np.clip(1.4 * expected + 0.02 * expected**2, -5, 5)  # cut off, and of the wrong slope
    error = np.abs(true_distance(empty.like(level.astype(np.float32))).values - expected)
    near, around = np.abs(expected) < 2, (expected > -12) & (expected < 12)
    assert error[near].max() < 0.1 * spacing / 0.6
    assert error[around].mean() < 0.05 * spacing / 0.6 and error[around].max() < 0.25 * spacing / 0.6
