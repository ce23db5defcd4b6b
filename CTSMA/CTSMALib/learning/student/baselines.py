"""What every network is compared with: mean CT number, ridge regression, gradient boosting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict

from CTSMALib.learning.student.table import Table
from CTSMALib.student.linear import FEATURES, LinearReading, design

Floats = NDArray[np.float64]
MEAN_HU, RIDGE, BOOSTING = "mean_hu", "ridge", "boosting"
BASELINES = (MEAN_HU, RIDGE, BOOSTING)
ALPHAS = tuple(float(v) for v in np.logspace(-2, 4, 13))
FOLDS = 5
BOOSTED = {"learning_rate": [0.05], "max_leaf_nodes": [7, 15], "min_samples_leaf": [10, 40], "l2_regularization": [1.0]}


@dataclass(frozen=True, eq=False)
class Baseline:
    """Attributes: (n, 4) values read; (4,) standard deviations of their errors in cross-validation by patient."""

    values: Floats
    sds: Floats


def fit_ridge(table: Table, targets: Floats, folds: int = FOLDS) -> tuple[LinearReading, Floats]:
    """:func:`fit_columns` to what baselines read; arguments as there."""
    return fit_columns(design(table.features, table.covariates), targets, table.subjects, folds)


def fit_columns(
    columns: Floats, targets: Floats, subjects: NDArray[np.str_], folds: int = FOLDS
) -> tuple[LinearReading, Floats]:
    """Ridge regression of each target; its strength is chosen in cross-validation by patient.

    Args:
        columns: (n, m) what is read.
        targets: (n, k); rows with NaN do not count.
        subjects: (n,) whose.
        folds: of the cross-validation.

    Returns:
        The reading, and (k,) standard deviations of its errors in cross-validation.
    """
    center, scale = (np.nan_to_num(f(columns, axis=0)) for f in (np.nanmean, np.nanstd))
    scale = np.where(scale > 1e-9, scale, 1.0)
    level = np.where(np.isfinite(columns), (columns - center) / scale, 0.0)
    weights, offset, sds = [], [], []
    for target in targets.T:
        known = np.isfinite(target)
        search = _search(Ridge(), {"alpha": list(ALPHAS)}, subjects[known], folds)
        search.fit(level[known], target[known], groups=subjects[known])
        weights.append(search.best_estimator_.coef_)
        offset.append(search.best_estimator_.intercept_)
        sds.append(_sd(search.best_estimator_, level[known], target[known], subjects[known], folds))
    return LinearReading(center, scale, np.array(weights).T, np.array(offset)), np.array(sds)


def read_with(name: str, train: Table, other: Table) -> Baseline:
    """Fit a baseline on some patches and read others.

    Args:
        name: of :data:`BASELINES`.
        train: to fit on.
        other: to read.
    """
    if name == RIDGE:
        fitted, errors = fit_ridge(train, train.values)
        return Baseline(fitted.read(design(other.features, other.covariates)), errors)
    values, sds = [], []
    for target in train.values.T:
        known = np.isfinite(target)
        whose, columns = train.subjects[known], _columns(name, train)[known]
        if name == MEAN_HU:
            search = _search(Ridge(), {"alpha": [1e-3]}, whose, FOLDS)
        else:
            search = _search(HistGradientBoostingRegressor(random_state=0), BOOSTED, whose, FOLDS)
        search.fit(columns, target[known], groups=whose)
        values.append(search.best_estimator_.predict(_columns(name, other)))
        sds.append(_sd(search.best_estimator_, columns, target[known], whose, FOLDS))
    return Baseline(np.array(values).T, np.array(sds))


def _columns(name: str, table: Table) -> Floats:
    if name == BOOSTING:
        return design(table.features, table.covariates)
    mean = table.features[:, FEATURES.index("ct_hu_mean")] / 100.0
    return np.column_stack([mean, mean**2])


def _search(model: object, grid: dict, subjects: NDArray, folds: int) -> GridSearchCV:
    count = min(folds, len(np.unique(subjects)))
    return GridSearchCV(model, grid, cv=GroupKFold(count), scoring="neg_mean_squared_error")


def _sd(model: object, columns: Floats, target: Floats, subjects: NDArray, folds: int) -> float:
    count = min(folds, len(np.unique(subjects)))
    found = cross_val_predict(model, columns, target, groups=subjects, cv=GroupKFold(count))
    return float(np.sqrt(np.mean((found - target) ** 2)))
