"""The tables of one knee: measured truth and landmarks. Numbers are written so that they read back the same."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from CTSMALib.virtual.body.knee_data import Landmarks

LANDMARK_COLUMNS = ("bone", "name", "ct_x_mm", "ct_y_mm", "ct_z_mm", "mr_x_mm", "mr_y_mm", "mr_z_mm")


def write_truth(rows: list[dict[str, str | float]], path: Path) -> None:
    """Write the measured truth; a column for every key of any row, in the order of first appearance.

    Args:
        rows: as in :class:`~CTSMALib.virtual.body.knee_data.KneeData`.
        path: of the file.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    path.write_bytes(csv_bytes(columns, rows))


def write_landmarks(landmarks: dict[str, Landmarks], path: Path) -> None:
    """Write the landmarks of all bones with the columns :data:`LANDMARK_COLUMNS`.

    Args:
        landmarks: by bone.
        path: of the file.
    """
    rows = []
    for bone, points in landmarks.items():
        for name, ct, mr in zip(points.names, points.ct_mm, points.mr_mm, strict=True):
            rows.append(dict(zip(LANDMARK_COLUMNS, (bone, name, *ct, *mr), strict=True)))
    path.write_bytes(csv_bytes(LANDMARK_COLUMNS, rows))


def csv_bytes(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """A CSV file in UTF-8 with LF line ends.

    Args:
        columns: header.
        rows: by column; a missing value, ``None`` and NaN leave the cell empty.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = list(columns)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue().encode("utf-8")


def _cell(value: object) -> str:
    """Text of a cell; a float in the shortest form that reads back as the same number."""
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)
