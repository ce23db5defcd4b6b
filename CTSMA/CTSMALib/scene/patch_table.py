"""Patches of a result as arrays, read from the text of its patch tables.

Reads with the standard library alone, so that a saved scene shows its patches where the packages that
analyze scans are not installed.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.scene.geometry import flipped

LABEL_COLUMN = "label"
FIRST_VALUE_AFTER = "valid_fraction"
FLAGS = "flags"  # what speaks against a patch, in words
UNCERTAINTY, FEATURE = "u:", "f:"  # beginnings of the names of uncertainties, and of features for a diagnosis
INTERVAL_SDS = 1.96  # a 95 % interval reaches this many standard uncertainties to either side
_LPS = ("x_lps_mm", "y_lps_mm", "z_lps_mm")


@dataclass(frozen=True, eq=False)
class PatchTable:
    """Patches in the order of their table.

    Attributes:
        ids: patch ids.
        bones: bone names.
        compartments: compartment keys; empty between compartments.
        cells: (n, 2) row and column in the grid.
        layers: (n,) depth layer, 1 or 2.
        centers_ras_mm: (n, 3) centers.
        valid_fractions: (n,) share of the box that could be measured.
        values: catalogue key to (n,) values, NaN where not measured.
        uncertainties: catalogue key to (n,) standard uncertainties of values, NaN where not known.
        flags: (n,) names of what speaks against each patch, separated by spaces; empty for none.
    """

    ids: tuple[str, ...]
    bones: NDArray[np.str_]
    compartments: NDArray[np.str_]
    cells: NDArray[np.int64]
    layers: NDArray[np.int64]
    centers_ras_mm: NDArray[np.float64]
    valid_fractions: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]
    uncertainties: dict[str, NDArray[np.float64]]
    flags: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)

    def values_of(self, key: str) -> NDArray[np.float64]:
        """(n,) values of a quantity, NaN where not measured."""
        return self.values.get(key, np.full(len(self), np.nan))

    def widths_of(self, key: str) -> NDArray[np.float64]:
        """(n,) widths of the 95 % intervals of a quantity, NaN where not known."""
        return 2.0 * INTERVAL_SDS * self.uncertainties.get(key, np.full(len(self), np.nan))

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """(n,) whether anything speaks against a patch."""
        return self.flags != ""

    def without(self, mask: NDArray[np.bool_]) -> PatchTable:
        """The same patches, those for which ``mask`` (n,) holds without values, uncertainties and flags."""
        values, uncertainties = (
            {key: np.where(mask, np.nan, column) for key, column in columns.items()}
            for columns in (self.values, self.uncertainties)
        )
        return replace(self, values=values, uncertainties=uncertainties, flags=np.where(mask, "", self.flags))

    def chosen(self, mask: NDArray[np.bool_]) -> PatchTable:
        """The patches for which ``mask`` (n,) holds."""
        return PatchTable(
            ids=tuple(name for name, kept in zip(self.ids, mask, strict=True) if kept),
            bones=self.bones[mask],
            compartments=self.compartments[mask],
            cells=self.cells[mask],
            layers=self.layers[mask],
            centers_ras_mm=self.centers_ras_mm[mask],
            valid_fractions=self.valid_fractions[mask],
            values={key: column[mask] for key, column in self.values.items()},
            uncertainties={key: column[mask] for key, column in self.uncertainties.items()},
            flags=self.flags[mask],
        )


def read_patches(text: str) -> PatchTable:
    """Patches from the text of ``patches.csv`` or ``display_patches.csv``.

    Raises:
        ValueError: the text is no patch table.
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or FIRST_VALUE_AFTER not in rows[0]:
        raise ValueError("not a patch table")
    names, body = rows[0], rows[1:]
    if any(len(row) != len(names) for row in body):
        raise ValueError("a row of the patch table is too short or too long")
    columns = {name: [row[place] for row in body] for place, name in enumerate(names)}
    after = names[names.index(FIRST_VALUE_AFTER) + 1 :]
    keys = [name for name in after if name != FLAGS and not name.startswith((UNCERTAINTY, FEATURE))]
    return PatchTable(
        ids=tuple(columns["id"]),
        bones=np.array(columns["bone"], dtype=str),
        compartments=np.array(columns["compartment"], dtype=str),
        cells=np.array([columns["row"], columns["column"]], dtype=np.int64).T.reshape(-1, 2),
        layers=np.array(columns["layer"], dtype=np.int64),
        centers_ras_mm=flipped(np.array([columns[name] for name in _LPS], dtype=float).T.reshape(-1, 3)),
        valid_fractions=_numbers(columns[FIRST_VALUE_AFTER]),
        values={key: _numbers(columns[key]) for key in keys},
        uncertainties={
            name.removeprefix(UNCERTAINTY): _numbers(columns[name]) for name in after if name.startswith(UNCERTAINTY)
        },
        flags=np.array(columns.get(FLAGS, [""] * len(body)), dtype=str),
    )


def _numbers(cells: list[str]) -> NDArray[np.float64]:
    return np.array([float(cell) if cell else np.nan for cell in cells], dtype=float)
