"""The shipped student on virtual patients that nobody looked at before, against values of the MR and against truth.

The patch set is of a cohort of a seed that is kept for tests (931 for version 1.2, 941 for 1.3), with the true values
of some patches. ``student`` and the baselines are compared with the MR values of all patches; ``structure``
(``vcal_*``), and the same regression without networks, with the truth, by family of microstructure too.

Usage (what was chosen may not be changed by what is seen here: then it is touched)::

    ctsma virtual make --knees 66 --seed 941 --mode patches --grades balanced --patches 24
        --registration-error 0.3 --out COHORT
    ctsma patches COHORT --out SET
    python -m Testing.benchmarks.student.truth --cohort COHORT --patches SET --out TRUTH --each 6 --splits test
    python -m Testing.benchmarks.student.untouched --patches TRUTH --trained-on SET_WITH_TRUTH
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.chain import STRUCTURE, STRUCTURE_RIDGE, with_targets
from CTSMALib.learning.student.data import ct_cubes, table_of
from CTSMALib.learning.student.structure_fit import fit_without_networks
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.linear import design
from CTSMALib.student.model import StudentModel, load_student
from CTSMALib.student.structure import STRUCTURE_KEYS, Structure
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.agreement_rows import agreement_rows, drawn_iccs, less_rows
from Testing.benchmarks.student.whole import CODE, RESULTS, STUDENT, readings

ALL, RIDGE, LESS_RIDGE = "all", "ridge", "student less ridge"
FAMILIES = ("field", "bonebox_0", "bonebox_1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set with truth, of a cohort for tests")
    parser.add_argument("--trained-on", type=Path, required=True, help="patch set that baselines are fitted on")
    options = parser.parse_args()
    found, learned = with_targets(read_patch_set(options.patches)), read_patch_set(options.trained_on)
    if set(found.knees["split"]) != {"test"}:
        raise SystemExit("The patches are not of a cohort that is kept for tests (seeds 900 to 999).")
    model = load_student()
    settings = {"model": model.identity, "made_from": found.facts.made_from, "trained_on": learned.facts.made_from}
    table = ResultTable(RESULTS / "untouched.csv", ("arm", "group", "parameter"), CODE, **settings)
    table.rows.clear()
    subjects = found.of_knee("subject").astype(np.str_)
    iccs = {}
    for arm, values, sds in readings(model, found, learned):
        rows = agreement_rows(values, sds, found.targets, subjects, KEYS)
        table.add([{"arm": arm, "group": ALL, **row} for row in rows])
        iccs[arm] = drawn_iccs(values, found.targets, subjects)
    less = less_rows(iccs[STUDENT], iccs[RIDGE], KEYS, len(found), len(np.unique(subjects)))
    table.add([{"arm": LESS_RIDGE, "group": ALL, **row} for row in less])
    known = found.select(np.isfinite(found.truth).all(axis=1))
    for arm, read in structures(model, known, learned):
        families = known.of_knee("family")
        for group in (ALL, *FAMILIES):
            rows = np.flatnonzero((families == group) | (group == ALL))
            part = known.select(rows)
            whose = part.of_knee("subject").astype(np.str_)
            told = agreement_rows(read.values[rows], read.uncertainties[rows], part.truth, whose, STRUCTURE_KEYS)
            table.add([{"arm": arm, "group": group, **row} for row in told])
    for row in table.rows:
        print(row, flush=True)


def structures(model: StudentModel, known: PatchSet, learned: PatchSet) -> Iterator[tuple[str, Structure]]:
    features, cubes = table_of(known).features, ct_cubes(known)
    told = model.estimate(cubes, known.covariates, features).structure
    alone = fit_without_networks(with_targets(learned.of_split("tune")))
    assert told is not None and alone is not None
    yield STRUCTURE, told
    yield STRUCTURE_RIDGE, alone.of_columns(design(features, known.covariates))


if __name__ == "__main__":
    main()
