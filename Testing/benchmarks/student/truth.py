"""A patch set with the true thickness, spacing and number of some of its patches, which cohorts are not made with.

Measuring them takes seconds for each patch, so some patches of some knees are chosen: what the evaluation needs for
the references from true parameters (splits ``calibrate`` and ``test``), and what ``vcal_*`` are learned from
(``tune``, and ``train`` beyond the patients that networks learned from). BV/TV stays as it is.

Usage (goes on where it was stopped; what other runs measured is in the set as well)::

    python -m Testing.benchmarks.student.truth --cohort COHORT --patches SET --out SET_WITH_TRUTH [--each 6]
        [--splits calibrate,test] [--skip N] [--subjects N]
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np

from CTSMALib.learning.patches.columns import TRUE
from CTSMALib.learning.patches.patch_set import PATCHES_FILE
from CTSMALib.outputs import replace_file
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import THICKNESS
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.cohort.read import CohortKnee, read_cohort
from Testing.benchmarks.student.made_again import made_again

COLUMNS = {column: column.partition(":")[2] for column in TRUE}
TRUE_KEYS = tuple(COLUMNS.values())
Truths = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True, help="virtual cohort that the set was made of")
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--out", type=Path, required=True, help="folder of the patch set with truth")
    parser.add_argument("--each", type=int, default=6, help="patches of each knee")
    parser.add_argument("--splits", default="calibrate,test", help="whose knees are measured")
    parser.add_argument("--skip", type=int, default=0, help="the first ones of each split that are not measured")
    parser.add_argument("--subjects", type=int, help="how many of those that follow (default: all)")
    options = parser.parse_args()
    with (options.patches / PATCHES_FILE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    cache = options.out.with_name(options.out.name + "-truth")
    cache.mkdir(parents=True, exist_ok=True)
    cohort = read_cohort(options.cohort)
    for split in options.splits.split(","):
        for knee in cohort.of_split(split)[options.skip :][: options.subjects]:
            own = [row["id"] for row in rows if row["knee"] == f"{knee.subject}_{knee.side}"]
            _measure(knee, own, options.cohort, options.each, cache)
    for knee in cohort.knees:
        truths = _measured(knee, cache)
        for row in rows:
            if row["knee"] == f"{knee.subject}_{knee.side}" and row["id"] in truths:
                truth = truths[row["id"]]
                row.update({column: repr(truth[key]) for column, key in COLUMNS.items() if np.isfinite(truth[key])})
    _written(rows, options.patches, options.out)


def _measured(knee: CohortKnee, cache: Path) -> Truths:
    path = cache / f"{knee.subject}.json"
    found: Truths = json.loads(path.read_text()) if path.exists() else {}
    return found


def _measure(knee: CohortKnee, ids: list[str], cohort: Path, each: int, cache: Path) -> None:
    """Measure some patches of a knee, if that was not done earlier."""
    chosen = sorted(np.random.default_rng(int(knee.facts["seed"])).permutation(len(ids))[:each])
    truths = _measured(knee, cache)
    missing = {ids[n] for n in chosen} - truths.keys()
    if not missing:
        return
    made = made_again(knee, cohort)
    boxes = [box for box in learning_boxes(made.shape) if box.id in missing]
    truths |= patch_truth(made, boxes, THICKNESS)
    replace_file(cache / f"{knee.subject}.json", json.dumps(truths).encode())
    print(knee.subject, len(boxes), flush=True)


def _written(rows: list[dict[str, str]], source: Path, out: Path) -> None:
    """The set anew; its large files are the same ones."""
    if out.exists():
        shutil.rmtree(out)
    shutil.copytree(source, out, copy_function=os.link, ignore=shutil.ignore_patterns(".*", PATCHES_FILE))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    replace_file(out / PATCHES_FILE, text.getvalue().encode())


if __name__ == "__main__":
    main()
