"""White Gaussian noise that depends on a seed and the voxel's number only, so that any box of it can be had alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled_with

OFFSET = 1 << 20  # voxel numbers from -2^20 on can be hashed
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
TO_UNIT = 2.0**-32
TO_ANGLE = 2.0 * np.pi * 2.0**-32


def key_of(seed: int, stream: int) -> np.uint64:
    """A key for one noise field: numpy's ``SeedSequence`` keeps seeds and streams apart."""
    return np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0]


def white_noise(key: np.uint64, start: tuple[int, int, int], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Independent normal deviates (0, 1) of a box of voxels.

    A counter-based generator: the voxel's number is hashed by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) and the
    64 bits make a pair of normal deviates (Box and Muller 1958).

    Args:
        key: of the field.
        start: (z, y, x) number of the first voxel; may be negative.
        shape: (z, y, x) voxels.

    Returns:
        (2, z, y, x): two independent fields.
    """
    found = np.empty((2, *shape), dtype=np.float32)
    _fill(key, np.array(start, dtype=np.int64), found)
    return found


@compiled_with(error_model="numpy", fastmath=True)
def _fill(key: Any, start: Any, found: Any) -> None:
    for k in range(found.shape[1]):
        for j in range(found.shape[2]):
            row = (np.uint64(start[0] + k + OFFSET) << np.uint64(42)) | (
                np.uint64(start[1] + j + OFFSET) << np.uint64(21)
            )
            for i in range(found.shape[3]):
                bits = key + (row | np.uint64(start[2] + i + OFFSET)) * GOLDEN
                bits = (bits ^ (bits >> np.uint64(30))) * FIRST
                bits = (bits ^ (bits >> np.uint64(27))) * SECOND
                bits = bits ^ (bits >> np.uint64(31))
                uniform = np.float32((np.float64(bits >> np.uint64(32)) + 0.5) * TO_UNIT)
                angle = np.float32(np.float64(bits & np.uint64(0xFFFFFFFF)) * TO_ANGLE)
                radius = np.sqrt(np.float32(-2.0) * np.log(uniform))
                found[0, k, j, i] = radius * np.cos(angle)
                found[1, k, j, i] = radius * np.sin(angle)
