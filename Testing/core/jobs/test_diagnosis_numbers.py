"""The numbers of a trained diagnosis are read from its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from CTSMALib.errors import InputError
from CTSMALib.jobs.diagnosis_numbers import METADATA, TABLE, PartNumbers, read_diagnosis_numbers

ROWS = """aggregator,measure,value,low,high
transformer,auc,0.5,0.4,0.6
transformer,auc by patient,0.53,0.42,0.63
logistic,auc by patient,0.72,0.62,0.82
mean-hu,auc by patient,0.6,0.5,0.7
"""


def write_training(folder: Path, rows: str = ROWS) -> Path:
    """What a training of the diagnosis leaves, as far as it is read here."""
    (folder / METADATA).parent.mkdir(parents=True)
    (folder / METADATA).write_text(json.dumps({"data_source": "128 virtual knees, values from student"}))
    (folder / TABLE).write_text(rows)
    return folder


def test_the_parts_of_the_model_come_with_their_intervals(tmp_path: Path) -> None:
    parts, source = read_diagnosis_numbers(write_training(tmp_path))
    assert parts == (PartNumbers("logistic", 0.72, 0.62, 0.82), PartNumbers("transformer", 0.53, 0.42, 0.63))
    assert source == "128 virtual knees, values from student"
    assert [part.may_be_chance for part in parts] == [False, True]


def test_without_a_training_there_is_nothing(tmp_path: Path) -> None:
    assert read_diagnosis_numbers(tmp_path) == ((), "")


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        read_diagnosis_numbers(write_training(tmp_path, ROWS.replace("0.72", "good")))
