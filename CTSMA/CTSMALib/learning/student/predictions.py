"""Tables of what an arm reads off patches: one CSV file per arm."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.outputs import replace_file
from CTSMALib.student.structure import Structure
from CTSMALib.student.summary import feature_column
from CTSMALib.student.tied_values import tied, uncertainties

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predicted:
    """Attributes: (n, 4) values in the order of ``KEYS``; (n, 4) their standard uncertainties."""

    values: Floats
    uncertainties: Floats

    @classmethod
    def of_outputs(cls, outputs: torch.Tensor) -> Predicted:
        """From (n, 5) outputs of a network."""
        return cls(tied(outputs).numpy().astype(float), uncertainties(outputs).numpy().astype(float))


def write_predictions(
    found: PatchSet, predicted: Predicted | Structure, path: Path, keys: tuple[str, ...] = KEYS,
    features: Floats | None = None,
) -> None:  # fmt: skip
    """Write a table, complete or not at all.

    Args:
        found: the patches that were read.
        predicted: of the same patches in the same order.
        path: of the file, ``ARM.csv``.
        keys: of the four parameters.
        features: (n, f) what a student sees beside, see :mod:`CTSMALib.student.summary`.

    Raises:
        OSError: it could not be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    beside = np.empty((len(predicted.values), 0)) if features is None else features
    names = (feature_column(number) for number in range(beside.shape[1]))
    writer.writerow(("knee", "id", *keys, *(f"u:{key}" for key in keys), *names))
    numbers = np.column_stack([predicted.values, predicted.uncertainties, beside])
    for knee, name, row in zip(found.patches["knee"], found.patches["id"], numbers, strict=True):
        writer.writerow([knee, name, *(f"{value:.6g}" for value in row)])
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.getvalue().encode())
