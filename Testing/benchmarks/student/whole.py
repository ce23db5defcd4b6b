"""The shipped student on whole virtual scans: own anatomy, own registration, own levels; beside the baselines.

The patch set is that of ``ctsma register --cohort`` and ``ctsma patches`` on whole scans (seed 902, kept for tests);
what is trained comes from boxes. So this is where boxes and whole scans might differ: bones that were found, masks,
sharpness and noise as measured, levels of the MR, registration.

Usage::

    ctsma virtual make --mode whole --grades balanced --knees 12 --seed 902 --no-truth --out PAIRS
    ctsma register --cohort PAIRS/manifest.csv --out REGISTERED --no-images
    ctsma patches REGISTERED/manifest.csv --out WHOLE
    python -m Testing.benchmarks.student.whole --patches WHOLE --trained-on SET [--model DIR]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import icc_consistency
from CTSMALib.agreement.pair_moments import pair_moments, pair_statistics
from CTSMALib.agreement.resampling import corrected_interval, patient_draws
from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain import with_targets
from CTSMALib.learning.student.data import first_subjects, table_of
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.cubes import Cubes
from CTSMALib.student.model import TASK, StudentModel, load_student
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/student", "CTSMA/CTSMALib/learning/patches")
STUDENT, SUBJECTS, RESAMPLINGS = "student", 60, 500
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set of whole scans")
    parser.add_argument("--trained-on", type=Path, required=True, help="patch set that baselines are fitted on")
    parser.add_argument("--model", type=Path, help="bundle; the shipped one where it is left out")
    options = parser.parse_args()
    found, learned = with_targets(read_patch_set(options.patches)), read_patch_set(options.trained_on)
    model = load_student(None if options.model is None else read_bundle(options.model, TASK))
    settings = {"model": model.identity, "patches": len(found), "trained_on": learned.facts.made_from}
    table = ResultTable(RESULTS / "whole.csv", ("arm", "parameter"), CODE, **settings)
    for arm, values, sds in _readings(model, found, learned):
        if not table.holds(arm=arm):
            table.add(_rows(arm, values, sds, found))
            for row in table.rows[-len(KEYS) :]:
                print(row, flush=True)


def _readings(model: StudentModel, found: PatchSet, learned: PatchSet) -> Iterator[tuple[str, Floats, Floats]]:
    estimate = model.estimate(Cubes(found.ct, found.ct_valid), found.covariates, table_of(found).features)
    yield STUDENT, estimate.values, estimate.uncertainties
    train = learned.of_split("train")
    few = first_subjects(train, min(SUBJECTS, len(train.knees["subject"])))
    for name in BASELINES:
        fitted = read_with(name, table_of(few), table_of(found))
        yield name, fitted.values, np.broadcast_to(fitted.sds, fitted.values.shape)


def _rows(arm: str, values: Floats, sds: Floats, found: PatchSet) -> list[dict[str, object]]:
    names, codes = np.unique(found.of_knee("subject"), return_inverse=True)
    draws, rows = patient_draws(len(names), RESAMPLINGS), []
    for k, key in enumerate(KEYS):
        pair = np.column_stack([values[:, k], found.targets[:, k]])
        off = pair[:, 0] - pair[:, 1]
        moments = pair_moments(pair[:, 1], pair[:, 0], codes, len(names))
        icc = corrected_interval(pair_statistics(draws @ moments).icc_agreement, len(names))
        rows.append(
            {
                "arm": arm, "parameter": key, "patches": len(pair), "knees": len(names), "icc": icc.value,
                "low": icc.low, "high": icc.high, "consistency": icc_consistency(pair), "bias": f"{off.mean():.4f}",
                "rmse": f"{np.sqrt(np.mean(off**2)):.4f}", "r": float(np.corrcoef(pair.T)[0, 1]),
                "covered": float(np.mean(np.abs(off) <= 1.96 * sds[:, k])),
            }
        )  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
