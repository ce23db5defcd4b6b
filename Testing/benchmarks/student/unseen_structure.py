"""``vcal_*`` on kernels and families of microstructure that the training never showed, against the truth.

The networks of :mod:`Testing.benchmarks.student.unseen` are asked, one for each group. What reads the structure off
them, and ``structure_ridge``, the same without networks, learns from patients of ``tune``, without those of the group
where it is not to be seen. Both read the patients of the group in a cohort kept for tests.

Usage, after that benchmark::

    python -m Testing.benchmarks.student.unseen_structure --patches SET_WITH_TRUTH --cache DIR --tested TRUTH
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.student.chain import STRUCTURE, STRUCTURE_RIDGE, train_student, with_targets
from CTSMALib.learning.student.data import table_of
from CTSMALib.learning.student.state import read_state
from CTSMALib.learning.student.structure_fit import fit_structure, fit_without_networks, structure_columns
from CTSMALib.learning.student.train import best_network
from CTSMALib.student.linear import design
from CTSMALib.student.structure import STRUCTURE_KEYS, Structure
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.agreement_rows import agreement_rows
from Testing.benchmarks.student.arms import CODE, RESULTS
from Testing.benchmarks.student.unseen import CONFIG, UNSEEN, Case, cases, networks_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set with true values of the split tune")
    parser.add_argument("--cache", type=Path, required=True, help="where the networks are")
    parser.add_argument("--tested", type=Path, required=True, help="patch set with truth, of a cohort for tests")
    options = parser.parse_args()
    found, tested = (with_targets(read_patch_set(path)) for path in (options.patches, options.tested))
    known = tested.select(np.isfinite(tested.truth).all(axis=1))
    facts = {"made_from": found.facts.made_from, "tested": tested.facts.made_from}
    table = ResultTable(RESULTS / "unseen_structure.csv", ("group", "trained", "arm", "parameter"), CODE, **facts)
    table.rows.clear()
    for case in cases(found):
        group = known.select(known.of_knee(case.column) == case.group)
        subjects = group.of_knee("subject").astype(np.str_)
        for arm, read in _readings(case, found, group, networks_in(options.cache, found)).items():
            rows = agreement_rows(read.values, read.uncertainties, group.truth, subjects, STRUCTURE_KEYS)
            table.add([{"group": case.group, "trained": case.trained, "arm": arm, **row} for row in rows])
            print(table.rows[-1], flush=True)


def _readings(case: Case, found: PatchSet, group: PatchSet, networks: Path) -> dict[str, Structure]:
    split, within = found.of_knee("split"), found.of_knee(case.column) == case.group
    shown = ~within if case.trained == UNSEEN else np.ones(len(within), dtype=bool)
    tune, calibrate = (found.select((split == name) & shown) for name in ("tune", "calibrate"))
    if read_state(networks / case.name) is None:
        raise SystemExit(f"There is no network in {networks / case.name}: run Testing.benchmarks.student.unseen first.")
    nets = [best_network(train_student(CONFIG, case.learned, networks / case.name, None))]
    fit, alone = fit_structure(nets, tune, calibrate), fit_without_networks(tune)
    assert fit is not None and alone is not None
    table = table_of(group)
    return {
        STRUCTURE: fit.reading.of_columns(structure_columns(nets, group)),
        STRUCTURE_RIDGE: alone.of_columns(design(table.features, table.covariates)),
    }


if __name__ == "__main__":
    main()
