"""The recipes on a routine CT: what reading trabeculae off it directly is worth, against the measured truth.

Boxes of a virtual cohort in mode ``patches``, references of the CT as in the patch set, noise and point spread as its
facts say. ``r`` is the correlation with the truth over patches, ``ratio`` the median of found over true. ``icc`` is the
agreement of what is read, as it is. 95 % intervals of r resample knees.

Usage::

    python -m Testing.benchmarks.apparent.ct_recipes --cohort COHORT --truth SET_WITH_TRUTH
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval, icc_agreement, pair_moments, pair_statistics, patient_draws
from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.learning.patches.ct_facts import references_from_boxes
from CTSMALib.learning.patches.knee_boxes import KneeBoxes, read_knee_boxes
from CTSMALib.learning.patches.patch_set import PatchSet, read_patch_set
from CTSMALib.learning.patches.virtual_part import knee_key
from CTSMALib.morphometry.apparent.patch_image import PatchImage, ct_patch
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import RECIPES
from CTSMALib.student.covariates import COVARIATES
from CTSMALib.virtual.cohort.read import CohortKnee, read_cohort
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/apparent",)
RESAMPLINGS = 500
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True, help="virtual cohort in mode patches")
    parser.add_argument("--truth", type=Path, required=True, help="its patch set, with true values of some patches")
    options = parser.parse_args()
    found = read_patch_set(options.truth)
    known = found.select(np.isfinite(found.truth).all(axis=1))
    table = ResultTable(
        RESULTS / "ct_recipes.csv", ("recipe", "parameter"), CODE, made_from=found.facts.made_from, patches=len(known)
    )
    table.rows.clear()
    read = np.full((len(known), len(RECIPES), len(KEYS)), np.nan)
    for knee in read_cohort(options.cohort).knees:
        for row, values in _read(knee, known):
            read[row] = values
    knees = known.of_knee("subject").astype(np.str_)
    for r, name in enumerate(RECIPES):
        for k, key in enumerate(KEYS):
            numbers = _agreement(read[:, r, k], known.truth[:, k], knees)
            table.add([{"recipe": name, "parameter": key, **numbers}])
    for row in table.rows:
        print(row, flush=True)


def _read(knee: CohortKnee, known: PatchSet) -> Iterator[tuple[int, Floats]]:
    """Row and (recipes, 4) values of the patches of one knee whose truth is known."""
    rows = np.flatnonzero(known.patches["knee"] == knee_key(knee.subject, knee.side))
    if not len(rows):
        return
    boxes = read_knee_boxes(knee)
    for row in rows:
        image = _image(boxes, boxes.ids.index(str(known.patches["id"][row])), known.covariates[row], knee)
        found = [recipe.read(image) for recipe in RECIPES.values()]
        yield (
            int(row),
            np.array([[getattr(one, key.removeprefix("app_")) for key in KEYS] for one in found], dtype=float),
        )


def _image(boxes: KneeBoxes, number: int, covariates: Floats, knee: CohortKnee) -> PatchImage:
    facts = dict(zip(COVARIATES, covariates, strict=True))
    references = references_from_boxes(boxes.ct, float(knee.facts["ct_kvp"]))
    frame = boxes.ct_frames[boxes.bones[number]]
    places = frame.to_anatomical(voxel_centers(boxes.ct.image(number))) - frame.to_anatomical(
        boxes.ct_centers_mm[number]
    )
    bone = boxes.ct.trabecular[number]
    inside = np.all(np.abs(places) <= 0.5 * EDGE_MM, axis=-1) & bone
    return ct_patch(
        boxes.ct.values[number], inside, bone, boxes.ct.spacing_mm, references.marrow.hu, references.bone_tissue_hu,
        facts["ct_noise_sd_hu"], facts["ct_inplane_fwhm_mm"],
    )  # fmt: skip


def _agreement(values: Floats, true: Floats, knees: NDArray[np.str_]) -> dict[str, object]:
    seen = np.isfinite(values)
    values, true = values[seen], true[seen]
    names, codes = np.unique(knees[seen], return_inverse=True)
    moments = pair_moments(true, values, codes, len(names))
    r = corrected_interval(pair_statistics(patient_draws(len(names), RESAMPLINGS) @ moments).correlation, len(names))
    return {
        "patches": len(values), "lost": int((~seen).sum()), "knees": len(names), "r": r.value,
        "low": r.low, "high": r.high, "ratio": float(np.median(values / true)),
        "icc": icc_agreement(np.column_stack([values, true])),
    }  # fmt: skip


if __name__ == "__main__":
    main()
