"""Patches as rows of numbers: what baselines learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of patches.

    Attributes:
        features: (n, f) direct CT quantities in the order of :data:`~CTSMALib.student.linear.FEATURES`.
        covariates: (n, 5) of the CT.
        values: (n, 4) targets in the order of ``KEYS``.
        subjects: (n,) whose.
    """

    features: Floats
    covariates: Floats
    values: Floats
    subjects: NDArray[np.str_]
