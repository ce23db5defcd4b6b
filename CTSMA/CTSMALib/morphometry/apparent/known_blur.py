"""How much of the power of a structure without direction an MR keeps: a blur that is known from the protocol."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HIGHEST_PER_MM, FREQUENCIES = 4.0, 800  # beyond, nothing to speak of passes
DIRECTIONS = 400

PER_MM = (np.arange(FREQUENCIES) + 0.5) * (HIGHEST_PER_MM / FREQUENCIES)
STEP_PER_MM = HIGHEST_PER_MM / FREQUENCIES


@lru_cache(maxsize=32)
def power_passed(acquired_mm: float, slice_mm: float) -> Array:
    """Share of the power at each of :data:`PER_MM` (cycles per mm) that passes, mean over all directions.

    Args:
        acquired_mm: resolution in the slice; k-space ends at half its inverse along both axes.
        slice_mm: thickness of slices, a box.
    """
    across = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    angle = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(DIRECTIONS)
    in_slice = np.sqrt(1.0 - across**2)
    directions = np.stack([across, in_slice * np.cos(angle), in_slice * np.sin(angle)], axis=1)
    vectors = np.abs(PER_MM[:, None, None] * directions)
    limit = 0.5 / acquired_mm
    passed = (vectors[..., 1] <= limit) & (vectors[..., 2] <= limit)
    return np.mean(passed * np.sinc(vectors[..., 0] * slice_mm) ** 2, axis=1)
