"""The shipped student beside the published recipe, on virtual patients that neither has learned from or was chosen on.

Called by :mod:`Testing.benchmarks.student.reference`, which holds the networks.
"""

from __future__ import annotations

import numpy as np

from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.data import ct_cubes, table_of
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import load_student
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.agreement_rows import Floats, agreement_rows, drawn_iccs, less_rows
from Testing.benchmarks.student.whole import RESULTS, STUDENT

FILE = RESULTS / "reference_untouched.csv"
COMPARED = ((STUDENT, "reference_none"), (STUDENT, "reference_l1"), ("reference_l1", "reference_none"))


def write_comparison(read: dict[str, Floats], found: PatchSet, code: tuple[str, ...], **settings: object) -> None:
    """Agreement with the MR of the student and of each arm, and one less another, patient by patient.

    Args:
        read: (n, 4) values by arm.
        found: n patches with targets.
        code: what the networks depend on.
        settings: how they were trained.
    """
    model, subjects = load_student(), found.of_knee("subject").astype(np.str_)
    told = {"model": model.identity, "untouched": found.facts.made_from}
    table = ResultTable(FILE, ("arm", "parameter"), code, **settings, **told)
    table.rows.clear()
    estimate = model.estimate(ct_cubes(found), found.covariates, table_of(found).features)
    arms = {STUDENT: estimate.values, **read}
    for arm, values in arms.items():
        sds = estimate.uncertainties if arm == STUDENT else np.full(values.shape, np.nan)
        table.add([{"arm": arm, **row} for row in agreement_rows(values, sds, found.targets, subjects, KEYS)])
    drawn = {arm: drawn_iccs(values, found.targets, subjects) for arm, values in arms.items()}
    for one, other in COMPARED:
        rows = less_rows(drawn[one], drawn[other], KEYS, len(found), len(np.unique(subjects)))
        table.add([{"arm": f"{one} less {other}", **row} for row in rows])
    for row in table.rows:
        print(row, flush=True)
