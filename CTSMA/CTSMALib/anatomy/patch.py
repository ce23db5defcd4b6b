"""A patch: one cube of subchondral bone with an identity that is the same in every knee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EDGE_MM = 8.0
LEAST_VALID = 0.5  # share of a patch that must be trabecular bone for its values to be reported
DEPTHS_MM = (5.0, 9.0)  # distance of the center below the subchondral surface, d1 and d2


Point = tuple[float, float, float]


def as_point(position: NDArray[np.float64]) -> Point:
    """A position (3,) as plain numbers."""
    return (float(position[0]), float(position[1]), float(position[2]))


@dataclass(frozen=True)
class Patch:
    """A cube of :data:`EDGE_MM`, aligned to its bone's joint frame.

    Attributes:
        id: learning grid ``"TM-r2-c4-d1"``; display grid ``"tibia-i012-j007-d1"``.
        bone: bone name, which also names the frame.
        compartment: ``"FM"``, ``"FL"``, ``"TM"``, ``"TL"``; empty between the compartments (display grid only).
        row: learning grid r, 1 (next to the notch) to 3 (peripheral); display grid i, from medial to lateral.
        column: learning grid c, 1 (anterior) to 4 (posterior); display grid j, from anterior to posterior.
        layer: 1 or 2, index into :data:`DEPTHS_MM` plus one.
        center_lps_mm: center in LPS.
        center_anatomical_mm: center as (lateral, anterior, proximal) in the bone's joint frame.
        valid_fraction: share of the cube (0 to 1) that is trabecular bone inside the image and free of metal.
    """

    id: str
    bone: str
    compartment: str
    row: int
    column: int
    layer: int
    center_lps_mm: Point
    center_anatomical_mm: Point
    valid_fraction: float
