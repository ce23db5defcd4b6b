"""What colors say of a quantity: its value, how wide its interval is, or whether anything speaks against a patch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.palette import FLAGGED, WIDTH
from CTSMALib.scene.patch_table import PatchTable

VALUE, INTERVAL, FLAGS = ASPECTS = ("value", "interval", "flags")

FLAG_WORDS = {  # the flags of an MR come with their words from its own analysis, see flag_text()
    "unlike-training": "looks unlike the patches that the model was trained on",
    "low-snr": "the signal is weak against the noise",
    "low-contrast": "structure hardly stands out of the noise",
    "out-of-plane": "neighboring slices share little structure",
    "out-of-view": "part of the box lies outside the image",
    "motion": "the scan shows ghosts of moving parts",
    "dim-marrow": "there is hardly any pure marrow",
}
_FLAGGED = Quantity(
    FLAGGED,
    "flagged: 0 no, 1 yes",
    "1",
    "Flagged patches",
    "Whether anything speaks against the patch: it looks unlike those that the model was trained on, or its image is "
    "poor. The selected patch says what.",
    "this project, docs/student.md",
    (0.0, 1.0),
    0,
)


def aspects_of(table: PatchTable, key: str) -> tuple[str, ...]:
    """The aspects in which a table can show a quantity."""
    known = bool(np.isfinite(table.widths_of(key)).any())
    return (VALUE, *((INTERVAL,) if known else ()), *((FLAGS,) if known or table.flagged.any() else ()))


def shown_aspect(table: PatchTable, key: str, wanted: str) -> str:
    """The aspect that is shown where one is wanted: the value where the table has nothing else."""
    return wanted if wanted in aspects_of(table, key) else VALUE


def shown_quantity(key: str, aspect: str) -> Quantity:
    """What colors stand for, with their fixed range.

    The width of an interval is shown from 0 to half the display range of its quantity: an interval as wide as that says
    little.
    """
    entry = quantity(key)
    if aspect == FLAGS:
        return _FLAGGED
    if aspect == VALUE:
        return entry
    low, high = entry.display_range
    return replace(
        entry, key=f"{WIDTH}{key}", symbol=f"{entry.symbol}, width", title=f"{entry.title}, width of the interval",
        definition=f"Width of the 95 % interval of each patch. {entry.title}: {entry.definition}",
        display_range=(0.0, (high - low) / 2), mapped=False, lowest=0.0,
    )  # fmt: skip


def shown_values(table: PatchTable, key: str, aspect: str) -> NDArray[np.float64]:
    """(n,) what colors stand for, NaN where the quantity was not measured."""
    if aspect == INTERVAL:
        return table.widths_of(key)
    values = table.values_of(key)
    return values if aspect == VALUE else np.where(np.isfinite(values), table.flagged.astype(float), np.nan)


def flag_text(names: str) -> str:
    """Flags of a patch in words; empty for none.

    Args:
        names: as the table has them, separated by spaces.
    """
    return "; ".join(FLAG_WORDS.get(name, name) for name in names.split())
