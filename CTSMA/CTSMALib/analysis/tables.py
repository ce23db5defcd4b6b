"""Patch tables as CSV: one row per patch, exact numbers, an empty cell where nothing was measured."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.patch import Patch
from CTSMALib.student.summary import FEATURE, feature_column

_LPS = ("x_lps_mm", "y_lps_mm", "z_lps_mm")
_ANATOMICAL = ("lateral_mm", "anterior_mm", "proximal_mm")
_SPREAD = {"center_lps_mm": _LPS, "center_anatomical_mm": _ANATOMICAL}
_INTEGERS = ("row", "column", "layer")
PATCH_COLUMNS = tuple(
    column for field in fields(Patch) for column in _SPREAD.get(field.name, (field.name,))
)  # the other columns are catalogue keys
LABEL_COLUMN, FLAGS_COLUMN = "label", "flags"
UNCERTAINTY = "u:"  # before the key of the quantity


class TableError(ValueError):
    """A table that is not one of ours; the text says where."""


def write_table(path: Path, patches: Sequence[PatchMeasurement], keys: Sequence[str], labelled: bool = False) -> None:
    """Write a patch table.

    Floats are written in the shortest form that reads back as the same number; a value that is not finite is left out.
    Columns of uncertainties (``u:`` and a key), of features of a student (``f:`` and a number) and of flags are there
    where some patch has any.

    Args:
        path: the CSV file to make.
        patches: its rows.
        keys: catalogue keys, its last columns.
        labelled: number the rows from 1 in a first column, as the voxels of the patch label map are.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        known = [key for key in keys if any(key in p.uncertainties for p in patches)]
        flagged = any(p.flags for p in patches)
        told = max((len(p.features) for p in patches), default=0)
        last = [*(UNCERTAINTY + key for key in known), *(feature_column(number) for number in range(told))]
        last += [FLAGS_COLUMN] if flagged else []
        writer.writerow([*_first_columns(labelled), *keys, *last])
        for number, measurement in enumerate(patches, start=1):
            values = [_cell(measurement.values.get(key)) for key in keys]
            values += [_cell(measurement.uncertainties.get(key)) for key in known]
            values += [*map(_cell, measurement.features), *[""] * (told - len(measurement.features))]
            values += [" ".join(measurement.flags)] if flagged else []
            writer.writerow([*([number] if labelled else []), *_patch_cells(measurement.patch), *values])


def read_table(path: Path, labelled: bool = False) -> list[dict[str, Any]]:
    """Read a patch table into plain records, shaped as :class:`~CTSMALib.analysis.result.PatchMeasurement`.

    Raises:
        TableError: columns are missing, a row is too short or too long, a cell is no number, or the rows of a
            labelled table are in another order than their labels.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        try:
            rows = list(csv.reader(file, strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            raise TableError(f"{path.name} is damaged") from error
    first = _first_columns(labelled)
    if not rows or tuple(rows[0][: len(first)]) != first:
        raise TableError(f"{path.name} has other columns than expected")
    records = [_record(rows[0], row, f"row {number} of {path.name}") for number, row in enumerate(rows[1:], start=2)]
    if labelled and any(row[0] != str(label) for label, row in enumerate(rows[1:], start=1)):
        raise TableError(f"the rows of {path.name} are not in the order of their labels")
    return records


def measured_keys(*tables: Sequence[PatchMeasurement]) -> list[str]:
    """The keys that occur in ``tables``, in order of first occurrence."""
    return list(dict.fromkeys(key for table in tables for measurement in table for key in measurement.values))


def _first_columns(labelled: bool) -> tuple[str, ...]:
    return (LABEL_COLUMN, *PATCH_COLUMNS) if labelled else PATCH_COLUMNS


def _patch_cells(patch: Patch) -> list[str]:
    cells: list[str] = []
    for field in fields(Patch):
        value = getattr(patch, field.name)
        cells += [_cell(part) for part in value] if field.name in _SPREAD else [_cell(value)]
    return cells


def _cell(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    number = value if isinstance(value, int) else float(value)  # type: ignore[arg-type]  # NumPy scalars too
    return repr(number) if math.isfinite(number) else ""


def _features(cells: Sequence[str]) -> list[float]:
    """As many as are told, from the first; one in the middle that is not keeps its place."""
    told = max((number for number, cell in enumerate(cells, start=1) if cell), default=0)
    return [float(cell or "nan") for cell in cells[:told]]


def _record(columns: Sequence[str], row: Sequence[str], where: str) -> dict[str, Any]:
    if len(row) != len(columns):
        raise TableError(f"{where} has {len(row)} cells instead of {len(columns)}")
    cells = dict(zip(columns, row, strict=True))
    try:
        patch: dict[str, Any] = {}
        for field in fields(Patch):
            if field.name in _SPREAD:
                patch[field.name] = [float(cells[column]) for column in _SPREAD[field.name]]
            elif field.name in _INTEGERS:
                patch[field.name] = int(cells[field.name])
            elif field.name == "valid_fraction":
                patch[field.name] = float(cells[field.name])
            else:
                patch[field.name] = cells[field.name]
        keys = [key for key in columns[columns.index(PATCH_COLUMNS[-1]) + 1 :] if cells[key] and key != FLAGS_COLUMN]
        numbers = {key: float(cells[key]) for key in keys}
        beside = (UNCERTAINTY, FEATURE)
        return {
            "patch": patch,
            "values": {key: value for key, value in numbers.items() if not key.startswith(beside)},
            "uncertainties": {k.removeprefix(UNCERTAINTY): v for k, v in numbers.items() if k.startswith(UNCERTAINTY)},
            "flags": cells.get(FLAGS_COLUMN, "").split(),
            "features": _features([cells[key] for key in columns if key.startswith(FEATURE)]),
        }
    except ValueError as error:
        raise TableError(f"{where} holds something that is not a number") from error
