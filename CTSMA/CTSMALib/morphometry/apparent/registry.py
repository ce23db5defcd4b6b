"""The recipes that there are, by name."""

from __future__ import annotations

from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.blurred_plates import BlurredPlates
from CTSMALib.morphometry.apparent.correlation import Correlation
from CTSMALib.morphometry.apparent.dual_reference import DualReference
from CTSMALib.morphometry.apparent.local_adaptive import LocalAdaptive
from CTSMALib.morphometry.apparent.partial_volume import PartialVolume
from CTSMALib.morphometry.apparent.recipe import Recipe
from CTSMALib.morphometry.apparent.reference import CorrectedReference, Reference

_ALL: tuple[Recipe, ...] = (
    DualReference(),
    LocalAdaptive(),
    PartialVolume(),
    Correlation(),
    BlurredPlates(),
    Reference(),
    CorrectedReference(),
)
DEFAULT: Recipe = Correlation()  # chosen in docs/decisions/0012-apparent-parameters.md
RECIPES: dict[str, Recipe] = {found.name: found for found in _ALL}


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        InputError: there is none.
    """
    if name not in RECIPES:
        raise InputError(
            f"There is no recipe '{name}' for apparent parameters.", f"Use one of {', '.join(sorted(RECIPES))}."
        )
    return RECIPES[name]
