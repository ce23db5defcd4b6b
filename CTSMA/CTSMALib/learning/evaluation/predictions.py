"""What arms predicted for the patches of a set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.inputs import read_rows
from CTSMALib.learning.evaluation.patch_table import PatchTable
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.structure import STRUCTURE_KEYS

SEEDS = "-seeds"
_SEED = re.compile(r"(?P<arm>.+)-s(?P<seed>\d+)")
_REMEDY = "Give predictions that were made for this patch set."


@dataclass(frozen=True, eq=False)
class Run:
    """What one training of an arm predicted.

    Attributes:
        name: of its file, such as ``"student_none-s1"``.
        arm: without the seed: ``"student_none"``.
        values: (n, 4) by patch of the set and :data:`KEYS`; not a number where it predicted nothing.
        uncertainties: (n, 4) standard uncertainties, likewise.
        of_structure: whether the values are ``vcal_*``, on the scale of the truth, and not on that of the MR.
    """

    name: str
    arm: str
    values: NDArray[np.float64]
    uncertainties: NDArray[np.float64]
    of_structure: bool = False


def read_predictions(folder: Path, table: PatchTable) -> tuple[Run, ...]:
    """Every table of a folder, in the order of their names.

    Where an arm is there with seeds and without, that without is what the runs give together, an arm of its own; the
    runs are one whose name ends in :data:`SEEDS`.

    Raises:
        InputError: there is none, one is empty, or one is not of these patches.
    """
    paths = sorted(path for path in folder.glob("*.csv") if not path.name.startswith("."))
    if not paths:
        raise InputError(f"There are no predictions in {folder}.", "Name a folder with a table ARM.csv for each arm.")
    runs = [read_run(path, table) for path in paths]
    together = {run.name for run in runs if run.name == run.arm}
    return tuple(
        replace(run, arm=run.arm + SEEDS) if run.name != run.arm and run.arm in together else run for run in runs
    )


def read_run(path: Path, table: PatchTable) -> Run:
    """One table of predictions; nothing is predicted where a cell is empty or ``nan``.

    Raises:
        InputError: it is empty, not of these patches, or holds something else than numbers.
    """
    rows, keys = _read_rows(path)
    if not rows:
        raise InputError(f"The predictions in {path} are empty.", _REMEDY)
    places = _places(rows, path, table)
    values = np.full((len(table.names), len(KEYS)), np.nan)
    uncertainties = values.copy()
    values[places] = _columns(rows, keys, path)
    uncertainties[places] = _columns(rows, [f"u:{key}" for key in keys], path)
    if not np.isfinite(values).any():
        raise InputError(f"The predictions in {path} hold no numbers.", _REMEDY)
    if (uncertainties < 0.0).any():
        raise InputError(f"The predictions in {path} hold a negative uncertainty.", _REMEDY)
    named = _SEED.fullmatch(path.stem)
    return Run(path.stem, named["arm"] if named else path.stem, values, uncertainties, keys == STRUCTURE_KEYS)


def _read_rows(path: Path) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Rows, and the keys of the parameters that they hold."""
    names, rows = read_rows(path, (), f"The table {path}", _REMEDY)
    keys = STRUCTURE_KEYS if STRUCTURE_KEYS[0] in names else KEYS
    missing = [name for name in ("knee", "id", *keys) if name not in names]
    if rows and missing:
        raise InputError(f"The table {path} has no column '{missing[0]}'.", _REMEDY)
    return rows, keys


def _places(rows: Sequence[dict[str, str]], path: Path, table: PatchTable) -> list[int]:
    known = {name: place for place, name in enumerate(table.names)}
    places = []
    for row in rows:
        place = known.get((row["knee"], row["id"]))
        if place is None:
            raise InputError(
                f"{path} is about the patch {row['id']} of the knee '{row['knee']}', which the set lacks.", _REMEDY
            )
        places.append(place)
    if len(set(places)) < len(places):
        raise InputError(f"{path} holds predictions of one patch twice.", _REMEDY)
    return places


def _columns(rows: Sequence[dict[str, str]], names: Sequence[str], path: Path) -> NDArray[np.float64]:
    found = [[_number(row.get(name, ""), name, row, path) for name in names] for row in rows]
    return np.array(found).reshape(len(rows), len(names))


def _number(text: str, name: str, row: dict[str, str], path: Path) -> float:
    """What a cell holds; not a number where it is empty."""
    try:
        found = float(text or "nan")
    except ValueError:
        found = float("inf")
    if np.isinf(found):
        raise InputError(
            f"{path}: '{text}' of {name} of the patch {row['id']} of the knee '{row['knee']}' is no finite number.",
            "Write numbers with a decimal point, and leave cells empty where nothing was predicted.",
        )
    return found
