"""Rows of a table: how values agree with what they are to be, each parameter and the mean of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import icc_consistency
from CTSMALib.agreement.pair_moments import pair_moments, pair_statistics
from CTSMALib.agreement.resampling import corrected_interval, patient_draws

COLUMNS = ("patches", "knees", "icc", "low", "high", "consistency", "bias", "rmse", "r", "covered")
MEAN = "mean"
RESAMPLINGS = 500
COVERED_SDS = 1.96
Floats = NDArray[np.float64]


def agreement_rows(
    values: Floats, sds: Floats, targets: Floats, subjects: NDArray[np.str_], keys: Sequence[str]
) -> list[dict[str, object]]:
    """One row for each parameter, and one for the mean of their ICCs.

    Args:
        values: (n, k) that were read.
        sds: (n, k) standard uncertainties; all NaN where there are none.
        targets: (n, k) that they are to be.
        subjects: (n,) whose patches these are; intervals resample these.
        keys: (k,) of the parameters.
    """
    count, rows, drawn = len(np.unique(subjects)), [], drawn_iccs(values, targets, subjects)
    for k, key in enumerate(keys):
        pair = np.column_stack([values[:, k], targets[:, k]])
        off = pair[:, 0] - pair[:, 1]
        icc = corrected_interval(drawn[:, k], count)
        rows.append(
            {
                "parameter": key, "patches": len(pair), "knees": count, "icc": icc.value,
                "low": icc.low, "high": icc.high, "consistency": icc_consistency(pair), "bias": f"{off.mean():.4f}",
                "rmse": f"{np.sqrt(np.mean(off**2)):.4f}", "r": float(np.corrcoef(pair.T)[0, 1]),
                "covered": "" if np.isnan(sds).all() else float(np.mean(np.abs(off) <= COVERED_SDS * sds[:, k])),
            }
        )  # fmt: skip
    return [*rows, _interval_row(MEAN, np.mean(drawn, axis=1), len(values), count)]


def less_rows(
    drawn: Floats, others: Floats, keys: Sequence[str], patches: int, patients: int
) -> list[dict[str, object]]:
    """One arm less another, paired, for each parameter and for the mean of their ICCs; in the same columns.

    Args:
        drawn, others: of :func:`drawn_iccs`, of the same patches.
        keys: (k,) of the parameters.
        patches, patients: how many.
    """
    apart = drawn - others
    each = zip((*keys, MEAN), (*apart.T, apart.mean(axis=1)), strict=True)
    return [_interval_row(key, values, patches, patients) for key, values in each]


def _interval_row(key: str, drawn: Floats, patches: int, patients: int) -> dict[str, object]:
    found = corrected_interval(drawn, patients)
    numbers = {"patches": patches, "knees": patients, "icc": found.value, "low": found.low, "high": found.high}
    return {"parameter": key, **dict.fromkeys(COLUMNS, ""), **numbers}


def drawn_iccs(values: Floats, targets: Floats, subjects: NDArray[np.str_]) -> Floats:
    """(1 + resamplings, k) ICC(2,1) of each parameter, of all patients first; the same patients get the same draws."""
    names, codes = np.unique(subjects, return_inverse=True)
    draws, found = patient_draws(len(names), RESAMPLINGS), []
    for value, target in zip(values.T, targets.T, strict=True):
        moments = pair_moments(target, value, codes, len(names))
        found.append(pair_statistics(draws @ moments).icc_agreement)
    return np.column_stack(found)
