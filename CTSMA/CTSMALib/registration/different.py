"""Of motions in their order, the first few that lead to different places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.volumes.rigid import Matrix, applied


def different(
    matrices: Sequence[Matrix], points_mm: NDArray[np.float64], kept: int, same_mm: float
) -> list[int]:  # fmt: skip
    """Which motions to keep.

    Args:
        matrices: (4, 4) each, the best first.
        points_mm: (n, 3) LPS points that are compared.
        kept: how many at most.
        same_mm: mean distance up to which two motions are one.

    Returns:
        Their places in ``matrices``, ascending.
    """
    chosen: list[int] = []
    moved = [applied(matrix, points_mm) for matrix in matrices]
    for number, there in enumerate(moved):
        apart = [np.linalg.norm(moved[other] - there, axis=1).mean() for other in chosen]
        if len(chosen) < kept and min(apart, default=np.inf) > same_mm:
            chosen.append(number)
    return chosen
