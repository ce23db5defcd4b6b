"""Values that say what arms may be expected to reach: references, not upper bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
FOLDS = 10
PENALTY = 1.0  # of standardized features; small beside the number of patches
FEWEST_PATIENTS = 4


def from_true_parameters(truth: Numbers, labels: Numbers, patients: NDArray[np.intp], seed: int = 0) -> Numbers:
    """What ridge regression (Hoerl & Kennard, Technometrics 1970;12:55) makes of the true parameters.

    It knows the structure exactly, and what is left is what the MR adds: noise, artifacts, its threshold. Features are
    the true parameters, their squares and products; a patient's values come from a fit without that patient.

    Args:
        truth: (n, k) true parameters; not a number where unknown.
        labels: (n, t) MR values, likewise.
        patients: (n,) codes from 0.
        seed: of the division into folds.

    Returns:
        (n, t) not a number where something is unknown, or there are too few patients.
    """
    found = np.full(labels.shape, np.nan)
    known = np.isfinite(truth).all(axis=1) & np.isfinite(labels).all(axis=1)
    names = np.unique(patients[known])
    if len(names) < FEWEST_PATIENTS:
        return found
    fold_of = np.zeros(int(patients.max()) + 1, dtype=int)
    fold_of[names] = np.random.default_rng(seed).permutation(len(names)) % min(FOLDS, len(names))
    folds = np.where(known, fold_of[patients], -1)
    features = _features(truth)
    for fold in range(int(folds.max()) + 1):
        own, rest = folds == fold, (folds != fold) & known
        found[own] = _ridge(features[rest], labels[rest], features[own])
    return found


def calibrated(values: Numbers, truth: Numbers, fitted_on: NDArray[np.bool_], asked: NDArray[np.intp]) -> Numbers:
    """Values on the scale of truth, by a line for each parameter fitted by least squares.

    Args:
        values: (n, k) of all patches.
        truth: (n, k)
        fitted_on: (n,) patches that the lines are fitted on.
        asked: (m,) patches whose values are asked for.

    Returns:
        (m, k) not a number where fewer than three patches with different values could be fitted.
    """
    found = np.full((len(asked), values.shape[1]), np.nan)
    for column, (value, true) in enumerate(zip(values.T, truth.T, strict=True)):
        known = fitted_on & np.isfinite(value) & np.isfinite(true)
        if known.sum() < 3 or np.ptp(value[known]) == 0.0:
            continue
        middle, level = value[known].mean(), true[known].mean()
        slope = np.sum((value[known] - middle) * (true[known] - level)) / np.sum((value[known] - middle) ** 2)
        found[:, column] = level + slope * (value[asked] - middle)
    return found


def _features(truth: Numbers) -> Numbers:
    first, second = np.triu_indices(truth.shape[1])
    return np.concatenate([truth, truth[:, first] * truth[:, second]], axis=1)


def _ridge(features: Numbers, targets: Numbers, asked: Numbers) -> Numbers:
    """Predictions at ``asked`` of a fit with an intercept that is not penalized."""
    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0.0] = 1.0
    scaled, level = (features - middle) / spread, targets.mean(axis=0)
    gram = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
    weights = np.linalg.solve(gram, scaled.T @ (targets - level))
    predicted: Numbers = level + (asked - middle) / spread @ weights
    return predicted
