"""Statistics of one run on all data and on every resampling of patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import limits_of_agreement, pair_moments, pair_statistics
from CTSMALib.agreement.pair_moments import WITHIN
from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.views import pairs_at
from CTSMALib.morphometry.apparent.recipe import KEYS

Numbers = NDArray[np.float64]
Samples = dict[tuple[str, str], Numbers]  # (key, statistic) to (1 + resamplings,), all data first
PAIRS = "pairs"
_AVERAGED = (result.AGREEMENT, result.CONSISTENCY)  # over the four parameters as well


@dataclass(frozen=True, eq=False)
class Setting:
    """What is the same for all runs.

    Attributes:
        rows: (n,) patches of the set that are evaluated.
        patients: (n,) codes from 0.
        strata: (n,) codes of knee and compartment.
        draws: (1 + resamplings, patients), of :func:`~CTSMALib.agreement.patient_draws`.
    """

    rows: NDArray[np.intp]
    patients: NDArray[np.intp]
    strata: NDArray[np.intp]
    draws: Numbers


def samples(setting: Setting, level: str, labels: Numbers, values: Numbers, uncertainties: Numbers | None) -> Samples:
    """Every statistic of a run.

    Args:
        setting: rows and draws.
        level: one of :data:`~CTSMALib.learning.evaluation.result.LEVELS`.
        labels: (n, 4) of the rows; not a number where there is none, or where it is not to count.
        values: (n, 4) likewise.
        uncertainties: (n, 4) standard uncertainties of the values against these labels; ``None`` where they are not
            meant for them, or not for this level.
    """
    found: Samples = {}
    for column, key in enumerate(KEYS):
        x, y = labels[:, column], values[:, column]
        found |= {(key, name): numbers for name, numbers in _agreement(setting, level, x, y).items()}
        if uncertainties is not None:
            share = _coverage(setting, x, y, uncertainties[:, column])
            if share is not None:
                found[key, result.COVERAGE] = share
    for name in _AVERAGED:
        found[result.MEAN, name] = np.mean([found[key, name] for key in KEYS], axis=0)
    found[result.MEAN, PAIRS] = np.min([found[key, PAIRS] for key in KEYS], axis=0)
    return found


def _agreement(setting: Setting, level: str, labels: Numbers, values: Numbers) -> dict[str, Numbers]:
    pairs = pairs_at(level, labels, values, setting.patients, setting.strata)
    middle = float(pairs.labels.mean()) if len(pairs.labels) else 0.0  # sums of small numbers keep their digits
    moments = pair_moments(pairs.labels - middle, pairs.values - middle, pairs.patients, setting.draws.shape[1])
    found = pair_statistics(setting.draws @ moments)
    lower, upper = limits_of_agreement(moments, setting.draws)
    return {
        PAIRS: found.n,
        result.AGREEMENT: found.icc_agreement,
        result.CONSISTENCY: found.icc_consistency,
        result.RMSE: found.rmse,
        result.BIAS: found.bias,
        result.LOWER: lower,
        result.UPPER: upper,
        result.CORRELATION: found.correlation,
        result.REFERENCE_SD: found.first_sd,
    }


def _coverage(setting: Setting, labels: Numbers, values: Numbers, uncertainties: Numbers) -> Numbers | None:
    """The share of labels that lie within 1.96 standard uncertainties of the value."""
    known = np.isfinite(labels) & np.isfinite(values) & np.isfinite(uncertainties)
    if not known.any():
        return None
    inside = np.abs(labels - values)[known] <= WITHIN * uncertainties[known]
    owners, count = setting.patients[known], setting.draws.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Numbers = (setting.draws @ np.bincount(owners, inside, count)) / (
            setting.draws @ np.bincount(owners, minlength=count)
        )
    return share
