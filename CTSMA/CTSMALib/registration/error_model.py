"""From disagreeing witnesses to an error in millimeters: a model calibrated on virtual knees with known truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL_FILE = Path(__file__).with_name("error_model.json")
FLOOR_MM = 0.02  # added to distances before logarithms
NOT_CLEAR_MM = 0.5  # what counts for a contour of which too little is clear
LOCAL = ("inverse_mm", "halves_mm", "perturbed_mm", "contour_mm", "local_mm")
OF_BONE = ("similarity", "distance_mm", "clear", "outside", "volume_ml")
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """A linear model of the logarithm of the error.

    Attributes:
        names: of the features.
        weights: (n + 1) intercept, then one for each feature.
        spread: standard deviation of the logarithm of the error about the model, between bones.
        made_with: what it was calibrated on.
    """

    names: tuple[str, ...]
    weights: Array
    spread: float
    made_with: str

    def error_mm(self, features: Mapping[str, Array]) -> Array:
        """(n,) median error at places with these features, mm."""
        columns = [np.asarray(features[name]) for name in self.names]
        logarithm = self.weights[0] + sum(w * c for w, c in zip(self.weights[1:], columns, strict=True))
        error: Array = np.exp(np.clip(logarithm, np.log(FLOOR_MM), np.log(50.0)))
        return error

    @property
    def bound(self) -> float:
        """By what to multiply an estimate for a bound that 95 % of errors stay below."""
        return float(np.exp(1.645 * self.spread))


def features_of(local: Mapping[str, Array], of_bone: Mapping[str, float]) -> dict[str, Array]:
    """Features of places.

    Args:
        local: of :data:`LOCAL`, (n,) mm; NaN where there is none.
        of_bone: of :data:`OF_BONE`; ``distance_mm`` may be NaN.

    Returns:
        Name to (n,) values.
    """
    n = len(local["inverse_mm"])
    found: dict[str, Array] = {}
    for name in LOCAL:
        found[name] = np.log(np.nan_to_num(local[name], nan=NOT_CLEAR_MM) + FLOOR_MM)
    distance = of_bone["distance_mm"]
    scalars = {
        "similarity": np.log(max(of_bone["similarity"] - 1.0, 1e-3)),
        "distance_mm": np.log((distance if np.isfinite(distance) else NOT_CLEAR_MM) + FLOOR_MM),
        "clear": of_bone["clear"],
        "outside": of_bone["outside"],
        "volume_ml": np.log(max(of_bone["volume_ml"], 0.1)),
    }
    return found | {name: np.full(n, value) for name, value in scalars.items()}


@cache
def shipped_model() -> ErrorModel:
    """The calibrated model."""
    stored = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    names = tuple(stored["weights"])[1:]
    return ErrorModel(names, np.array(list(stored["weights"].values())), stored["spread"], stored["made_with"])
