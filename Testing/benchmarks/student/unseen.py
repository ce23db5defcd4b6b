"""Kernels and families of microstructure that the training never showed.

For each group, a student (one network, no distillation, no ridge regression) and the baselines learn from patients of
all other groups, and from as many of all groups; both read the test patches of the group. The flag says in how many of
its patients the scan lies outside what the former has seen.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.student.unseen --patches SET --cache DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval, pair_moments, pair_statistics, patient_draws
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain import train_student, with_targets
from CTSMALib.learning.student.config import NONE, StudentConfig
from CTSMALib.learning.student.data import first_subjects, patches_of, table_of
from CTSMALib.learning.student.finish import scans_seen
from CTSMALib.learning.student.predictions import Predicted
from CTSMALib.learning.student.train import STUDENT, best_network, read_in_parts
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.covariates import COVARIATES
from Testing.benchmarks.record import ResultTable, code_digest
from Testing.benchmarks.student.arms import CODE, RESULTS

GROUPS = (("ct_protocol", "soft"), ("ct_protocol", "sharp"), ("family", "bonebox_0"), ("family", "bonebox_1"))
SUBJECTS = 60
CONFIG = StudentConfig(subjects=SUBJECTS, distillation=NONE)
UNSEEN, SEEN = "unseen", "seen"
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """Attributes: what is held out; whether the training saw it; all patches but those of ``test``; those to read."""

    column: str
    group: str
    trained: str
    learned: PatchSet
    tested: PatchSet

    @property
    def name(self) -> str:
        """For folders."""
        return f"{self.column}-{self.group}-{self.trained}" if self.trained == UNSEEN else SEEN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--cache", type=Path, required=True, help="where networks go")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = with_targets(read_patch_set(options.patches))
    facts = {"made_from": found.facts.made_from, "knees": found.facts.knees, "subjects": SUBJECTS}
    table = ResultTable(RESULTS / "unseen.csv", ("group", "trained"), CODE, **facts)
    cache = networks_in(options.cache, found)
    for case in cases(found):
        if not table.holds(group=case.group, trained=case.trained):
            table.add(_rows(case, cache))
            for row in table.rows[-1 - len(BASELINES) :]:
                print(row, flush=True)


def cases(found: PatchSet) -> Iterator[Case]:
    """Every group twice: not seen in the training, and seen."""
    split = found.of_knee("split")
    for column, group in GROUPS:
        within = found.of_knee(column) == group
        tested = found.select((split == "test") & within)
        for trained in (UNSEEN, SEEN):
            usable = np.isin(split, ("train", "stop")) & (~within if trained == UNSEEN else True)
            yield Case(column, group, trained, found.select(usable), tested)


def networks_in(cache: Path, found: PatchSet) -> Path:
    """The folder of the networks that this code makes of a patch set."""
    return cache / code_digest(CODE)[:8] / found.facts.made_from[:8] / "unseen"


def _rows(case: Case, cache: Path) -> list[dict[str, object]]:
    state = train_student(CONFIG, case.learned, cache / case.name, None)
    train = first_subjects(case.learned.of_split("train"), SUBJECTS)
    known = scans_seen([CONFIG], train)
    outside = known.distances(np.column_stack([case.tested.knees[name] for name in COVARIATES])) > 1.0
    read = Predicted.of_outputs(read_in_parts(best_network(state), patches_of(case.tested))).values
    arms = {STUDENT: read} | {n: read_with(n, table_of(train), table_of(case.tested)).values for n in BASELINES}
    return [_row(case, arm, values, float(outside.mean())) for arm, values in arms.items()]


def _row(case: Case, arm: str, values: Floats, outside: float) -> dict[str, object]:
    names, codes = np.unique(case.tested.of_knee("subject"), return_inverse=True)
    draws, iccs, row = patient_draws(len(names)), [], {}
    for k, key in enumerate(KEYS):
        moments = pair_moments(case.tested.targets[:, k], values[:, k], codes, len(names))
        iccs.append(pair_statistics(draws @ moments).icc_agreement)
        row[key] = iccs[-1][0]
        row[f"{key}_bias"] = f"{np.mean(values[:, k] - case.tested.targets[:, k]):.4f}"
    found = corrected_interval(np.mean(iccs, axis=0), len(names))
    return {
        "held_out": case.column, "group": case.group, "trained": case.trained, "arm": arm, "patients": len(names),
        "mean": found.value, "low": found.low, "high": found.high, **row, "outside": outside,
    }  # fmt: skip


if __name__ == "__main__":
    main()
