"""Smooth random variation, so that no outline is a perfect ellipse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.field import Field

WAVES = 12


def smooth_noise(
    lattice: Field,
    rng: np.random.Generator,
    wavelength_mm: tuple[float, float] = (18.0, 50.0),
    stretch: float = 1.0,
) -> NDArray[np.float32]:
    """Waves of random direction; mean 0, SD about 1.

    Args:
        lattice: where it is wanted.
        rng: its source.
        wavelength_mm: shortest and longest.
        stretch: how much longer the waves are along the leg.
    """
    total = np.zeros(lattice.values.shape, np.float32)
    for _ in range(WAVES):
        direction = rng.normal(size=3)
        direction *= 2 * np.pi / (rng.uniform(*wavelength_mm) * np.linalg.norm(direction))
        direction[0] /= stretch
        phase = rng.uniform(0, 2 * np.pi)
        z, y, x = (k * axis for k, axis in zip(direction, lattice.axes_mm, strict=True))
        across = y[:, None] + x[None, :] + phase
        total += np.cos(z).astype(np.float32)[:, None, None] * np.cos(across).astype(np.float32)
        total -= np.sin(z).astype(np.float32)[:, None, None] * np.sin(across).astype(np.float32)
    return total * np.float32(np.sqrt(2 / WAVES))
