"""Folds of patients, each with about as many knees of every grade, or of those with and without osteoarthritis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis.dataset import Case

_REMEDY = "Take more knees, or fewer folds."


def folds(cases: Sequence[Case], count: int, seed: int) -> NDArray[np.int64]:
    """(n,) the fold of each knee; both knees of a patient are in the same one.

    Grades are spread evenly; of few knees, where a fold would then lack those with or without osteoarthritis, these.

    Raises:
        InputError: there are too few patients or knees for so many folds, or a fold lacks knees with or without
            osteoarthritis.
    """
    subjects = np.array([case.subject for case in cases])
    grades = np.array([case.grade for case in cases])
    diseased = np.array([case.has_oa for case in cases])
    if len(np.unique(subjects)) < count:
        raise InputError(f"There are too few patients for {count} folds.", _REMEDY)
    parts = [_split(subjects, strata, count, seed) for strata in (grades, diseased)]
    if all(found is None for found in parts):
        raise InputError(f"There are too few knees for {count} folds.", _REMEDY)
    for found in parts:
        if found is not None and _have_both(found, diseased, count):
            return found
    raise InputError("A fold would lack knees with or without osteoarthritis.", _REMEDY)


def _split(subjects: NDArray, strata: NDArray, count: int, seed: int) -> NDArray[np.int64] | None:
    """(n,) folds with about as much of every stratum; ``None`` where none has as many knees as there are folds."""
    found = np.zeros(len(subjects), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rare stratum need not be in every fold
        try:
            split = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(subjects, strata, subjects)
            for number, (_, held_out) in enumerate(split):
                found[held_out] = number
        except ValueError:
            return None
    return found


def _have_both(found: NDArray[np.int64], diseased: NDArray, count: int) -> bool:
    """Whether every fold, and what is left without it, has knees with and without osteoarthritis."""
    parts = [inside for number in range(count) for inside in (found == number, found != number)]
    return all(len(np.unique(diseased[inside])) == 2 for inside in parts)
