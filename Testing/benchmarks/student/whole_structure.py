"""``vcal_*`` of the shipped student on whole virtual scans, against the structure at the very places of the patches.

Patches lie where our own anatomy puts them in the CT, not where the generator's would; the truth is measured there, in
cubes along the axes of the generator's frames (which differ by a few degrees). Patches, pairs and registrations are
those of :mod:`Testing.benchmarks.student.whole`. Beside the student stands the same regression without networks, and
``direct``: the bone volume fraction by tissue mixing, which is measured on the CT without any model.
``whole_structure_knees.csv`` has the errors of BV/TV knee by knee: their mean, and the spread of patches about it.

Usage (a quarter of an hour; goes on where it was stopped)::

    python -m Testing.benchmarks.student.whole_structure --pairs PAIRS --registered REGISTERED --patches WHOLE
        --trained-on SET_WITH_TRUTH --cache DIR
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import as_point
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.outputs import replace_file
from CTSMALib.student.model import load_student
from CTSMALib.student.structure import STRUCTURE_KEYS
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import THICKNESS
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.cohort.read import CohortKnee, read_cohort
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.agreement_rows import Floats, agreement_rows
from Testing.benchmarks.student.made_again import made_again
from Testing.benchmarks.student.truth import TRUE_KEYS, Truths
from Testing.benchmarks.student.untouched import structures
from Testing.benchmarks.student.whole import CODE, RESULTS

EACH = 24  # patches of a knee
FRACTION = "ct_bvf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="cohort of whole virtual scans")
    parser.add_argument("--registered", type=Path, required=True, help="its registrations")
    parser.add_argument("--patches", type=Path, required=True, help="patch set of these")
    parser.add_argument("--trained-on", type=Path, required=True, help="patch set that the baseline is fitted on")
    parser.add_argument("--cache", type=Path, required=True, help="where what was measured goes")
    options = parser.parse_args()
    found, learned = read_patch_set(options.patches), read_patch_set(options.trained_on)
    options.cache.mkdir(parents=True, exist_ok=True)
    truth = np.full((len(found), len(TRUE_KEYS)), np.nan)
    names, ids = found.patches["knee"], found.patches["id"]
    for knee in read_cohort(options.pairs).knees:
        rows = np.flatnonzero(names == f"{knee.subject}_{knee.side}")
        rows = np.sort(np.random.default_rng(int(knee.facts["seed"])).permutation(rows)[:EACH])
        if not len(rows):
            continue  # none of its bones was registered
        folder = options.registered / f"{knee.subject}-{knee.side}"
        truth[rows] = _true_values(knee, ids[rows].tolist(), options.pairs, folder, options.cache)
    known = np.isfinite(truth).all(axis=1)
    part, true = found.select(known), truth[known]
    subjects = part.of_knee("subject").astype(np.str_)
    model = load_student()
    settings: dict[str, object] = {
        "model": model.identity,
        "patches": int(known.sum()),
        "trained_on": learned.facts.made_from,
    }
    table = ResultTable(RESULTS / "whole_structure.csv", ("arm", "parameter"), CODE, **settings)
    table.rows.clear()
    told = dict(structures(model, part, learned))
    for arm, read in told.items():
        rows = agreement_rows(read.values, read.uncertainties, true, subjects, STRUCTURE_KEYS)
        table.add([{"arm": arm, **row} for row in rows])
    fraction = part.patches[FRACTION][:, None]
    unknown = np.full(fraction.shape, np.nan)
    (row, _) = agreement_rows(fraction, unknown, true[:, :1], subjects, STRUCTURE_KEYS[:1])
    table.add([{"arm": "direct", **row, "covered": ""}])  # it has no interval
    values = {arm: read.values[:, 0] for arm, read in told.items()} | {"direct": fraction[:, 0]}
    knees = _errors_by_knee(part, values, true[:, 0], settings)
    for row in (*table.rows, *knees.rows):
        print(row, flush=True)


def _errors_by_knee(
    part: PatchSet, values: dict[str, Floats], true: Floats, settings: dict[str, object]
) -> ResultTable:
    """BV/TV of each knee less its truth, with the kernel and the marrow of the scan."""
    table = ResultTable(RESULTS / "whole_structure_knees.csv", ("knee",), CODE, **settings)
    table.rows.clear()
    for number, knee in enumerate(part.knees["knee"].tolist()):
        own = part.patches["knee"] == knee
        row: dict[str, object] = {"knee": knee, "kernel": part.knees["ct_protocol"][number]}
        row["marrow_hu"] = float(part.knees["ct_marrow_hu"][number])
        for arm, found in values.items():
            off = (found - true)[own]
            row |= {f"{arm}_bias": float(off.mean()), f"{arm}_sd": float(off.std(ddof=1))}
        table.add([row])
    return table


def _true_values(knee: CohortKnee, ids: list[str], pairs: Path, registered: Path, cache: Path) -> Floats:
    """(n, 4) of some patches of a knee."""
    path = cache / f"{knee.subject}.json"
    truths: Truths = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [name for name in ids if name not in truths]
    if missing:
        truths |= _measured(knee, missing, pairs, registered)
        replace_file(path, json.dumps(truths).encode())
        print(knee.subject, flush=True)
    return np.array([[truths[name][key] for key in TRUE_KEYS] for name in ids])


def _measured(knee: CohortKnee, ids: list[str], pairs: Path, registered: Path) -> Truths:
    facts = json.loads((knee.folder / "knee.json").read_text(encoding="utf-8"))["frames"]
    frames = {
        bone: JointFrame(np.array(one["origin_lps_mm"]), np.array(one["axes_lps"]), one["mirrored"])
        for bone, one in facts.items()
    }
    with (registered / "patches.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    made = made_again(knee, pairs)
    boxes = []
    for box in learning_boxes(made.shape):
        if box.id in ids:
            center = np.array([float(rows[box.id][f"ct_{axis}_mm"]) for axis in "xyz"])
            boxes.append(replace(box, center_anatomical_mm=as_point(frames[box.bone].to_anatomical(center))))
    missing = {key: float("nan") for key in TRUE_KEYS}
    return {name: missing for name in ids} | patch_truth(made, boxes, THICKNESS)


if __name__ == "__main__":
    main()
