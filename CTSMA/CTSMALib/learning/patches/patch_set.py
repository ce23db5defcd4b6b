"""A patch set: paired cubes of CT and MR with positions, targets and facts of their knees, memory-mapped."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.inputs import delimiter_of
from CTSMALib.learning.patches.columns import COLUMNS, COUNTS, TEXTS, TRUE, UNCERTAINTIES
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.covariates import COVARIATES
from CTSMALib.student.cubes import CT_SHAPE, CT_STEPS_MM, MR_SHAPE, MR_STEPS_MM, Three
from CTSMALib.student.reference_scale import REFERENCES

SCHEMA, SCHEMA_VERSION = "ctsma-patch-set", 1
FACTS_FILE, PATCHES_FILE, KNEES_FILE = "patches.json", "patches.csv", "knees.csv"
ARRAYS: dict[str, tuple[tuple[int, int, int], Any]] = {
    "ct": (CT_SHAPE, np.int16),
    "ct_valid": (CT_SHAPE, np.uint8),
    "mr": (MR_SHAPE, np.float16),
    "mr_valid": (MR_SHAPE, np.uint8),
}
KNEE_TEXTS = ("knee", "subject", "side", "split", "sex")
KNEE_COLUMNS = ("knee", "subject", "side", "split", "grade", "age", "sex", *COVARIATES, *REFERENCES)
_REMEDY = "Make it again with 'ctsma patches'."

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class SetFacts:
    """What ``patches.json`` says.

    Attributes:
        software_version: of the CTSMA that made the set.
        recipe: name and version of how targets were read.
        virtual: whether the knees are.
        patches, knees: how many.
        source: where they come from, for people.
        ct_steps_mm, mr_steps_mm: distances of cells (proximal, anterior, lateral).
        left_out: why patches are not in the set, and how many.
        made_from: digest of what the set was made from.
        schema, schema_version: of the format.
    """

    software_version: str
    recipe: str
    virtual: bool
    patches: int
    knees: int
    source: str
    ct_steps_mm: Three = CT_STEPS_MM
    mr_steps_mm: Three = MR_STEPS_MM
    left_out: dict[str, int] = field(default_factory=dict)
    made_from: str = ""
    schema: str = SCHEMA
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, eq=False)
class PatchSet:
    """Patches, all or some of those of a folder.

    Attributes:
        folder: where they are.
        facts: of the whole folder.
        knees: (k,) columns of ``knees.csv``: texts, or float64 with NaN in empty cells.
        patches: (n,) columns of ``patches.csv``, likewise; ``row``, ``column``, ``layer`` and ``dim`` are int64.
        ct: (n, 16, 20, 20) int16 HU; axes (patch, proximal, anterior, lateral).
        ct_valid: likewise uint8, 1 in trabecular bone.
        mr: (n, 40, 40, 10) float16 apparent bone fraction 1 - S / M.
        mr_valid: likewise uint8.
    """

    folder: Path
    facts: SetFacts
    knees: Columns
    patches: Columns
    ct: NDArray[np.int16]
    ct_valid: NDArray[np.uint8]
    mr: NDArray[np.float16]
    mr_valid: NDArray[np.uint8]

    def __len__(self) -> int:
        """How many patches there are."""
        return len(self.ct)

    @cached_property
    def knee_of(self) -> NDArray[np.int64]:
        """(n,) row of ``knees`` that each patch belongs to."""
        place = {key: number for number, key in enumerate(self.knees["knee"].tolist())}
        return np.array([place[key] for key in self.patches["knee"].tolist()], dtype=np.int64)

    def of_knee(self, column: str) -> NDArray[Any]:
        """(n,) a column of ``knees`` for every patch."""
        return self.knees[column][self.knee_of]

    @property
    def targets(self) -> NDArray[np.float64]:
        """(n, 4) of :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`."""
        return np.column_stack([self.patches[key] for key in KEYS])

    @property
    def uncertainties(self) -> NDArray[np.float64]:
        """(n, 4) standard uncertainties of the targets."""
        return np.column_stack([self.patches[key] for key in UNCERTAINTIES])

    @property
    def truth(self) -> NDArray[np.float64]:
        """(n, 4) true BV/TV, Tb.Th, Tb.Sp, Tb.N; NaN where unknown."""
        return np.column_stack([self.patches[key] for key in TRUE])

    @property
    def covariates(self) -> NDArray[np.float64]:
        """(n, 5) of the CT of each patch: :data:`~CTSMALib.student.covariates.COVARIATES`."""
        return np.column_stack([self.of_knee(name) for name in COVARIATES])

    def select(self, mask: NDArray[Any]) -> PatchSet:
        """Some patches, copied to memory, and the knees that have any.

        Args:
            mask: (n,) bool, or indices.
        """
        rows = np.flatnonzero(mask) if np.asarray(mask).dtype == bool else np.asarray(mask, dtype=np.int64)
        patches = {name: values[rows] for name, values in self.patches.items()}
        kept = np.isin(self.knees["knee"], patches["knee"])
        return replace(
            self,
            patches=patches,
            knees={name: values[kept] for name, values in self.knees.items()},
            ct=np.array(self.ct[rows]),
            ct_valid=np.array(self.ct_valid[rows]),
            mr=np.array(self.mr[rows]),
            mr_valid=np.array(self.mr_valid[rows]),
        )

    def of_split(self, *splits: str) -> PatchSet:
        """The patches of one or several of :data:`~CTSMALib.learning.pairs.splits.SPLITS`."""
        return self.select(np.isin(self.of_knee("split"), splits))

    def of_knees(self, keys: Iterable[str]) -> PatchSet:
        """The patches of some knees, by their keys."""
        return self.select(np.isin(self.patches["knee"], list(keys)))


def read_patch_set(folder: Path) -> PatchSet:
    """Open a patch set; the arrays are memory-mapped.

    Args:
        folder: that ``ctsma patches`` wrote.

    Raises:
        InputError: there is none, it is of another version, or its files do not fit each other.
    """
    facts, knees, patches = read_tables(folder)
    arrays = {name: _mapped(folder / f"{name}.npy", name) for name in ARRAYS}
    for name, values in arrays.items():
        if len(values) != facts.patches:
            raise InputError(f"{name}.npy in {folder} holds {len(values)} patches, not {facts.patches}.", _REMEDY)
    return PatchSet(folder, facts, knees, patches, **arrays)


def read_tables(folder: Path) -> tuple[SetFacts, Columns, Columns]:
    """What a patch set says of itself, of its knees and of its patches, without the cubes.

    Args:
        folder: that ``ctsma patches`` wrote.

    Raises:
        InputError: there is none, it is of another version, or its tables do not fit each other.
    """
    facts = read_facts(folder)
    patches = read_table(folder / PATCHES_FILE, TEXTS, COLUMNS)
    patches |= {name: patches[name].astype(np.int64) for name in COUNTS}
    knees = read_table(folder / KNEES_FILE, KNEE_TEXTS, KNEE_COLUMNS)
    if len(patches["id"]) != facts.patches:
        raise InputError(
            f"{PATCHES_FILE} in {folder} holds {len(patches['id'])} patches, not {facts.patches}.", _REMEDY
        )
    if len(knees["knee"]) != facts.knees:
        raise InputError(f"{KNEES_FILE} in {folder} holds {len(knees['knee'])} knees, not {facts.knees}.", _REMEDY)
    unknown = sorted(set(patches["knee"].tolist()) - set(knees["knee"].tolist()))
    if unknown:
        raise InputError(f"{KNEES_FILE} in {folder} lacks the knee {unknown[0]}.", _REMEDY)
    return facts, knees, patches


def read_facts(folder: Path) -> SetFacts:
    """What a patch set says of itself.

    Raises:
        InputError: there is none, or one of another version.
    """
    try:
        content = json.loads((folder / FACTS_FILE).read_bytes())
        if content["schema"] != SCHEMA:
            raise ValueError(content["schema"])
        version = content["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} holds no patch set.", "Give a folder that 'ctsma patches' wrote.") from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"The patch set in {folder} has format version {version}; this CTSMA reads version {SCHEMA_VERSION}.",
            _REMEDY,
        )
    try:
        facts = msgspec.convert(content, SetFacts)
    except msgspec.ValidationError as error:
        raise InputError(f"{FACTS_FILE} in {folder} is damaged: {error}.", _REMEDY) from error
    if (facts.ct_steps_mm, facts.mr_steps_mm) != (CT_STEPS_MM, MR_STEPS_MM):
        raise InputError(f"The patch set in {folder} is sampled on other grids.", _REMEDY)
    return facts


def read_table(path: Path, texts: tuple[str, ...], needed: tuple[str, ...], remedy: str = _REMEDY) -> Columns:
    """Columns of a CSV file.

    Args:
        path: of the file.
        texts: columns that hold text; others do where a cell is no number.
        needed: columns that must be there, and hold numbers unless they are ``texts``.
        remedy: what a user can do where the file cannot be used.

    Raises:
        InputError: it cannot be read, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            header, *rows = list(csv.reader(file, strict=True, delimiter=delimiter_of(first)))
        missing = [name for name in needed if name not in header]
        if missing:
            raise ValueError(f"it has no column {missing[0]}")
        if any(len(row) != len(header) for row in rows):
            raise ValueError("a row has a wrong number of cells")
        cells = {name: [row[number] for row in rows] for number, name in enumerate(header)}
        return {name: _column(values, name in texts, name in needed) for name, values in cells.items()}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", remedy) from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path} is damaged: {error}.", remedy) from error


def _column(cells: list[str], text: bool, needed: bool) -> NDArray[Any]:
    if text:
        return np.array(cells, dtype=np.str_)
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], dtype=float)
    except ValueError:
        if needed:
            raise
        return np.array(cells, dtype=np.str_)


def _mapped(path: Path, name: str) -> NDArray[Any]:
    shape, kind = ARRAYS[name]
    try:
        values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read.", _REMEDY) from error
    if values.shape[1:] != shape or values.dtype != kind:
        raise InputError(f"{path} holds {values.dtype} of shape {values.shape[1:]}, not {shape}.", _REMEDY)
    return values
