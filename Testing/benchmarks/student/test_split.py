"""The numbers of an evaluation by ``ctsma evaluate`` that the documentation quotes.

Usage::

    ctsma evaluate SET_WITH_TRUTH PREDICTIONS --out EVALUATION
    python -m Testing.benchmarks.student.test_split EVALUATION
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.write import DIFFERENCES_FILE, FINDINGS_FILE, read_head
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.outputs import replace_file

RESULTS = Path(__file__).parent / "results"
NAME = "test_split"
STATISTICS = (result.AGREEMENT, result.CONSISTENCY, result.BIAS, result.RMSE, result.COVERAGE)
GROUPED = ("student", "structure", "structure_ridge")  # arms whose groups are quoted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path, help="folder that 'ctsma evaluate' wrote")
    options = parser.parse_args()
    for source, name, quoted in (
        (FINDINGS_FILE, NAME, _quoted),
        (DIFFERENCES_FILE, f"{NAME}_differences", _is_of_patches),
    ):
        with (options.evaluation / source).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["value"] and quoted(row)]
        columns = list(rows[0])
        text = "\n".join([",".join(columns), *(",".join(row[name] for name in columns) for row in rows)])
        replace_file(RESULTS / f"{name}.csv", f"{text}\n".encode())
    head = {key: value for key, value in read_head(options.evaluation).items() if isinstance(value, str | int | bool)}
    replace_file(RESULTS / f"{NAME}.json", (json.dumps(head, indent=1) + "\n").encode())


def _is_of_patches(row: dict[str, str]) -> bool:
    return (row["level"], row["statistic"]) == ("patch", result.AGREEMENT)


def _quoted(row: dict[str, str]) -> bool:
    if row["statistic"] not in STATISTICS:
        return False
    if row["grouping"] == result.ALL:
        return True
    return (
        row["arm"] in GROUPED
        and row["statistic"] == result.AGREEMENT
        and row["key"] in (result.MEAN, *_keys(row["arm"]))
    )


def _keys(arm: str) -> tuple[str, ...]:
    """Parameters that are quoted by group, beside their mean."""
    return () if arm == "student" else KEYS


if __name__ == "__main__":
    main()
