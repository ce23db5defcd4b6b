"""Does the mean CT number of the medial plateau tell osteoarthritis in virtual knees as it does in people?

Published (Kang, 753 knees, 238 of them with osteoarthritis): CT numbers are lower with osteoarthritis before age and
sex are accounted for; after that, more HU medially go with it (odds ratio 1.49 per 100 HU), with an area under the ROC
curve (AUC) of 0.682; that of the difference between medial and lateral is 0.553. Expected here, and set before any
result was seen: an AUC of 0.60 to 0.75. No value of the simulator was set after this table.

Knees are drawn as in a population (grade 2 and more is osteoarthritis), each is scanned by the CT that was drawn for
it, and the CT numbers within the four upper patches in the middle of each plateau are averaged. AUCs of more than one
variable are those of a logistic regression in tenfold cross-validation; 95 % intervals come from 2000 resamplings of
knees.

Usage::

    python -m Testing.benchmarks.virtual.mean_hu [--knees N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.virtual.body.acquisition import draw_acquisition
from CTSMALib.virtual.body.knee import virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import grow_trabeculae
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CTProtocol
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual.patch_in_scan import box_of, inside, needed_around

RESULTS = Path(__file__).parent / "results"
CODE = (
    "CTSMA/CTSMALib/virtual/body",
    "CTSMA/CTSMALib/virtual/bones",
    "CTSMA/CTSMALib/virtual/material",
    "CTSMA/CTSMALib/virtual/microstructure",
    "CTSMA/CTSMALib/virtual/population",
    "CTSMA/CTSMALib/virtual/scanners",
)
FIRST_SEED = 11_000
PLATEAUS = {"TM": "medial_hu", "TL": "lateral_hu"}
MIDDLE_ROW, UPPER_LAYER = 2, 1
OSTEOARTHRITIS = 2  # from this grade on
WANTED = (0.60, 0.75)
RESAMPLINGS, FOLDS = 2000, 10
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=240)
    table = ResultTable(RESULTS / "mean_hu.csv", ("seed",), CODE, first_seed=FIRST_SEED)
    for seed in range(FIRST_SEED, FIRST_SEED + parser.parse_args().knees):
        if not table.holds(seed=seed):
            table.add([_row(seed)])
    _report(table.rows)


def _row(seed: int) -> dict[str, object]:
    """Mean CT numbers of one knee, and what is known of the person."""
    spec = draw_spec(seed)
    knee = virtual_knee(spec)
    scan = draw_acquisition(knee).ct
    assert isinstance(scan.protocol, CTProtocol)
    patches = [
        p
        for p in learning_boxes(knee.shape)
        if p.compartment in PLATEAUS and p.row == MIDDLE_ROW and p.layer == UPPER_LAYER
    ]
    around = needed_around(patches)
    tissue = tissue_of(knee, scan, grow_trabeculae(knee, tuple(around), around))
    means: dict[str, list[float]] = {name: [] for name in PLATEAUS.values()}
    for patch in patches:
        box = box_of(scan, patch)
        cube = inside(scan, box, patch, EDGE_MM)
        means[PLATEAUS[patch.compartment]].append(float(scanned(tissue, scan, box)[cube.box][cube.mask].mean()))
    return {
        "seed": seed,
        "grade": spec.grade,
        "worse": spec.worse,
        "age": spec.age_years,
        "sex": spec.sex,
        "kvp": scan.protocol.kvp,
        **{name: float(np.mean(values)) for name, values in means.items()},
    }


def _report(rows: list[dict[str, str]]) -> None:
    ill = np.array([int(row["grade"]) >= OSTEOARTHRITIS for row in rows])
    age = np.array([float(row["age"]) for row in rows])
    female = np.array([row["sex"] == "F" for row in rows], float)
    medial, lateral = (np.array([float(row[name]) for row in rows]) for name in PLATEAUS.values())
    print(f"{len(rows)} knees, {ill.sum()} with osteoarthritis")
    for name, values in (("medial", medial), ("lateral", lateral), ("difference", medial - lateral)):
        print(
            f"{name}: {values[~ill].mean():.0f} +- {values[~ill].std(ddof=1):.0f} HU without, "
            f"{values[ill].mean():.0f} +- {values[ill].std(ddof=1):.0f} HU with osteoarthritis; "
            f"AUC {_interval(ill, values)}"
        )
    person = [age, female]
    for name, columns in (
        ("age and sex", person),
        ("age, sex, medial HU", [*person, medial]),
        ("age, sex, difference", [*person, medial - lateral]),
    ):
        print(f"AUC of {name}: {_interval(ill, _predicted(ill, columns))}")
    adjusted = medial - _on(np.column_stack([np.ones(len(age)), *person]), medial)
    print(f"AUC of medial HU less what age and sex predict: {_interval(ill, adjusted)}, wanted {WANTED}")
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(np.column_stack([age / 10, female, medial / 100]), ill)
    print(f"Odds ratio per 100 HU medially, of one age and sex: {np.exp(fitted.coef_[0, 2]):.2f} (published 1.49)")


def _on(columns: Floats, values: Floats) -> Floats:
    """What a linear regression on the columns predicts."""
    return columns @ np.linalg.lstsq(columns, values, rcond=None)[0]


def _predicted(ill: NDArray[np.bool_], columns: list[Floats]) -> Floats:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, max_iter=1000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(model, np.column_stack(columns), ill, cv=folds, method="predict_proba")[:, 1]


def _interval(ill: NDArray[np.bool_], score: Floats) -> str:
    """AUC with its interval."""
    rng = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < RESAMPLINGS:
        chosen = rng.integers(0, len(ill), len(ill))
        if 0 < ill[chosen].sum() < len(ill):
            found.append(roc_auc_score(ill[chosen], score[chosen]))
    low, high = np.quantile(found, (0.025, 0.975))
    return f"{roc_auc_score(ill, score):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
