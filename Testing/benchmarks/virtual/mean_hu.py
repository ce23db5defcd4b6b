"""Does the mean CT number of the medial plateau tell osteoarthritis in virtual knees as it does in people?

Published (Kang, 753 knees, 238 of them with osteoarthritis): CT numbers are lower with osteoarthritis before age and
sex are accounted for; after that, more HU medially go with it (odds ratio 1.49 per 100 HU), with an area under the ROC
curve (AUC) of 0.682; that of the difference between medial and lateral is 0.553. Expected here, and set before any
result was seen: an AUC of 0.60 to 0.75. No value of the simulator was set after this table.

Knees are drawn as in a population (grade 2 and more is osteoarthritis), each is scanned by the CT that was drawn for
it, and CT numbers in the middle of each plateau are averaged. Where exactly the publication did so is not known; so
there are two regions: the four upper patches (trabecular bone alone, 1 to 9 mm deep), and what lies 0 to 5 mm below the
surface of the bone over the same area (the subchondral plate included). The second region was added after a first look
at some knees, when the first had shown nothing. AUCs of more than one variable are those of a
logistic regression in tenfold cross-validation; 95 % intervals come from 2000 resamplings of knees. What the population
is drawn with, without any scan, is given beside it for many more knees: the mean bone fraction of the plateau.

Two tables: ``mean_hu.csv``, a row for each knee, and ``mean_hu_auc.csv``.

Usage::

    python -m Testing.benchmarks.virtual.mean_hu [--knees N]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from CTSMALib.anatomy.patch import EDGE_MM, Patch
from CTSMALib.virtual.body.acquisition import Scan, draw_acquisition
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import grow_trabeculae
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CTProtocol
from CTSMALib.virtual.scanners.scan_grid import Box
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual.patch_in_scan import anatomical_mm, box_of, inside, needed_around

RESULTS = Path(__file__).parent / "results"
CODE = ()
FIRST_SEED = 11_000
PLATEAUS = {"TM": "medial", "TL": "lateral"}
PATCH, TOP = "patches", "0-5 mm"
TOP_MM = 5.0
BLUR_MM = 2.5  # farther than the blur of the softest kernel reaches
MIDDLE_ROW, UPPER_LAYER = 2, 1
OSTEOARTHRITIS = 2  # from this grade on
WANTED = "0.60 to 0.75"
NO_GROUPS = {"without": "", "with": ""}
RESAMPLINGS, FOLDS = 2000, 10
DRAWN, FIRST_DRAWN = 6000, 20_000
HU_OF_BONE = 1550.0  # more than marrow has
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=100)
    table = ResultTable(RESULTS / "mean_hu.csv", ("seed",), CODE, generator=GENERATOR, first_seed=FIRST_SEED)
    for seed in range(FIRST_SEED, FIRST_SEED + parser.parse_args().knees):
        if not table.holds(seed=seed):
            table.add([_row(seed)])
    found = _summary(table.rows)
    with (RESULTS / "mean_hu_auc.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    for row in found:
        print("; ".join(f"{name} {text}" for name, text in row.items() if text))


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
    around = needed_around(patches, BLUR_MM + EDGE_MM / 2 + 1.0)
    tissue = tissue_of(knee, scan, grow_trabeculae(knee, tuple(around), around))
    means: dict[str, list[float]] = {f"{side}, {region}": [] for side in PLATEAUS.values() for region in (PATCH, TOP)}
    for patch in patches:
        box, side = box_of(scan, patch), PLATEAUS[patch.compartment]
        image, cube = scanned(tissue, scan, box), inside(scan, box, patch, EDGE_MM)
        means[f"{side}, {PATCH}"].append(float(image[cube.box][cube.mask].mean()))
        means[f"{side}, {TOP}"].append(float(image[_top(knee, scan, box, patch)].mean()))
    return {
        "seed": seed,
        "grade": spec.grade,
        "worse": spec.worse,
        "age": spec.age_years,
        "sex": spec.sex,
        "kvp": scan.protocol.kvp,
        **{name: float(np.mean(values)) for name, values in means.items()},
    }


def _top(knee: VirtualKnee, scan: Scan, box: Box, patch: Patch) -> NDArray[np.bool_]:
    """The voxels of a box over the area of a patch, 0 to 5 mm below the surface of the bone."""
    places = anatomical_mm(scan, box, patch.bone)
    depth = knee.shape.bones[patch.bone].depth.at(places.reshape(-1, 3)).reshape(places.shape[:-1])
    aside = np.abs(places[..., :2] - patch.center_anatomical_mm[:2]).max(axis=-1)
    found: NDArray[np.bool_] = (depth > 0.0) & (depth <= TOP_MM) & (aside <= EDGE_MM / 2)
    return found


def _summary(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """AUCs, and odds ratios of one age and sex, for both regions."""
    ill = np.array([int(row["grade"]) >= OSTEOARTHRITIS for row in rows])
    age = np.array([float(row["age"]) for row in rows])
    female = np.array([row["sex"] == "F" for row in rows], float)
    knees = {"knees": f"{len(rows)}, {ill.sum()} with osteoarthritis"}
    found = [{**knees, "of": "age and sex", "region": "", **_verdict(ill, _predicted(ill, [age, female]))}]
    for region in (PATCH, TOP):
        medial, lateral = (np.array([float(r[f"{side}, {region}"]) for r in rows]) for side in PLATEAUS.values())
        person = np.column_stack([np.ones(len(age)), age, female])
        scores = {
            "medial HU": (_verdict(ill, medial, medial), f"{WANTED} if without age and sex"),
            "lateral HU": (_verdict(ill, lateral, lateral), ""),
            "medial less lateral HU": (_verdict(ill, medial - lateral, medial - lateral), "0.553"),
            "medial HU less what age and sex predict": (_verdict(ill, medial - _on(person, medial)), WANTED),
            "age, sex and medial HU": (_verdict(ill, _predicted(ill, [age, female, medial])), f"{WANTED} if with them"),
            "odds ratio per 100 HU medially, of one age and sex": ({"value": _odds(ill, age, female, medial)}, "1.49"),
        }
        found += [
            {**knees, "of": name, "region": region, **NO_GROUPS, **verdict, "wanted": wanted}
            for name, (verdict, wanted) in scores.items()
        ]
    return [{**found[0], **NO_GROUPS, "wanted": ""}, *found[1:], *_drawn()]


def _drawn() -> list[dict[str, str]]:
    """The same of the bone fraction that knees are drawn with."""
    specs = [draw_spec(seed) for seed in range(FIRST_DRAWN, FIRST_DRAWN + DRAWN)]
    ill = np.array([spec.grade >= OSTEOARTHRITIS for spec in specs])
    age, female = np.array([spec.age_years for spec in specs]), np.array([spec.sex == "F" for spec in specs], float)
    medial, lateral = (np.array([spec.bone_fraction[key] for spec in specs]) for key in PLATEAUS)
    values = {
        "medial bone fraction": f"AUC {_interval(ill, medial)}",
        "medial less lateral bone fraction": f"AUC {_interval(ill, medial - lateral)}",
        "age, sex and medial bone fraction": f"AUC {_interval(ill, _predicted(ill, [age, female, medial]))}",
        "odds ratio per 100 HU worth of medial bone, of one age and sex": _odds(ill, age, female, HU_OF_BONE * medial),
    }
    row = {"knees": f"{DRAWN}, {ill.sum()} with osteoarthritis", "region": "as drawn", **NO_GROUPS, "wanted": ""}
    return [{"of": name, "value": value, **row} for name, value in values.items()]


def _odds(ill: NDArray[np.bool_], age: Floats, female: Floats, hu: Floats) -> str:
    """How the odds grow with 100 HU."""
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(np.column_stack([age / 10, female, hu / 100]), ill)
    return f"{np.exp(fitted.coef_[0, 2]):.2f}"


def _verdict(ill: NDArray[np.bool_], score: Floats, hu: Floats | None = None) -> dict[str, str]:
    """An AUC, and means and standard deviations without and with osteoarthritis."""
    groups = {} if hu is None else {"without": hu[~ill], "with": hu[ill]}
    shown = {name: f"{own.mean():.0f} +- {own.std(ddof=1):.0f}" for name, own in groups.items()}
    return {"value": f"AUC {_interval(ill, score)}", **shown}


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
