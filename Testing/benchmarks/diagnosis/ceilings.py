"""What the diagnosis of virtual knees reaches with the true parameters, and with the whole microstructure.

What limits it if nothing is lost on the way from the structure to the student; not what any model could reach: the
regression is the shipped one, fitted to some 240 knees, and more quantities are harder to learn from. Knees, folds and
patches (three of each compartment) are the same for all sources of values:

* ``student``, ``mr``: as ``ctsma train diagnosis`` takes them.
* ``truth``: the same four parameters, measured on the structure itself.
* ``microstructure``: everything that is measured on the structure (:data:`MICROSTRUCTURE`).
* ``microstructure and plate``: and the thickness of the subchondral plate above.

The structure is measured at 0.1 mm, an eighth of the work at 0.05 mm; table ``ceilings_spacing.csv`` says how
closely the two agree over patches. The shipped model reads 24 patches of these knees and more of whole scans, so that
``student`` is not its AUC.

Usage (an hour and a half of one core; goes on where it was stopped)::

    python -m Testing.benchmarks.diagnosis.ceilings --cohort COHORT --patches SET --predictions STUDENT_CSV --cache DIR
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from CTSMALib.agreement import icc_agreement
from CTSMALib.diagnosis.tokens import COMPARTMENT, FEWEST_IN_COMPARTMENT, IDS, KneeTokens, knee_tokens
from CTSMALib.learning.diagnosis.candidates import LOGISTIC, TRANSFORMER
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, labels, read_data
from CTSMALib.learning.patches.columns import TRUE
from CTSMALib.learning.patches.patch_set import read_tables
from CTSMALib.outputs import replace_file
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import FULL
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.cohort.read import Cohort, read_cohort
from Testing.benchmarks.diagnosis.compared import areas, cross_validated
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.made_again import made_again
from Testing.benchmarks.student.truth import TRUE_KEYS, Truths

RESULTS = Path(__file__).parent / "results"
CODE = ("Testing/benchmarks/diagnosis", "CTSMA/CTSMALib/learning/diagnosis", "CTSMA/CTSMALib/diagnosis")

VOXEL_MM = 0.1
EACH = 3  # patches of a compartment
MICROSTRUCTURE = (
    *TRUE_KEYS, "bs_bv_per_mm", "tb_th_sd_mm", "tb_sp_sd_mm", "tb_n_sd_mm", "tb_n_mil_per_mm", "da", "smi",
    "conn_d_per_mm3", "tb_pf_per_mm", "fd",
)  # fmt: skip
PLATE = "plate_mm"
STUDENT = "student"
OfKnees = dict[str, Truths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True, help="virtual cohort that the patches were made of")
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--predictions", type=Path, required=True, help="of the student")
    parser.add_argument("--cache", type=Path, required=True, help="where what was measured goes")
    options = parser.parse_args()
    by_student = read_data(options.patches, str(options.predictions)).cases
    known = {case.knee: case for case in read_data(options.patches, "mr").cases}
    chosen = {case.knee: _chosen(case.tokens) for case in by_student if case.knee in known}
    truths = _measured(read_cohort(options.cohort), options.cohort, chosen, options.cache)
    _compare_spacings(options.patches, truths)
    sources = {
        STUDENT: {case.knee: case.tokens for case in by_student},
        "mr": {knee: case.tokens for knee, case in known.items()},
        "truth": _tokens(truths, TRUE_KEYS),
        "microstructure": _tokens(truths, MICROSTRUCTURE),
        "microstructure and plate": _tokens(truths, (*MICROSTRUCTURE, PLATE)),
    }
    knees = [known[knee] for knee in chosen if knee in known]
    _diagnose(sources, knees)


def _chosen(tokens: KneeTokens) -> tuple[str, ...]:
    """Ids of some patches of each compartment, spread over those that have values."""
    found: list[str] = []
    for number in range(int(COMPARTMENT.max()) + 1):
        places = np.flatnonzero(tokens.present & (number == COMPARTMENT))
        found += [IDS[places[k]] for k in np.unique(np.linspace(0, len(places) - 1, EACH).round().astype(int))]
    return tuple(found)


def _measured(knees: Cohort, cohort: Path, chosen: Mapping[str, tuple[str, ...]], cache: Path) -> OfKnees:
    """Knee to patch to values of its structure."""
    cache.mkdir(parents=True, exist_ok=True)
    found: OfKnees = {}
    for knee in knees.knees:
        name = f"{knee.subject}_{knee.side}"
        if name not in chosen:
            continue
        path = cache / f"{name}-{VOXEL_MM:g}mm.json"
        truths: Truths = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        missing = [one for one in chosen[name] if one not in truths]
        if missing:
            made = made_again(knee, cohort)
            boxes = [box for box in learning_boxes(made.shape) if box.id in missing]
            truths |= patch_truth(made, boxes, FULL, voxel_mm=VOXEL_MM)
            replace_file(path, json.dumps(truths).encode())
            print(name, flush=True)
        found[name] = {one: truths[one] for one in chosen[name]}
    return found


def _compare_spacings(patches: Path, truths: OfKnees) -> None:
    """Agreement of what was measured here with the truth at 0.05 mm, where the patch set knows it."""
    _facts, _knees, table = read_tables(patches)
    reading = ResultTable(RESULTS / "ceilings_spacing.csv", ("parameter",), CODE, voxel_mm=VOXEL_MM)
    reading.rows.clear()
    for key, column in zip(TRUE_KEYS, TRUE, strict=True):
        pairs = np.array([
            (truth, truths[knee][name][key])
            for knee, name, truth in zip(table["knee"].tolist(), table["id"].tolist(), table[column], strict=True)
            if name in truths.get(knee, {})
        ])  # fmt: skip
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        ratio = float(np.mean(pairs[:, 1]) / np.mean(pairs[:, 0]))
        row = {"parameter": key, "patches": len(pairs), "r": float(np.corrcoef(pairs.T)[0, 1]), "ratio": ratio}
        reading.add([{**row, "icc": icc_agreement(pairs)}])
        print(reading.rows[-1], flush=True)


def _tokens(truths: OfKnees, keys: tuple[str, ...]) -> dict[str, KneeTokens]:
    return {knee: knee_tokens(values, keys=keys) for knee, values in truths.items()}


def _diagnose(sources: Mapping[str, Mapping[str, KneeTokens]], knees: list[Case]) -> None:
    """Cross-validate each source, and compare it with the student."""
    config = DiagnosisConfig()
    kept = {case.knee: np.all([found[case.knee].present for found in sources.values()], axis=0) for case in knees}
    cases = [case for case in knees if case.tokens.only(kept[case.knee]).counts.min() >= FEWEST_IN_COMPARTMENT]
    diseased, patches = int(labels(tuple(cases)).sum()), int(sum(kept[case.knee].sum() for case in cases))
    facts = {"knees": len(cases), "left_out": len(knees) - len(cases), "diseased": diseased, "patches": patches}
    table = ResultTable(RESULTS / "ceilings.csv", ("values", "aggregator"), CODE, **facts)
    table.rows.clear()
    likely: dict[tuple[str, str], np.ndarray] = {}
    for aggregator in (LOGISTIC, TRANSFORMER):
        for source, tokens in sources.items():
            if aggregator == TRANSFORMER and "microstructure" in source:
                continue  # its shape is that of four parameters
            own = [replace(case, tokens=tokens[case.knee].only(kept[case.knee])) for case in cases]
            likely[source, aggregator] = cross_validated(config, aggregator, own)
            found = areas(likely[source, aggregator], likely[STUDENT, LOGISTIC], own)
            table.add([{"values": source, "aggregator": aggregator, **found}])
            print(table.rows[-1], flush=True)


if __name__ == "__main__":
    main()
