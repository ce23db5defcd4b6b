"""Writing a patch set: ``patches.json`` comes last, so that a set is complete or there is none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from CTSMALib import __version__
from CTSMALib.learning.patches.columns import COLUMNS
from CTSMALib.learning.patches.knee_part import KneePart, Value
from CTSMALib.learning.patches.patch_set import (
    ARRAYS,
    FACTS_FILE,
    KNEE_COLUMNS,
    KNEES_FILE,
    PATCHES_FILE,
    SetFacts,
)
from CTSMALib.outputs import replace_file, replacing
from CTSMALib.progress import Progress, silent
from CTSMALib.student.cubes import CT_STEPS_MM, MR_STEPS_MM


def write_patch_set(
    folder: Path, parts: Sequence[KneePart], recipe: str, virtual: bool, source: str, made_from: str = "",
    progress: Progress = silent,
) -> SetFacts:  # fmt: skip
    """Put the knees of a set together.

    Every file is written aside and renamed. What the folder holds is no set until all are there.

    Args:
        folder: may exist; a set in it is replaced.
        parts: the knees; may be read from disk one at a time, and are gone through several times.
        recipe: name and version of how targets were read.
        virtual: whether the knees are.
        source: where they come from, for people.
        made_from: digest of what the set was made from.
        progress: told of every knee; may raise :class:`~CTSMALib.errors.CancelledError`.

    Raises:
        OSError: it could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS_FILE).unlink(missing_ok=True)
    knees: list[dict[str, Value]] = []
    rows: list[Iterable[Any]] = []
    left_out: dict[str, int] = {}
    for part in parts:
        knees.append(part.knee)
        rows += zip(*(part.columns[name].tolist() for name in COLUMNS), strict=True)
        left_out |= {why: left_out.get(why, 0) + count for why, count in part.left_out.items()}
    for name in ARRAYS:
        _write_array(folder / f"{name}.npy", name, parts, len(rows), progress)
    replace_file(folder / PATCHES_FILE, _csv([COLUMNS, *rows]))
    names = list(dict.fromkeys([*KNEE_COLUMNS, *(name for knee in knees for name in knee)]))
    replace_file(folder / KNEES_FILE, _csv([names, *([knee.get(name, "") for name in names] for knee in knees)]))
    facts = SetFacts(
        __version__, recipe, virtual, len(rows), len(knees), source, CT_STEPS_MM, MR_STEPS_MM, left_out, made_from
    )
    replace_file(folder / FACTS_FILE, msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n")
    return facts


def _write_array(path: Path, name: str, parts: Sequence[KneePart], count: int, progress: Progress) -> None:
    shape, kind = ARRAYS[name]
    order = list(ARRAYS).index(name)
    with replacing(path) as aside, aside.open("wb") as file:
        header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (count, *shape)}
        np.lib.format.write_array_header_1_0(file, header)
        for number, part in enumerate(parts):
            progress("Writing the patch set", (order + number / len(parts)) / len(ARRAYS))
            file.write(np.ascontiguousarray(getattr(part, name), dtype=kind).tobytes())


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.7g}"
    return str(value)
