"""The level of marrow follows the coil, not the bone."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.apparent.marrow_surface import fit_marrow_surface

SHAPE, SPACING = (40, 160, 160), np.array([1.0, 0.5, 0.5])
INDEX_TO_MM = np.column_stack([np.diag(SPACING), [3.0, -7.0, 11.0]])
NOISE = 25.0


def a_bone(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A signal whose coil varies by 20 % to both sides along the rows and whose bone grows across them; the coil."""
    rng = np.random.default_rng(seed)
    y, x = np.linspace(-1.0, 1.0, SHAPE[1])[:, None], np.linspace(0.0, 1.0, SHAPE[2])
    coil = np.broadcast_to(600.0 * (1.0 + 0.2 * y + 0.05 * y**2), SHAPE[1:])
    bone = np.clip(0.1 + 0.4 * x, 0, 1) * 2.0 * rng.uniform(size=SHAPE)  # from nothing to twice the mean
    channels = NOISE * rng.standard_normal((2, *SHAPE))
    return np.hypot(coil * (1.0 - np.clip(bone, 0.0, 1.0)) + channels[0], channels[1]).astype(np.float32), coil


def test_the_surface_is_the_level_of_pure_marrow() -> None:
    signal, coil = a_bone()
    surface = fit_marrow_surface(signal, np.ones(SHAPE, bool), INDEX_TO_MM, NOISE)
    assert surface is not None
    index = np.array([[20, y, x] for y in range(20, 150, 30) for x in range(20, 150, 30)])
    found = surface.at(index @ INDEX_TO_MM[:, :3].T + INDEX_TO_MM[:, 3])
    ratio = found / coil[index[:, 1], index[:, 2]]
    assert np.ptp(ratio) < 0.12  # while bone alone changes the mean signal by 44 %
    assert ratio.mean() == pytest.approx(1.0, abs=0.08)
    assert 0.2 < surface.range < 1.2


def test_too_little_bone_gives_none() -> None:
    signal, _ = a_bone()
    few = np.zeros(SHAPE, bool)
    few[:10, :20, :20] = True
    assert fit_marrow_surface(signal, few, INDEX_TO_MM, NOISE) is None
