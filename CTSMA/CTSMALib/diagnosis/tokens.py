"""What is known of the 96 patches of a knee, in the fixed order of the learning grid."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch_grid import COLUMNS, LAYERS, ROWS
from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.recipe import KEYS

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

COMPARTMENT_KEYS = tuple(compartment.key for compartment in COMPARTMENTS)
_SPOTS = tuple(
    (compartment, row, column, layer)
    for compartment in range(len(COMPARTMENTS))
    for column in range(COLUMNS)
    for row in range(ROWS)
    for layer in range(len(LAYERS))
)
IDS = tuple(f"{COMPARTMENT_KEYS[k]}-r{row + 1}-c{column + 1}-d{layer + 1}" for k, row, column, layer in _SPOTS)
PLACES = len(IDS)
# (96, 4) compartment, row, column and layer of each place, counted from 0
SPOTS: NDArray[np.int64] = np.array(_SPOTS, dtype=np.int64)
COMPARTMENT: NDArray[np.int64] = SPOTS[:, 0]
FEWEST, FEWEST_IN_COMPARTMENT = 12, 2  # patches without which nothing is said
MOST_UNLIKE = 0.25  # share of the patches that may look unlike those that their values are learned from
_NUMBER = {name: number for number, name in enumerate(IDS)}


@dataclass(frozen=True, eq=False)
class KneeTokens:
    """The patches of one knee as a model takes them.

    Attributes:
        values: (96, k) of the k quantities, :data:`KEYS` for all models that are delivered; not numbers where absent.
        uncertainties: (96, k) their standard uncertainties; not numbers where unknown.
        present: (96,) which patches have all their values.
        age: of the patient in years; not a number where unknown.
        unlike: how many patches are absent because they look unlike those that their values are learned from.
        refused: compartments that are absent as a whole, each with the reason.
        features: (96, f) what a student sees beside, see :mod:`CTSMALib.student.summary`; not numbers where absent, and
            f is 0 where nobody asks for them.
    """

    values: Array
    uncertainties: Array
    present: Flags
    age: float = float("nan")
    unlike: int = 0
    refused: tuple[str, ...] = ()
    features: Array = field(default_factory=lambda: np.empty((PLACES, 0)))

    def __post_init__(self) -> None:
        """Refuse other shapes."""
        if self.values.ndim != 2 or len(self.values) != PLACES or self.uncertainties.shape != self.values.shape:
            raise ValueError(f"values of shape {self.values.shape}, not ({PLACES}, k)")
        if self.present.shape != (PLACES,) or self.features.shape[:1] != (PLACES,):
            raise ValueError("one row for each place of the learning grid is needed")

    @property
    def counts(self) -> NDArray[np.int64]:
        """(4,) patches that are present in each of :data:`COMPARTMENT_KEYS`."""
        return np.bincount(COMPARTMENT[self.present], minlength=len(COMPARTMENTS)).astype(np.int64)

    @property
    def quantities(self) -> Array:
        """(96, k + f) values and features."""
        return np.concatenate([self.values, self.features], axis=1)

    def with_features(self, features: Mapping[str, Sequence[float]], count: int) -> KneeTokens:
        """The same knee with the first ``count`` features of patches by their ids; one that lacks them is absent."""
        found = np.full((PLACES, count), np.nan)
        for name, known in features.items():
            if len(known) >= count:
                found[_NUMBER[name]] = known[:count]
        return replace(self, features=found, present=self.present & np.isfinite(found).all(axis=1))

    def only(self, kept: Flags) -> KneeTokens:
        """The same knee with the patches of (96,) ``kept`` alone."""
        return replace(self, present=self.present & kept)

    def without_unlike(self, unlike: Flags) -> KneeTokens:
        """The same knee without the patches of (96,) ``unlike``; how many these are is kept."""
        lost = int((self.present & unlike).sum())
        return replace(self, present=self.present & ~unlike, unlike=self.unlike + lost)

    def without_refused(self, kept: Flags, reason: str) -> KneeTokens:
        """The same knee without a compartment, which is not among (96,) ``kept``, and why."""
        return replace(self, present=self.present & kept, refused=(*self.refused, reason))

    @property
    def digest(self) -> str:
        """Of values and uncertainties, to tell whether a diagnosis was made from these very ones."""
        known = np.where(self.present[:, None], self.values, 0.0)
        unsure = np.where(self.present[:, None], np.nan_to_num(self.uncertainties, nan=-1.0), 0.0)
        found = hashlib.sha256(np.packbits(self.present).tobytes())
        for array in (known, unsure):
            found.update(np.array2string(array, precision=6, threshold=array.size + 1).encode())
        return found.hexdigest()


def knee_tokens(
    values: Mapping[str, Mapping[str, float]],
    uncertainties: Mapping[str, Mapping[str, float]] | None = None,
    age: float = float("nan"),
    keys: Sequence[str] = KEYS,
) -> KneeTokens:
    """Tokens from what is known of patches by their ids.

    Args:
        values: id on the learning grid, as ``"TM-r2-c4-d1"``, to values by key. A patch that lacks one of ``keys``, or
            has none that is finite, is absent.
        uncertainties: likewise, standard uncertainties; any may be missing.
        age: of the patient in years.
        keys: quantities that are taken, in this order.

    Raises:
        InputError: an id is not on the learning grid.
    """
    found, unsure = (np.full((PLACES, len(keys)), np.nan) for _ in range(2))
    for name, known in values.items():
        if name not in _NUMBER:
            raise InputError(
                f"The patch '{name}' is not on the learning grid.", "Give patches as 'ctsma analyze' names them."
            )
        place = _NUMBER[name]
        found[place] = [known.get(key, np.nan) for key in keys]
        sure = (uncertainties or {}).get(name, {})
        unsure[place] = [sure.get(key, np.nan) for key in keys]
    return KneeTokens(found, unsure, np.isfinite(found).all(axis=1), age)


def lacking(tokens: KneeTokens) -> str:
    """Why there are too few patches to say anything, as a sentence; empty where there are enough."""
    if tokens.refused:
        one = len(tokens.refused) == 1
        what = "A compartment is" if one else f"{len(tokens.refused)} compartments are"
        return f"{what} not reported. {' '.join(_sentence(reason) for reason in tokens.refused)}"
    counts = tokens.counts
    read = int(counts.sum()) + tokens.unlike
    if tokens.unlike > MOST_UNLIKE * read:
        return (
            f"{tokens.unlike} of {read} patches look unlike those that their values are learned from, more than one "
            f"in {1.0 / MOST_UNLIKE:.0f}."
        )
    if counts.sum() < FEWEST:
        return f"Only {counts.sum()} of {PLACES} patches have values; at least {FEWEST} are needed."
    least = int(np.argmin(counts))
    if counts[least] < FEWEST_IN_COMPARTMENT:
        title = COMPARTMENTS[least].title.lower()
        return f"Only {counts[least]} patches of the {title} have values; at least {FEWEST_IN_COMPARTMENT} are needed."
    return ""


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
