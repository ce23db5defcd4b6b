"""Arms of :mod:`Testing.benchmarks.student.arms` less the student without distillation, on the same test patients.

Where a factor was changed (patients, size, misregistration), that is the student without distillation with the same
change; else the one of the center. An arm counts as the mean of its seeds, both arms with the seeds that both have.
Intervals are of patients, not of trainings. Predictions of :mod:`Testing.benchmarks.student.reference` are compared
likewise where they are copied into the folder.

Usage, after the arms::

    python -m Testing.benchmarks.student.paired --patches SET --predictions CACHE/CODE/SET_DIGEST/predictions
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval, pair_moments, pair_statistics, patient_draws
from CTSMALib.learning.evaluation.patch_table import PatchTable, patch_table
from CTSMALib.learning.evaluation.predictions import Run, read_predictions
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.learning.student.config import NONE
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


def base_of(arm: str, names: Iterable[str]) -> str:
    """The arm without distillation that another one is compared with."""
    way, _, change = arm.partition("-")
    changed = f"{NONE}-{change}"
    return changed if way != NONE and f"{changed}-s0" in names else BASE


def _row(arm: str, iccs: dict[str, Floats], patients: int) -> dict[str, object]:
    name = base_of(arm, iccs)
    seeds = [s for s in range(3) if f"{arm}-s{s}" in iccs and f"{name}-s{s}" in iccs]
    own = [iccs[f"{arm}-s{s}"] for s in seeds] or [iccs[run] for run in (arm, f"{arm}-s0") if run in iccs]
    if not own:
        raise SystemExit(f"The first seed of {arm} is missing among the predictions.")
    base = [iccs[f"{name}-s{s}"] for s in seeds] or [iccs[f"{name}-s0"]]
    row: dict[str, object] = {"arm": arm, "base": name, "seeds": len(own), "mean": float(np.mean(own, axis=0)[0, -1])}
    less = np.mean(own, axis=0) - np.mean(base, axis=0)
    for key, values in zip((*KEYS, "mean"), less.T, strict=True):
        found = corrected_interval(values, patients)
        row |= {f"{key}_less": found.value, f"{key}_low": found.low, f"{key}_high": found.high}
    return row


if __name__ == "__main__":
    main()
