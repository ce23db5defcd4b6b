"""How well a trained diagnosis tells knees apart, read from its tables without anything heavy."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.diagnosis.names import AGGREGATORS  # the table has rows of what they are compared with too
from CTSMALib.errors import InputError

TABLE, METADATA = "evaluation.csv", "bundle/configs/metadata.json"
_MEASURE = "auc by patient"


@dataclass(frozen=True)
class PartNumbers:
    """Area under the ROC curve of a part of the model, of knees that it has not learned from.

    Attributes:
        part: of the model.
        value: the area.
        low, high: 95 % interval by patient.
    """

    part: str
    value: float
    low: float
    high: float

    @property
    def may_be_chance(self) -> bool:
        """Whether the interval reaches what guessing would give."""
        return not self.low > 0.5


def read_diagnosis_numbers(folder: Path) -> tuple[tuple[PartNumbers, ...], str]:
    """Read what a training of the diagnosis has found.

    Args:
        folder: that it trains in.

    Returns:
        The parts of the model, and what it was trained on in words; nothing where no training has ended there.

    Raises:
        InputError: a table is damaged.
    """
    if not (folder / TABLE).is_file() or not (folder / METADATA).is_file():
        return (), ""
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as file:
            measured = [row for row in csv.DictReader(file) if row["measure"] == _MEASURE]
        parts = [
            PartNumbers(row["aggregator"], *(float(row[name]) for name in ("value", "low", "high")))
            for row in measured
            if row["aggregator"] in AGGREGATORS
        ]
        source = str(json.loads((folder / METADATA).read_text(encoding="utf-8")).get("data_source", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(f"The evaluation of the diagnosis in {folder} is damaged.", "Train it again.") from error
    return tuple(sorted(parts, key=lambda part: part.part)), source
