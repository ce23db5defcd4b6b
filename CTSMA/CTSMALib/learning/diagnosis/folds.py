"""Folds of patients, each with about as many knees of every grade."""

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

    Raises:
        InputError: there are too few patients or knees for so many folds, or a fold lacks knees with or without
            osteoarthritis.
    """
    subjects = np.array([case.subject for case in cases])
    grades = np.array([case.grade for case in cases])
    diseased = np.array([case.has_oa for case in cases])
    if len(np.unique(subjects)) < count:
        raise InputError(f"There are too few patients for {count} folds.", _REMEDY)
    found = np.zeros(len(cases), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rare grade need not be in every fold
        split = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(subjects, grades, subjects)
        try:
            for number, (_, held_out) in enumerate(split):
                found[held_out] = number
        except ValueError as error:  # no grade has as many knees as there are folds
            raise InputError(f"There are too few knees for {count} folds.", _REMEDY) from error
    for number in range(count):
        for inside in (found == number, found != number):
            if len(np.unique(diseased[inside])) < 2:
                raise InputError("A fold would lack knees with or without osteoarthritis.", _REMEDY)
    return found
