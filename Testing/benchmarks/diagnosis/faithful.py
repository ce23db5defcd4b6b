"""Whether explanations of the diagnosis are faithful: removing the patches that it names changes its answer most.

Contributions come from the model without leaving anything out (the logistic regression is linear in what each patch
adds; the Transformer is integrated from the usual knee). Here patches are left out, to see whether that is true: the
top tenth of a knee's patches, against 100 draws of as many from the same compartments. Log odds are those of the
ensemble before calibration, which only scales them.

"supporting" ranks patches by how far they speak for what the model says of the knee relative to a usual one, as in the
"comprehensiveness" of DeYoung et al., ACL 2020; "absolute" by size alone, so that patches for and against may cancel.

Usage::

    python -m Testing.benchmarks.diagnosis.faithful --patches SET --predictions FILE --model DIR [--splits test]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.names import AGGREGATORS, TASK
from CTSMALib.diagnosis.tokens import COMPARTMENT, FEWEST_IN_COMPARTMENT, Array, Flags, KneeTokens
from CTSMALib.learning.diagnosis.config import SPLITS
from CTSMALib.learning.diagnosis.dataset import Case, read_data
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/diagnosis", "Testing/benchmarks/diagnosis")
SUPPORTING, ABSOLUTE = RANKINGS = ("supporting", "absolute")
SHARE, DRAWS, SEED = 0.1, 100, 1


class Change(NamedTuple):
    """How far the log odds of a knee move without some of its patches.

    Attributes:
        subject: whose knee.
        top: without the top ones.
        drawn: without as many of the same compartments, mean over draws.
        beaten: share of the draws that move them less.
    """

    subject: str
    top: float
    drawn: float
    beaten: float


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


def changes(model: DiagnosisModel, cases: Sequence[Case], aggregator: str) -> dict[str, list[Change]]:
    """By ranking, of every knee that keeps enough patches of each compartment; others are left out."""
    rng = np.random.default_rng(SEED)
    found: dict[str, list[Change]] = {ranking: [] for ranking in RANKINGS}
    for case in cases:
        answer = model.answer(case.tokens, aggregator)
        toward = answer.parts * np.sign(float(answer.logits.mean()) - answer.usual)
        for ranking, worth in ((SUPPORTING, toward), (ABSOLUTE, np.abs(answer.parts))):
            one = change_of(model, case.tokens, aggregator, worth, rng)
            if one is not None:
                found[ranking].append(Change(case.subject, *one))
    return found


def change_of(
    model: DiagnosisModel, tokens: KneeTokens, aggregator: str, worth: Array, rng: np.random.Generator
) -> tuple[float, float, float] | None:
    """Top, drawn and beaten of :class:`Change`; ``None`` where too few patches would be left of a compartment.

    Args:
        model: that answers.
        tokens: of the knee.
        aggregator: which part of the model answers.
        worth: (96,) the highest are the top ones.
        rng: of the draws.
    """
    there = np.flatnonzero(tokens.present)
    top = np.zeros(len(COMPARTMENT), dtype=bool)
    top[there[np.argsort(-worth[there], kind="stable")[: ceil(SHARE * len(there))]]] = True
    if tokens.only(~top).counts.min() < FEWEST_IN_COMPARTMENT:
        return None
    removed = [top, *(_drawn(tokens.present, top, rng) for _ in range(DRAWS))]
    logits = model.logits([tokens, *(tokens.only(~mask) for mask in removed)], aggregator).mean(axis=1)
    moved: Array = np.abs(logits[1:] - logits[0])
    return float(moved[0]), float(moved[1:].mean()), float(np.mean(moved[1:] < moved[0]))


def _drawn(present: Flags, top: Flags, rng: np.random.Generator) -> Flags:
    """As many patches of each compartment as ``top`` has, by chance."""
    found = np.zeros(len(COMPARTMENT), dtype=bool)
    for compartment in np.unique(COMPARTMENT[top]):
        inside: NDArray[np.bool_] = compartment == COMPARTMENT
        found[rng.choice(np.flatnonzero(present & inside), int((top & inside).sum()), replace=False)] = True
    return found


def summary(aggregator: str, ranking: str, found: Sequence[Change]) -> dict[str, object]:
    """A row: of how many patients the top patches move the log odds more than the mean of the draws."""
    by_subject: dict[str, list[Change]] = {}
    for one in found:
        by_subject.setdefault(one.subject, []).append(one)
    top, drawn = (
        np.array([np.mean([getattr(one, name) for one in own]) for own in by_subject.values()])
        for name in ("top", "drawn")
    )
    share = float(np.mean(top > drawn))
    low, high = wilson(share, len(top))
    return {
        "aggregator": aggregator, "ranking": ranking, "patients": len(top), "knees": len(found), "share": share,
        "low": low, "high": high, "top_change": float(top.mean()), "drawn_change": float(drawn.mean()),
        "draws_beaten": float(np.mean([one.beaten for one in found])),
    }  # fmt: skip


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z2 = 1.96**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return middle - half, middle + half


if __name__ == "__main__":
    main()
