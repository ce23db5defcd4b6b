"""Does distillation help, where, by how much? One factor at a time from a declared center, on one patch set.

Center: 60 paired patients, maps of 16, 32 and 64 channels, the second and third distilled, misregistration as it is in
the patch set. Every way of distilling is tried with three weights, and the student without distillation with three
learning rates: the same number of trials, judged on the split ``tune``. Then patients (6, 12, 24), size of the student,
further misregistration, and the maps that are distilled are changed one at a time. Networks are screened with one seed;
those named by ``--confirm`` are run with two more.

Each run's predictions of the splits ``tune`` and ``test`` are kept in the cache, and read by ``ctsma evaluate``.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.student.arms --patches SET --cache DIR [--confirm ARM ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from CTSMALib.agreement import icc_agreement, icc_consistency
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain import train_student, train_teacher, with_targets
from CTSMALib.learning.student.config import DISTILLATIONS, NONE, POOLED, RAW_L1, VALUES, StudentConfig
from CTSMALib.learning.student.data import first_subjects, patches_of, table_of
from CTSMALib.learning.student.predictions import Predicted, write_predictions
from CTSMALib.learning.student.train import best_network, read_in_parts
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.benchmarks.record import ResultTable, code_digest

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/learning/student", "CTSMA/CTSMALib/student")
CENTER = StudentConfig(subjects=60)
WEIGHTS, RATES = (0.3, 1.0, 3.0), (1e-3, 2e-3, 4e-3)
COMPARED = (NONE, RAW_L1, POOLED)  # where a factor is changed
PREDICTED = ("tune", "test")


@dataclass(frozen=True)
class Arm:
    """Attributes: its name, also that of its files; its configuration; which factor it changes."""

    name: str
    config: StudentConfig
    factor: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--cache", type=Path, required=True, help="where networks and predictions go")
    parser.add_argument("--confirm", nargs="*", default=[], help="arms to run with two more seeds")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = read_patch_set(options.patches)
    facts = {"made_from": found.facts.made_from, "knees": found.facts.knees}
    facts |= {name: version(name) for name in ("torch", "scikit-learn")}
    table = ResultTable(RESULTS / "arms.csv", ("arm", "seed"), CODE, **facts)
    cache = options.cache / code_digest(CODE)[:8] / found.facts.made_from[:8]  # networks of other code are others
    others = with_targets(found.select(np.isin(found.of_knee("split"), PREDICTED)))
    for name in BASELINES:
        if not table.holds(arm=name):
            table.add([_baseline(name, found, others, cache)])
    for arm, seed in _plan(options.confirm):
        if not table.holds(arm=arm.name, seed=seed):
            table.add([_run(replace(arm, config=replace(arm.config, seed=seed)), found, others, cache)])
            print({k: v for k, v in table.rows[-1].items() if k != "config"}, flush=True)


def _plan(confirmed: list[str]) -> Iterator[tuple[Arm, int]]:
    """Arms with their seeds."""
    for arm in (*trials(), *changed()):
        yield from _seeds(arm, confirmed)


def _seeds(arm: Arm, confirmed: list[str]) -> Iterator[tuple[Arm, int]]:
    for seed in (0, 1, 2) if arm.name in confirmed else (0,):
        yield arm, seed


def trials() -> list[Arm]:
    """Every way of distilling with three weights, and none with three learning rates; the usual ones come first."""
    found = []
    for number in (1, 0, 2):
        for way in DISTILLATIONS:
            changes = {"learning_rate": RATES[number]} if way == NONE else {"weight": WEIGHTS[number]}
            (value,) = changes.values()
            found.append(Arm(f"{way}-{value:g}", replace(CENTER, distillation=way, **changes), "way"))  # type: ignore[arg-type]
    return found


def changed() -> list[Arm]:
    """Some ways, with their middle weight, with one thing changed."""
    found = []
    for way in COMPARED:
        config = replace(CENTER, distillation=way)
        found += [Arm(f"{way}-n{n}", replace(config, subjects=n), "patients") for n in (6, 12, 24)]
        found.append(Arm(f"{way}-small", replace(config, widths=(8, 16, 32)), "size"))
        found.append(Arm(f"{way}-off1mm", replace(config, misregistration_mm=1.0), "misregistration"))
        if way not in (NONE, VALUES):
            found += [
                Arm(f"{way}-maps{''.join(map(str, stages))}", replace(config, stages=stages), "maps")
                for stages in ((3,), (1, 2, 3))
            ]
    return found


def _run(arm: Arm, found: PatchSet, others: PatchSet, cache: Path) -> dict[str, object]:
    config = arm.config
    name = f"{arm.name}-s{config.seed}"
    began = time.process_time()
    taught = None
    if config.distillation != NONE:
        own = replace(CENTER, subjects=config.subjects, widths=config.widths)
        where = cache / f"teacher-n{own.subjects}-w{own.widths[0]}"
        taught = train_teacher(own, found, where)
        if not (cache / "predictions" / f"{where.name}.csv").exists():
            outputs = read_in_parts(best_network(taught), patches_of(others))
            write_predictions(others, Predicted.of_outputs(outputs), cache / "predictions" / f"{where.name}.csv")
    state = train_student(config, found, cache / "arms" / name, taught)
    read = Predicted.of_outputs(read_in_parts(best_network(state), patches_of(others)))
    write_predictions(others, read, cache / "predictions" / f"{name}.csv")
    seconds = time.process_time() - began
    best = {"step": state.best.step, "stop_icc": state.best.icc}
    return _row(arm.name, arm.factor, config.seed, read, others, seconds, best, asdict(config))


def _baseline(name: str, found: PatchSet, others: PatchSet, cache: Path) -> dict[str, object]:
    began = time.process_time()
    learned = table_of(first_subjects(found.of_split("train"), CENTER.subjects))
    fitted = read_with(name, learned, table_of(others))
    read = Predicted(fitted.values, np.broadcast_to(fitted.sds, fitted.values.shape))
    write_predictions(others, read, cache / "predictions" / f"{name}.csv")
    return _row(name, "baseline", 0, read, others, time.process_time() - began, {"step": "", "stop_icc": ""}, {})


def _row(
    name: str, factor: str, seed: int, read: Predicted, others: PatchSet, seconds: float, best: dict[str, object],
    config: dict[str, object],
) -> dict[str, object]:  # fmt: skip
    row: dict[str, object] = {"arm": name, "factor": factor, "seed": seed, **best}
    splits, values = others.of_knee("split"), others.targets
    for split in PREDICTED:
        rows = splits == split
        spread = values[rows].std(axis=0)
        error = np.mean(((read.values[rows] - values[rows]) / spread) ** 2)
        row[f"{split}_error"] = f"{error:.6f}"
        both = [np.column_stack([read.values[rows, k], values[rows, k]]) for k in range(len(KEYS))]
        for key, pair in zip(KEYS, both, strict=True):
            row[f"{split}_{key}"] = icc_agreement(pair)
        row[f"{split}_mean"] = float(np.mean([icc_agreement(pair) for pair in both]))
        row[f"{split}_consistency"] = float(np.mean([icc_consistency(pair) for pair in both]))
    return {**row, "cpu_seconds": seconds, "config": str(config)}


if __name__ == "__main__":
    main()
