"""Do bone labels on the MR help its registration: as a start, and as masks in which each bone is searched?

Whole virtual pairs whose MR header is displaced as in :mod:`Testing.benchmarks.registration.pairs`; labels of the MR by
the shipped network, labels of the CT are the true ones. The stages pose, knee and bones, in three ways:

- ``none``: the MR alone;
- ``start``: where the outlines of femur and tibia lie on each other is one more start of the knee;
- ``masks``: likewise, and each bone is searched in the surroundings of its label alone.

``start`` says where the stages begin: ``pose`` with the search of the pose; else a motion of the knee that is wrong by
so many degrees and a quarter of a millimeter for each, in which case only masks can matter. ``tre_mean_mm`` is of
landmarks inside the MR.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.mr_bones.masks --cohort COHORT [--knees N] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.given_bones import aligned_labels
from CTSMALib.anatomy.labels import BONES
from CTSMALib.jobs.mr_bones import network_bones
from CTSMALib.jobs.register_guide import synthesis_bundle
from CTSMALib.progress import silent
from CTSMALib.registration.bone_pose import pose_of_bones
from CTSMALib.registration.engines.mutual_information import MutualInformation
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.stages import find_pose, fit_bones, fit_knee
from CTSMALib.synthesis.model import SynthesisModel, load_model
from CTSMALib.virtual.cohort.knee_folder import CT_FILE, LANDMARKS_FILE
from CTSMALib.virtual.cohort.read import Cohort, CohortKnee, read_cohort
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.bone_labels import read_bone_labels
from CTSMALib.volumes.rigid import Matrix, applied, read_itk, turned
from Testing.benchmarks.mr_bones.masked import MaskedInformation
from Testing.benchmarks.mr_bones.whole import RESULTS
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.registration.pairs import WHOLE, Pair, displaced, number_of, rng_of

CODE = ("CTSMA/CTSMALib/synthesis", "CTSMA/CTSMALib/registration", "CTSMA/CTSMALib/registration/engines")
CT_LABELS_FILE = "ct_labels.nii.gz"
NONE, START, MASKS = WAYS = ("none", "start", "masks")
POSE, DEGREES, MM_PER_DEGREE = "pose", (15.0, 30.0, 45.0), 0.25
SEED, LEAST_LANDMARKS = 417, 10
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True, help="virtual knees with whole scans")
    parser.add_argument("--knees", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one knee from the pose alone; kept apart")
    options = parser.parse_args()
    bundle = synthesis_bundle(None)
    model, cohort = load_model(bundle), read_cohort(options.cohort)
    settings = {"generator": GENERATOR, "model": model.identity, "cohort_digest": cohort.facts.digest, "seed": SEED}
    name = "quick_masks.csv" if options.quick else "masks.csv"
    table = ResultTable(RESULTS / name, ("knee", "start", "way"), CODE, **settings)
    for knee in cohort.knees[: 1 if options.quick else options.knees]:
        if not all(table.holds(knee=knee.subject, start=s) for s in (POSE, *([] if options.quick else DEGREES))):
            _measure(cohort, knee, model, table, options.quick)


def _measure(cohort: Cohort, knee: CohortKnee, model: SynthesisModel, table: ResultTable, quick: bool) -> None:
    pair = displaced(_pair(knee), rng_of(cohort, knee, 5))
    found = aligned_labels(network_bones(pair.mr, silent, synthesis_bundle(None), model).labels)
    fixed, plain = FixedKnee(pair.ct, pair.labels), MovingKnee(pair.mr)
    on_mr = FixedKnee(sitk.Cast(found, sitk.sitkInt16), found)  # of which the outlines alone count
    rng = np.random.default_rng([SEED, number_of(knee)])
    for start in (POSE, *([] if quick else DEGREES)):
        first = _off(pair, fixed, start, rng) if isinstance(start, float) else None
        rows = []
        for way in WAYS if first is None else (NONE, MASKS):
            began = time.process_time()
            engine = MaskedInformation(on_mr) if way == MASKS else MutualInformation()
            starts = [first] if first is not None else _poses(fixed, plain, on_mr if way != NONE else None)
            matrix = fit_knee(fixed, plain, starts).matrix
            fits = fit_bones(fixed, plain, matrix, engine)
            spent = time.process_time() - began
            errors = {bone: _error(pair, bone, fit[0].matrix) for bone, fit in fits.items()}
            rows += [
                {"knee": knee.subject, "grade": knee.grade, "start": start, "way": way, "bone": bone,
                 "tre_mean_mm": error, "cpu_s": spent}
                for bone, error in errors.items()
            ]  # fmt: skip
            print(knee.subject, start, way, f"{spent:.0f} s", errors, flush=True)
        table.add(rows)


def _poses(fixed: FixedKnee, moving: MovingKnee, on_mr: FixedKnee | None) -> list[Matrix]:
    laid = None if on_mr is None else pose_of_bones(fixed, on_mr)
    return [*([] if laid is None else [laid.matrix]), *(found.matrix for found in find_pose(fixed, moving))]


def _pair(knee: CohortKnee) -> Pair:
    """As it was made, with true labels of the CT."""
    assert knee.mr is not None
    ct, mr = (sitk.ReadImage(str(path)) for path in (knee.folder / CT_FILE, knee.mr))
    with (knee.folder / LANDMARKS_FILE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def points(bone: str, scan: str) -> NDArray[np.float64]:
        return np.array([[float(r[f"{scan}_{axis}_mm"]) for axis in "xyz"] for r in rows if r["bone"] == bone])

    landmarks = {bone.name: (points(bone.name, "ct"), points(bone.name, "mr")) for bone in BONES}
    truth = {bone.name: read_itk(knee.registration / f"{bone.name}.tfm") for bone in BONES}
    return Pair(WHOLE, knee, ct, mr, aligned_labels(read_bone_labels(knee.folder / CT_LABELS_FILE)), landmarks, truth)


def _off(pair: Pair, fixed: FixedKnee, degrees: float, rng: np.random.Generator) -> Matrix:
    """The true motion of the tibia, wrong by a turn and a shift."""
    axis, shift = rng.normal(size=3), rng.normal(size=3)
    shift *= MM_PER_DEGREE * degrees / np.linalg.norm(shift)
    turn = axis / np.linalg.norm(axis) * degrees
    return pair.truth[fixed.leading[-1]] @ turned(turn, fixed.whole.center_mm, shift)


def _error(pair: Pair, bone: str, matrix: Matrix) -> float | str:
    seen = pair.inside(bone)
    if seen.sum() < LEAST_LANDMARKS:
        return ""
    ct, shown = (points[seen] for points in pair.landmarks[bone])
    return float(np.linalg.norm(applied(matrix, ct) - shown, axis=1).mean())


if __name__ == "__main__":
    main()
