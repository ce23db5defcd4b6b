"""How an evaluation is put into words: names of statistics, levels and groups, numbers with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTSMALib.catalogue import quantity
from CTSMALib.report.wording import MISSING, clean, number_text

if TYPE_CHECKING:
    from CTSMALib.learning.evaluation.result import Difference, Finding

VIRTUAL = "virtual knees, not patients"
LEVELS = {
    "patch": "Patches",
    "compartment": "Compartments",
    "patient": "Patients",
    "within-stratum": "Within a compartment",
    "middle-half": "Middle half of the range",
}
GROUPINGS = {
    "ct-kernel": "CT protocol",
    "ct-sharpness": "Blur of the CT",
    "ct-noise": "Noise of the CT",
    "grade": "Grade",
    "compartment": "Compartment",
    "family": "Family of structures",
    "registration-error": "Registration error",
    "dim-marrow": "Dim marrow in the MR",
}
BESIDE = "reference: "
ROWS = {
    "ceiling_true_parameters": f"{BESIDE}ridge on true parameters",
    "ceiling_rescan": f"{BESIDE}second MR scan",
    "mr_values": "MR values themselves",
}
LONGEST_NAME = 40


def name(arm: str) -> str:
    """An arm, or what stands beside arms, as printed."""
    return ROWS.get(arm, clean(arm, LONGEST_NAME))


def symbol(key: str) -> str:
    """Of a parameter, as printed."""
    return quantity(key).symbol


def with_virtual(title: str, virtual: bool) -> str:
    """A title that says what the knees are."""
    return f"{title} ({VIRTUAL})" if virtual else title


def with_interval(found: Finding | Difference | None, decimals: int = 3, signed: bool = False) -> str:
    """``0.912 (0.873 to 0.941)``; a dash where there is none."""
    if found is None or found.value != found.value:
        return MISSING
    value, low, high = (_text(number, decimals, signed) for number in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})" if MISSING not in (low, high) else value


def plain(found: Finding | None, decimals: int = 3) -> str:
    """The value alone."""
    return MISSING if found is None else number_text(found.value, decimals)


def _text(value: float, decimals: int, signed: bool) -> str:
    text = number_text(value, decimals)
    return f"+{text}" if signed and value > 0.0 and text != MISSING else text
