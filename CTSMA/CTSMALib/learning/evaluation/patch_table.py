"""What an evaluation needs of a patch set: labels, truth, and what patches are grouped by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.learning.patches.patch_set import PatchSet


@dataclass(frozen=True, eq=False)
class PatchTable:
    """The patches of a set, without their images.

    Attributes:
        virtual: whether they are of virtual knees.
        source: what the set was made from.
        names: (knee, id) of each patch.
        subjects: (n,) whose each patch is.
        splits: (n,) in which its subject is.
        strata: (n,) codes of knee and compartment.
        labels: (n, 4) MR values by :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`; not a number where none is.
        truth: (n, 4) true values, likewise.
        columns: (n,) each, by name: those of patches and, of their knees, the others.
    """

    virtual: bool
    source: str
    names: tuple[tuple[str, str], ...]
    subjects: NDArray[np.str_]
    splits: NDArray[np.str_]
    strata: NDArray[np.intp]
    labels: NDArray[np.float64]
    truth: NDArray[np.float64]
    columns: dict[str, NDArray[Any]]

    def text(self, name: str) -> NDArray[np.str_]:
        """(n,) a column in words; empty where there is none."""
        values = self.columns.get(name, np.full(len(self.names), "", dtype=np.str_))
        if values.dtype.kind not in "fiu":
            return values.astype(np.str_)
        return np.array([f"{value:g}" if np.isfinite(value) else "" for value in values.tolist()], dtype=np.str_)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """(n,) a column as numbers; not a number where it holds none."""
        values = self.columns.get(name)
        if values is None or values.dtype.kind not in "fiu":
            return np.full(len(self.names), np.nan)
        return values.astype(np.float64)


def patch_table(found: PatchSet) -> PatchTable:
    """The table of a patch set.

    Raises:
        InputError: it holds no patches, one of them twice, or a subject in two splits.
    """
    names = tuple(zip(found.patches["knee"].tolist(), found.patches["id"].tolist(), strict=True))
    if not names:
        raise InputError(f"The patch set {found.folder} holds no patches.", "Make it anew with 'ctsma patches'.")
    if len(set(names)) < len(names):
        raise InputError(f"The patch set {found.folder} holds a patch twice.", "Make it anew with 'ctsma patches'.")
    subjects, splits = found.of_knee("subject"), found.of_knee("split")
    _refuse_leaks(found)
    parts = [
        f"{knee}\n{compartment}" for (knee, _), compartment in zip(names, found.patches["compartment"], strict=True)
    ]
    return PatchTable(
        virtual=found.facts.virtual,
        source=found.facts.source,
        names=names,
        subjects=subjects,
        splits=splits,
        strata=np.unique(parts, return_inverse=True)[1].astype(np.intp),
        labels=found.targets,
        truth=found.truth,
        columns={**{name: found.of_knee(name) for name in found.knees}, **found.patches},
    )


def _refuse_leaks(found: PatchSet) -> None:
    """Both knees of a subject must be in one split, or what was learned is tested."""
    split_of: dict[str, str] = {}
    for subject, split in zip(found.knees["subject"].tolist(), found.knees["split"].tolist(), strict=True):
        if split_of.setdefault(subject, split) != split:
            raise InputError(
                f"The subject '{subject}' of {found.folder} is in two splits.",
                "Split by subject, and make the set anew.",
            )
