"""Compartments in normalized coordinates: the same share of the bone in a large and a small knee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import COMPARTMENTS, Bone, Compartment
from CTSMALib.anatomy.plate import Plate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outline:
    """A compartment's weight-bearing surface, in half widths and half lengths of its bone.

    Attributes:
        posterior, anterior: antero-posterior limits, from the middle of the bone's extent.
        inner, outer: distance from the middle towards the compartment's own side, at the middles of four equal
            antero-posterior parts from anterior to posterior.
    """

    posterior: float
    anterior: float
    inner: tuple[float, float, float, float]
    outer: tuple[float, float, float, float]

    def limits_at(self, anterior: Array) -> tuple[Array, Array]:
        """Inner and outer limit at normalized antero-posterior positions."""
        part = (self.anterior - np.asarray(anterior)) / (self.anterior - self.posterior)
        middles = (np.arange(4) + 0.5) / 4
        return np.interp(part, middles, self.inner), np.interp(part, middles, self.outer)


# Rounded means of what slope and height of the articular surface outline in two MR and two CT knees
# (docs/decisions/0003-finding-bones.md). Femur: the condyle behind the trochlea, up to about 60 degrees.
OUTLINES = {
    "FM": Outline(-0.88, 0.28, (0.17, 0.24, 0.30, 0.30), (0.80, 0.88, 0.90, 0.92)),
    "FL": Outline(-0.90, 0.28, (0.24, 0.25, 0.31, 0.36), (0.92, 0.94, 0.94, 0.94)),
    "TM": Outline(-0.96, 0.74, (0.23, 0.23, 0.23, 0.23), (0.82, 0.97, 0.98, 0.88)),
    "TL": Outline(-0.80, 0.76, (0.20, 0.20, 0.20, 0.20), (0.84, 0.97, 0.97, 0.84)),
}


def compartment_support(plate: Plate, compartment: Compartment) -> NDArray[np.bool_]:
    """The lattice points (ni, nj) of a compartment's weight-bearing surface that were found.

    Args:
        plate: plate of the compartment's bone.
        compartment: which half.
    """
    return compartment_region(plate, compartment) & plate.known


def compartment_region(plate: Plate, compartment: Compartment) -> NDArray[np.bool_]:
    """The lattice points (ni, nj) where a compartment's surface is expected."""
    outline = OUTLINES[compartment.key]
    lateral, anterior = plate.extent.normalized(plate.lateral_mm, plate.anterior_mm)
    own = (lateral if compartment.lateral else -lateral)[:, None]
    inner, outer = outline.limits_at(anterior)
    within = (anterior >= outline.posterior) & (anterior <= outline.anterior)
    return np.asarray((own >= inner) & (own <= outer) & within)


def compartments_of(bone: Bone) -> tuple[Compartment, ...]:
    """The medial and lateral compartment of femur or tibia."""
    return tuple(c for c in COMPARTMENTS if c.bone is bone)
