"""Patches divided by what may change how well they are measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.learning.evaluation.patch_table import PatchTable

_THIRDS = ("lowest", "middle", "highest")
_WORDS = {"dim": {"0": "no", "1": "yes"}}


@dataclass(frozen=True, eq=False)
class Grouping:
    """One way to divide them.

    Attributes:
        name: stable, in kebab-case.
        groups: names, in order.
        members: (groups, n) whose each patch is.
    """

    name: str
    groups: tuple[str, ...]
    members: NDArray[np.bool_]


# name, column, unit; a unit means thirds of the numbers, none means the texts themselves
_KINDS: tuple[tuple[str, str, str | None], ...] = (
    ("ct-kernel", "ct_protocol", None),
    ("ct-sharpness", "ct_inplane_fwhm_mm", "mm"),
    ("ct-noise", "ct_noise_sd_hu", "HU"),
    ("grade", "grade", None),
    ("compartment", "compartment", None),
    ("family", "family", None),
    ("registration-error", "registration_error_mm", "mm"),
    ("dim-marrow", "dim", None),
)


def groupings(table: PatchTable, rows: NDArray[np.intp]) -> tuple[Grouping, ...]:
    """Every way that the columns of the set allow; those that leave all patches together are left out.

    Args:
        table: of the set.
        rows: (n,) patches that are evaluated.
    """
    found = []
    for name, column, unit in _KINDS:
        if unit is None:
            grouping = _by_text(name, table.text(column)[rows], _WORDS.get(column, {}))
        else:
            grouping = _by_thirds(name, table.numbers(column)[rows], unit)
        if len(grouping.groups) > 1:
            found.append(grouping)
    return tuple(found)


def _by_text(name: str, texts: NDArray[np.str_], words: dict[str, str]) -> Grouping:
    values = [str(value) for value in np.unique(texts) if value]
    members = np.array([texts == value for value in values]).reshape(len(values), len(texts))
    return Grouping(name, tuple(words.get(value, value) for value in values), members)


def _by_thirds(name: str, numbers: NDArray[np.float64], unit: str) -> Grouping:
    """Thirds of the different values, so that a knee with many patches does not move the borders."""
    different = np.unique(numbers[np.isfinite(numbers)])
    if len(different) < len(_THIRDS):
        return Grouping(name, (), np.zeros((0, len(numbers)), dtype=np.bool_))
    borders = np.quantile(different, (1 / 3, 2 / 3))
    third = np.where(np.isfinite(numbers), np.searchsorted(borders, numbers), -1)
    members = np.array([third == part for part in range(len(_THIRDS))])
    groups = []
    for word, own in zip(_THIRDS, members, strict=True):
        inside = numbers[own]
        groups.append(f"{word}: {inside.min():.3g} to {inside.max():.3g} {unit}")
    return Grouping(name, tuple(groups), members)
