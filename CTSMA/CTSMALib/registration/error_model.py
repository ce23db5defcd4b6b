"""From disagreeing witnesses to an error in millimeters: a model calibrated on virtual knees with known truth.

The square of the error is a sum of squares: a constant, and one for each source of error or of doubt, with a weight of
its own. Sources that do not depend on each other add that way, and a large one outweighs all others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL_FILE = Path(__file__).with_name("error_model.json")
UNKNOWN_MM = 0.5  # what counts for a witness that does not know
FAR_MM = 70.0  # from the middle of the MR, where ``far`` is 1; distortion of the scanner grows with about the square
WITNESSES = ("inverse_mm", "halves_mm", "perturbed_mm", "contour_mm", "local_mm")
SOURCES = (*WITNESSES, "outside", "far")
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """A sum of squares.

    Attributes:
        constant_mm: error where nothing else speaks.
        weights: of :data:`SOURCES`, none negative.
        bound: by what to multiply the estimate for a bone for a bound that 95 % of errors stay below; counted on the
            knees of the calibration, each estimated without itself.
        made_with: what it was calibrated on.
    """

    constant_mm: float
    weights: Mapping[str, float]
    bound: float
    made_with: str

    def error_mm(self, sources: Mapping[str, Array]) -> Array:
        """(n,) median error (mm) at places.

        Args:
            sources: of :data:`SOURCES`, (n,) each: what :data:`WITNESSES` say in mm, NaN where they do not know; the
                share of the bone's surroundings outside the MR; and :func:`far`.
        """
        squares = sum((weight * filled(sources[name])) ** 2 for name, weight in self.weights.items())
        error: Array = np.sqrt(self.constant_mm**2 + squares)
        return error


def filled(values: Array) -> Array:
    """(n,) what a source says, :data:`UNKNOWN_MM` where it does not know."""
    return np.nan_to_num(np.asarray(values, dtype=float), nan=UNKNOWN_MM)


def far(distance_mm: Array) -> Array:
    """(n,) source of error at a distance (mm) from the middle of the MR."""
    return (distance_mm / FAR_MM) ** 2


@cache
def shipped_model() -> ErrorModel:
    """The calibrated model."""
    stored = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    return ErrorModel(stored["constant_mm"], stored["weights"], stored["bound"], stored["made_with"])
