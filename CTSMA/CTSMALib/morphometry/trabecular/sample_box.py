"""Where an image is looked at to learn its noise and its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BLOCK = 24  # voxels
BLOCKS = 4  # along each axis of the sample


def sample_box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """The box of at most 96 voxels along each axis that holds most of a mask.

    Args:
        mask: (z, y, x) bool; any box is the answer where it is empty.
    """
    held = ndimage.uniform_filter(_block_counts(mask).astype(np.float64), BLOCKS, mode="constant")
    center = np.unravel_index(int(np.argmax(held)), held.shape)
    z, y, x = (
        slice(first := max(0, min(int(index) - BLOCKS // 2, blocks - BLOCKS)) * BLOCK, first + BLOCKS * BLOCK)
        for index, blocks in zip(center, held.shape, strict=True)
    )
    return z, y, x


def _block_counts(mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Voxels of the mask in every block."""
    counts: NDArray[Any] = mask
    for axis, size in enumerate(mask.shape):
        counts = np.add.reduceat(counts, np.arange(0, size, BLOCK), axis=axis, dtype=np.int64)
    return counts
