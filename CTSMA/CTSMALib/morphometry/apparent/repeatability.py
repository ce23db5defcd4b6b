"""How well apparent parameters repeat in a new session: data that comes with the package, and reports use.

``repeatability.json`` beside this module is written by ``Testing/benchmarks/apparent/recipes.py``; it says on what it
was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from CTSMALib.morphometry.apparent.recipe import Recipe

FILE = Path(__file__).with_name("repeatability.json")
SCHEMA_VERSION = "1.0"
ALL = "all"  # compartments together


@dataclass(frozen=True)
class KnownRepeatability:
    """Of one parameter, in single patches of one or all compartments.

    Attributes:
        parameter: catalogue key.
        compartment: key of a compartment, or :data:`ALL`.
        icc, icc_low, icc_high: ICC(2,1) of two sessions, absolute agreement, single measurement, with the 95 % interval
            from resampling knees.
        within_sd: standard deviation within a patch between sessions, in the parameter's unit.
        cv_percent: the same relative to the mean.
        least_change: least significant change at 95 %, 2.77 times ``within_sd``.
        patches, knees: how many.
    """

    parameter: str
    compartment: str
    icc: float
    icc_low: float
    icc_high: float
    within_sd: float
    cv_percent: float
    least_change: float
    patches: int
    knees: int


@dataclass(frozen=True)
class RepeatabilityStudy:
    """What was measured, and how.

    Attributes:
        recipe, recipe_version: how parameters were read.
        basis: what was scanned twice, in words for a report.
        entries: one for each parameter and compartment.
        schema_version: of the file.
    """

    recipe: str
    recipe_version: int
    basis: str
    entries: tuple[KnownRepeatability, ...]
    schema_version: str = SCHEMA_VERSION


@lru_cache(maxsize=1)
def study() -> RepeatabilityStudy | None:
    """The study that comes with the package; ``None`` where there is none."""
    if not FILE.exists():
        return None
    return msgspec.json.decode(FILE.read_bytes(), type=RepeatabilityStudy)


def repeatability_of(recipe: Recipe, parameter: str, compartment: str = ALL) -> KnownRepeatability | None:
    """What is known of a parameter.

    Args:
        recipe: how it is read; another recipe or version than that of the study has no entry.
        parameter: catalogue key.
        compartment: key of a compartment, or :data:`ALL`.
    """
    known = study()
    if known is None or (known.recipe, known.recipe_version) != (recipe.name, recipe.version):
        return None
    return next((e for e in known.entries if (e.parameter, e.compartment) == (parameter, compartment)), None)
