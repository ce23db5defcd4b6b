"""Whether explanations of the diagnosis are faithful: removing the patches that it names changes its answer most.

Contributions come from the model without leaving anything out (the logistic regression is linear in what each patch
adds; the Transformer is integrated along the presence of its patches). Here patches are left out, to see whether that
is true: the top tenth of a knee's patches, against 100 draws of as many from the same compartments. Log odds are those
of the ensemble before calibration, which only scales them. A training measures the same on patients that it did not
learn from (:mod:`CTSMALib.learning.diagnosis.faithfulness`).

"supporting" ranks patches by how far they speak for what the model says of the knee relative to a usual one, as in the
"comprehensiveness" of DeYoung et al., ACL 2020; "absolute" by size alone, so that patches for and against may cancel.

Usage::

    python -m Testing.benchmarks.diagnosis.faithful --patches SET --predictions FILE --model DIR [--splits test]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.names import AGGREGATORS, TASK
from CTSMALib.diagnosis.tokens import Array, KneeTokens
from CTSMALib.learning.diagnosis.dataset import Case, read_data
from CTSMALib.learning.diagnosis.faithfulness import DRAWS, Change, change_of, faithfulness, toward
from CTSMALib.learning.pairs.splits import SPLITS
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/diagnosis", "Testing/benchmarks/diagnosis")
SUPPORTING, ABSOLUTE = RANKINGS = ("supporting", "absolute")
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--predictions", required=True, help="CSV file of a student, 'mr' or 'truth'")
    parser.add_argument("--model", type=Path, required=True, help="folder of a bundle for the diagnosis")
    parser.add_argument("--splits", default="", help=f"of the knees, separated by commas, of {', '.join(SPLITS)}")
    parser.add_argument("--out", type=Path, default=RESULTS / "faithful.csv", help="table to write")
    options = parser.parse_args()
    splits = tuple(filter(None, options.splits.split(",")))
    data = read_data(options.patches, options.predictions, splits)
    model = load_model(read_bundle(options.model, TASK))
    settings = {"model": model.identity, "tables_sha256": data.sha256, "splits": ",".join(splits), "seed": SEED}
    table = ResultTable(options.out, ("aggregator", "ranking"), CODE, **settings)
    torch.set_num_threads(1)  # the networks are too small to share
    for aggregator in AGGREGATORS:
        if not table.holds(aggregator=aggregator):
            found = changes(model, data.cases, aggregator)
            table.add([summary(aggregator, ranking, found[ranking]) for ranking in RANKINGS])
            print(*table.rows[-len(RANKINGS) :], sep="\n", flush=True)


def changes(model: DiagnosisModel, cases: Sequence[Case], aggregator: str) -> dict[str, list[Change | None]]:
    """By ranking, of every knee; ``None`` of those that would keep too few patches of a compartment."""
    rng = np.random.default_rng(SEED)
    found: dict[str, list[Change | None]] = {ranking: [] for ranking in RANKINGS}

    def logits(knees: Sequence[KneeTokens]) -> Array:
        return np.asarray(model.logits(knees, aggregator).mean(axis=1), dtype=float)

    for case in cases:
        parts = model.answer(case.tokens, aggregator).parts
        for ranking, worth in ((SUPPORTING, toward(parts)), (ABSOLUTE, np.abs(parts))):
            found[ranking].append(change_of(logits, case.subject, case.tokens, worth, rng, DRAWS))
    return found


def summary(aggregator: str, ranking: str, changes: Sequence[Change | None]) -> dict[str, object]:
    """A row: of how many patients the top patches move the log odds more than the mean of the draws."""
    found = faithfulness(changes)
    return {
        "aggregator": aggregator, "ranking": ranking, "patients": found.patients,
        "knees": sum(one is not None for one in changes), "share": found.share.value, "low": found.share.low,
        "high": found.share.high, "top_change": found.top, "drawn_change": found.drawn, "draws_beaten": found.beaten,
    }  # fmt: skip


if __name__ == "__main__":
    main()
