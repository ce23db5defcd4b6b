"""How well a student reads patients that nothing was learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """On patients of the split ``calibrate``, which nothing was learned from.

    Attributes:
        student, networks, ridge: (4,) ICC(2,1) with the targets, single patches: of what the bundle gives, of its
            networks alone, of a ridge regression of each parameter.
        calibration: (4,) factors of the standard deviations.
        patients, patches: how many.
    """

    student: Floats
    networks: Floats
    ridge: Floats
    calibration: Floats
    patients: int
    patches: int
