"""The shipped student and diagnosis on whole virtual scans: what they say of each knee, and how well that ranks them.

The patch set is that of :mod:`Testing.benchmarks.student.whole` (twelve knees: the interval of an AUC is wide). Values
are the student's, read off the CT alone; patches that look unlike its training count as absent, as in ``ctsma
diagnose``, but compartments are not refused, and patches that could not be used on the MR are not there. Beside the
aggregators stands the mean CT number of the medial patches.

Usage::

    python -m Testing.benchmarks.diagnosis.whole --patches WHOLE
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from CTSMALib.agreement import clustered_interval
from CTSMALib.diagnosis.model import load_model
from CTSMALib.diagnosis.names import AGGREGATORS
from CTSMALib.diagnosis.tokens import IDS, knee_tokens
from CTSMALib.learning.diagnosis.dataset import OA_GRADE
from CTSMALib.learning.diagnosis.statistics import auc
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.learning.student.data import ct_cubes, table_of
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import load_student
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/diagnosis", "CTSMA/CTSMALib/student")
MEAN_HU, MEDIAL = "mean-hu", ("FM", "TM")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set of whole scans")
    options = parser.parse_args()
    found = read_patch_set(options.patches)
    student, model = load_student(), load_model()
    read = student.estimate(ct_cubes(found), found.covariates, table_of(found).features)
    table = ResultTable(RESULTS / "whole.csv", ("knee",), CODE, model=model.identity, student=student.identity)
    table.rows.clear()
    for row, knee in enumerate(found.knees["knee"].tolist()):
        own = np.flatnonzero(found.patches["knee"] == knee)
        ids = found.patches["id"][own].tolist()
        values, unsure = (
            {name: dict(zip(KEYS, array[n], strict=True)) for name, n in zip(ids, own, strict=True)}
            for array in (read.values, read.uncertainties)
        )
        unlike = {name for name, n in zip(ids, own, strict=True) if read.distances[n] > 1.0}
        tokens = knee_tokens(values, unsure).without_unlike(np.array([name in unlike for name in IDS]))
        medial = own[np.isin(found.patches["compartment"][own], MEDIAL)]
        answers = {name: model.predict(tokens, name) for name in AGGREGATORS}
        told = {name: "" if one.probability is None else one.probability for name, one in answers.items()}
        facts = {"knee": knee, "grade": int(found.knees["grade"][row]), "patches": len(own), "unlike": len(unlike)}
        table.add([{**facts, **told, MEAN_HU: float(found.patches["ct_hu_mean"][medial].mean())}])
    _summarized(table)


def _summarized(table: ResultTable) -> None:
    """AUC of every column over the knees for which both aggregators answered."""
    rows = [row for row in table.rows if all(row[name] for name in AGGREGATORS)]
    diseased = np.array([int(row["grade"]) >= OA_GRADE for row in rows])
    summary = ResultTable(
        RESULTS / "whole_auc.csv", ("aggregator",), CODE, knees=len(rows), abstained=len(table.rows) - len(rows)
    )
    summary.rows.clear()
    for name in (*AGGREGATORS, MEAN_HU):
        scores = np.array([float(row[name]) for row in rows])
        area = clustered_interval(lambda n, s=scores: auc(diseased[n], s[n]), [row["knee"] for row in rows])
        summary.add([{"aggregator": name, "knees": len(rows), "auc": area.value, "low": area.low, "high": area.high}])
    for row in (*table.rows, *summary.rows):
        print(row, flush=True)


if __name__ == "__main__":
    main()
