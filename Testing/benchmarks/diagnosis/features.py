"""Whether features of the student beside its values help a diagnosis of virtual knees.

The same knees, folds and settings with 0, 4 and 8 features of each patch (``features`` of the configuration).

Usage (ten minutes of one core)::

    python -m Testing.benchmarks.diagnosis.features --patches SET --predictions STUDENT_CSV
"""

from __future__ import annotations

import argparse
from pathlib import Path

from CTSMALib.learning.diagnosis.candidates import LOGISTIC, TRANSFORMER
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import labels, read_data
from Testing.benchmarks.diagnosis.compared import areas, cross_validated
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("Testing/benchmarks/diagnosis", "CTSMA/CTSMALib/learning/diagnosis", "CTSMA/CTSMALib/diagnosis")
COUNTS = (0, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--predictions", type=Path, required=True, help="of the student")
    options = parser.parse_args()
    asked = {count: read_data(options.patches, str(options.predictions), (), count).cases for count in COUNTS}
    knees, diseased = len(asked[0]), int(labels(asked[0]).sum())
    assert all([case.knee for case in cases] == [case.knee for case in asked[0]] for cases in asked.values())
    facts = {"knees": knees, "diseased": diseased}
    table = ResultTable(RESULTS / "features.csv", ("aggregator", "features"), CODE, **facts)
    table.rows.clear()
    for aggregator in (LOGISTIC, TRANSFORMER):
        alone = None
        for count, cases in asked.items():
            likely = cross_validated(DiagnosisConfig(features=count), aggregator, cases)
            alone = likely if alone is None else alone
            table.add([{"aggregator": aggregator, "features": count, **areas(likely, alone, cases)}])
            print(table.rows[-1], flush=True)


if __name__ == "__main__":
    main()
