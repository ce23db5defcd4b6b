"""Arms of :mod:`Testing.benchmarks.student.arms` less the student without distillation, on the same test patients.

An arm counts as the mean of its seeds, both arms with the seeds that both have. Intervals are of patients, not of
trainings.

Usage, after the arms::

    python -m Testing.benchmarks.student.paired --patches SET --predictions CACHE/.../predictions
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval, pair_moments, pair_statistics, patient_draws
from CTSMALib.learning.evaluation.patch_table import PatchTable, patch_table
from CTSMALib.learning.evaluation.predictions import Run, read_predictions
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.arms import RESULTS

CODE = ("Testing/benchmarks/student",)
BASE = "none-0.002"  # the student without distillation, at the usual learning rate
SPLIT = "test"
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of predictions in the cache")
    options = parser.parse_args()
    table = patch_table(read_patch_set(options.patches))
    iccs = {run.name: _iccs(table, run) for run in read_predictions(options.predictions, table)}
    patients = len(np.unique(table.subjects[table.splits == SPLIT]))
    results = ResultTable(RESULTS / "paired.csv", ("arm",), CODE, source=table.source, patients=patients)
    results.rows.clear()
    results.add([_row(arm, iccs, patients) for arm in dict.fromkeys(name.rpartition("-s")[0] or name for name in iccs)])
    for row in results.rows:
        print(row, flush=True)


def _iccs(table: PatchTable, run: Run) -> Floats:
    """(1 + resamplings, 5) ICC(2,1) of the four parameters, and their mean."""
    known = np.isfinite(run.values).all(axis=1) & np.isfinite(table.labels).all(axis=1)
    rows = np.flatnonzero((table.splits == SPLIT) & known)
    names, codes = np.unique(table.subjects[rows], return_inverse=True)
    draws, found = patient_draws(len(names)), []
    for k in range(len(KEYS)):
        moments = pair_moments(table.labels[rows, k], run.values[rows, k], codes, len(names))
        found.append(pair_statistics(draws @ moments).icc_agreement)
    return np.column_stack([*found, np.mean(found, axis=0)])


def _row(arm: str, iccs: dict[str, Floats], patients: int) -> dict[str, object]:
    seeds = [s for s in range(3) if f"{arm}-s{s}" in iccs and f"{BASE}-s{s}" in iccs]
    own = [iccs[f"{arm}-s{s}"] for s in seeds] or [iccs[arm]]
    base = [iccs[f"{BASE}-s{s}"] for s in seeds] or [iccs[f"{BASE}-s0"]]
    row: dict[str, object] = {"arm": arm, "seeds": len(own), "mean": float(np.mean(own, axis=0)[0, -1])}
    less = np.mean(own, axis=0) - np.mean(base, axis=0)
    for key, values in zip((*KEYS, "mean"), less.T, strict=True):
        found = corrected_interval(values, patients)
        row |= {f"{key}_less": found.value, f"{key}_low": found.low, f"{key}_high": found.high}
    return row


if __name__ == "__main__":
    main()
