"""How slices are spaced: regular, with gaps, uneven, or not a stack at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice

_JITTER = 0.01  # of the spacing: below what any measurement feels
_JITTER_MM = 0.01  # positions are often stored with two decimals
_MILD = 0.35  # of the spacing
_MAX_MISSING_IN_A_ROW = 2
_MAX_MISSING = 0.05  # of all slices, but always as many as may be missing in a row


@dataclass(frozen=True)
class SliceGrid:
    """The regular grid that a stack is read into: it begins at the first plane.

    Attributes:
        regular: the planes are the slices of the grid.
    """

    spacing: float
    count: int
    regular: bool
    notices: tuple[Notice, ...] = ()


def slice_grid(heights: np.ndarray, what: str) -> SliceGrid:
    """Find the regular grid for planes at ``heights``.

    Args:
        heights: (n,), ascending and distinct, mm; n ≥ 2.
        what: the subject of the sentences.

    Raises:
        InputError: too many slices are missing, or the spacing varies too much.
    """
    steps = np.diff(heights)
    usual = float(np.median(steps))
    multiples = np.maximum(np.rint(steps / usual), 1).astype(int)
    missing = int(np.sum(multiples - 1))
    spacing = float(heights[-1] - heights[0]) / int(np.sum(multiples))
    if np.abs(steps - multiples * usual).max() > _MILD * usual:
        raise InputError(
            f"{what} has unevenly spaced slices: {steps.min():.2f} to {steps.max():.2f} mm apart.",
            "Give a reconstruction with a constant slice spacing.",
        )
    most = max(_MAX_MISSING_IN_A_ROW, _MAX_MISSING * len(heights))
    if multiples.max() - 1 > _MAX_MISSING_IN_A_ROW or missing > most:
        raise InputError(
            f"{what} lacks {missing} slices inside the stack (usual spacing {usual:.2f} mm, "
            f"widest gap {steps.max():.2f} mm).",
            "Export or copy the complete series again.",
        )
    slots = np.concatenate([[0], np.cumsum(multiples)])
    even = np.abs(heights - heights[0] - slots * spacing).max() <= max(_JITTER * spacing, _JITTER_MM)
    notices = []
    if missing:
        text = f"{missing} of {int(slots[-1]) + 1} slices are missing and were interpolated from their neighbors."
        notices.append(Notice("missing-slices", text))
    if not even:
        text = (
            f"The slices are {steps.min():.2f} to {steps.max():.2f} mm apart; "
            f"they were interpolated to a constant {spacing:.2f} mm."
        )
        notices.append(Notice("uneven-slices", text))
    return SliceGrid(spacing, int(slots[-1]) + 1, bool(even) and not missing, tuple(notices))
