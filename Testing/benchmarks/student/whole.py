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

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain import with_targets
from CTSMALib.learning.student.data import ct_cubes, first_subjects, table_of
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import TASK, StudentModel, load_student
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.agreement_rows import agreement_rows

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/student", "CTSMA/CTSMALib/learning/patches")
STUDENT, SUBJECTS = "student", 80  # baselines learn from as many as the shipped student
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
    table.rows.clear()
    for arm, values, sds in readings(model, found, learned):
        rows = agreement_rows(values, sds, found.targets, found.of_knee("subject").astype(np.str_), KEYS)
        table.add([{"arm": arm, **row} for row in rows])
    for row in table.rows:
        print(row, flush=True)


def readings(model: StudentModel, found: PatchSet, learned: PatchSet) -> Iterator[tuple[str, Floats, Floats]]:
    """Arm, (n, 4) values and (n, 4) standard uncertainties, of the model and of baselines fitted on few patients."""
    estimate = model.estimate(ct_cubes(found), found.covariates, table_of(found).features)
    yield STUDENT, estimate.values, estimate.uncertainties
    train = learned.of_split("train")
    few = first_subjects(train, SUBJECTS)
    for name in BASELINES:
        fitted = read_with(name, table_of(few), table_of(found))
        yield name, fitted.values, np.broadcast_to(fitted.sds, fitted.values.shape)


if __name__ == "__main__":
    main()
