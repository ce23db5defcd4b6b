"""The columns of ``patches.csv``, in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.linear import FEATURES

Array = NDArray[np.float64]

TEXTS = ("knee", "id", "bone", "compartment")
COUNTS = ("row", "column", "layer", "dim")
PLACED = ("valid_fraction", "registration_error_mm")
UNCERTAINTIES = tuple(f"u:{key}" for key in KEYS)
TRUE = ("true:bv_tv", "true:tb_th_mm", "true:tb_sp_mm", "true:tb_n_per_mm")
COLUMNS = (*TEXTS, "row", "column", "layer", *PLACED, *KEYS, *UNCERTAINTIES, "dim", *TRUE, *FEATURES)

_ID = re.compile(r"(FM|FL|TM|TL)-r(\d+)-c(\d+)-d(\d+)")


def columns_of(
    knee: str, ids: Sequence[str], bones: Sequence[str], placed: Array, values: Array, uncertainties: Array,
    dim: NDArray[np.bool_], true: Array, features: Mapping[str, Array],
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """All columns of the patches of one knee.

    Args:
        knee: its key.
        ids: (n,) of the learning grid, such as ``"TM-r2-c4-d1"``.
        bones: (n,) names.
        placed: (n, 2) of :data:`PLACED`.
        values, uncertainties: (n, 4) of :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`.
        dim: (n,) flag ``dim-marrow``.
        true: (n, 4) of :data:`TRUE`, NaN where unknown.
        features: (n,) by catalogue key; those of :data:`FEATURES` are kept.

    Raises:
        ValueError: an id is none of the learning grid.
    """
    parts = [_ID.fullmatch(name) for name in ids]
    if not all(parts):
        raise ValueError(f"{ids[parts.index(None)]!r} is no patch of the learning grid")
    found: dict[str, NDArray[Any]] = {
        "knee": np.array([knee] * len(ids), dtype=np.str_),
        "id": np.array(ids, dtype=np.str_),
        "bone": np.array(bones, dtype=np.str_),
        "compartment": np.array([part[1] for part in parts if part], dtype=np.str_),
    }
    for number, name in enumerate(("row", "column", "layer"), start=2):
        found[name] = np.array([int(part[number]) for part in parts if part], dtype=np.int64)
    for names, table in ((PLACED, placed), (KEYS, values), (UNCERTAINTIES, uncertainties), (TRUE, true)):
        found |= {name: np.asarray(table, dtype=float)[:, number] for number, name in enumerate(names)}
    found["dim"] = np.asarray(dim).astype(np.int64)
    found |= {name: np.asarray(features[name], dtype=float) for name in FEATURES}
    return {name: found[name] for name in COLUMNS}
