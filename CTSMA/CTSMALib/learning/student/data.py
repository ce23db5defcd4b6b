"""From a patch set to what networks and baselines learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.batches import Patches
from CTSMALib.learning.student.table import Table
from CTSMALib.student.cubes import Cubes
from CTSMALib.student.linear import FEATURES
from CTSMALib.student.reference_scale import REFERENCES, on_reference_scale


def patches_of(found: PatchSet) -> Patches:
    """Cubes and targets; patches without all targets are left out."""
    values = found.targets
    known = np.asarray(np.isfinite(values).all(axis=1))
    every = Patches(
        Cubes(found.ct, found.ct_valid), Cubes(found.mr, found.mr_valid), values, found.covariates,
        references_of(found), found.of_knee("subject").astype(np.str_),
    )  # fmt: skip
    return every if known.all() else every.select(known)


def references_of(found: PatchSet) -> NDArray[np.float64]:
    """(n, 2) references of the CT of each patch, in the order of ``REFERENCES``.

    Raises:
        InputError: they are not there, or solid bone is no denser than marrow.
    """
    references = np.column_stack([found.of_knee(name).astype(np.float64) for name in REFERENCES])
    wrong = np.flatnonzero(~(references[:, 1] > references[:, 0]))
    if len(wrong):
        raise InputError(
            f"The knee '{found.patches['knee'][wrong[0]]}' has no usable {' and '.join(REFERENCES)} in knees.csv.",
            "Make the patch set again with 'ctsma patches'.",
        )
    return references


def ct_cubes(found: PatchSet) -> Cubes:
    """Cubes of the CT as students read them."""
    return Cubes(on_reference_scale(found.ct, *references_of(found).T), found.ct_valid)


def table_of(found: PatchSet) -> Table:
    """Rows of numbers; a target may be NaN."""
    features = np.column_stack([found.patches[name] for name in FEATURES])
    return Table(features, found.covariates, found.targets, found.of_knee("subject").astype(np.str_))


def first_subjects(found: PatchSet, count: int) -> PatchSet:
    """The patches of the subjects that come first, or all where ``count`` is 0.

    Raises:
        InputError: there are fewer.
    """
    if count == 0:
        return found
    names = list(dict.fromkeys(found.knees["subject"].tolist()))
    if len(names) < count:
        raise InputError(
            f"{count} subjects are asked for, and the split has {len(names)}.", "Ask for fewer, or enlarge the cohort."
        )
    chosen = set(names[:count])
    return found.select(np.isin(found.of_knee("subject"), sorted(chosen)))
