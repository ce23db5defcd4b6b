"""Calibrate the estimate of the error: from what witnesses say to millimeters, on virtual knees with known truth.

The knees must be none that a benchmark tests on. Those of the shipped model come from::

    ctsma virtual make --knees 20 --seed 61 --grades balanced --mode registration --out COHORTS/dev

Each knee is registered under these conditions, everything drawn from its seed and number:

- ``full``: the header displaced by up to 30 degrees and 50 mm along each axis;
- ``cropped``: displaced, and 5 to 45 % of the MR cut away at one end of one axis;
- ``labels``: bone labels 2 mm too large or too small, in turn;
- ``astray``: each bone from one start 3 to 15 mm and up to 15 degrees off, so that some end in a wrong place;
- ``moved``: the motions of ``full``, moved away by up to some millimeters and degrees.

The sum of squares of :mod:`CTSMALib.registration.error_model` is fitted to the logarithm of the error at landmarks,
every bone with the same weight. Bones of which less than :data:`~CTSMALib.registration.quality.LEAST_INSIDE` lies in
the MR are left out: those fail whatever the estimate. What is printed is found with the knee in question left out, and
then with all knees of its source anatomy left out.

Usage (one thread: OMP_NUM_THREADS=1; goes on where it was stopped)::

    python -m Testing.benchmarks.registration.calibrate --cohort COHORTS/dev --work DIR [--write]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from CTSMALib.registration.engines.mutual_information import MutualInformation
from CTSMALib.registration.error_model import MODEL_FILE, SOURCES, filled
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.local_field import LOOSE, fit_local
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.quality import CHECK_MM, FAILED_MM, LEAST_INSIDE, sources_of_error
from CTSMALib.registration.register import bones_alike
from CTSMALib.registration.stages import find_pose, fit_bones, fit_knee
from CTSMALib.registration.witnesses import call_witnesses
from CTSMALib.virtual.cohort.read import Cohort, read_cohort
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.rigid import Matrix, applied, turned
from Testing.benchmarks.record import code_digest
from Testing.benchmarks.registration.pairs import OFF_MM, Pair, cropped, displaced, number_of, off_labels, plain_pair

CODE = ("CTSMA/CTSMALib/registration", "CTSMA/CTSMALib/registration/engines")
FULL, CROPPED, LABELS, ASTRAY, MOVED = "full", "cropped", "labels", "astray", "moved"
FLOOR_MM = 0.01  # added to errors before logarithms
LARGE_ERROR_MM = 1.0
Array = NDArray[np.float64]
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for labels and for what witnesses said")
    parser.add_argument("--write", action="store_true", help="replace the shipped model")
    options = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    cohort = read_cohort(options.cohort)
    with threadpool_limits(limits=1):
        rows = list(_gathered(cohort, options.work))
    rows = [row for row in rows if row["inside"] > LEAST_INSIDE]
    calibration = Calibration(rows, {knee.subject: knee.subject for knee in cohort.knees})
    calibration.tell()
    print("With all knees of the same source anatomy left out:")
    Calibration(rows, {knee.subject: str(knee.facts["source"]) for knee in cohort.knees}).tell()
    if options.write:
        knees = len({row["knee"] for row in rows})
        calibration.write(f"{knees} virtual knees ({GENERATOR}, {cohort.facts.mode} mode, seed {cohort.facts.seed})")


# ---- what witnesses say ----


def _gathered(cohort: Cohort, work: Path) -> Iterator[Row]:
    (work / "witnesses").mkdir(parents=True, exist_ok=True)
    for knee in cohort.knees:
        path = work / "witnesses" / f"{cohort.facts.seed}-{knee.subject}-{code_digest(CODE)}.json"
        if not path.exists():
            rng = np.random.default_rng([cohort.facts.seed, number_of(knee)])
            rows = list(_of_knee(plain_pair(knee, FULL, work), rng))
            path.write_text(json.dumps(rows))
            told = (f"{r['condition']} {r['bone']} {np.mean(r['true_mm']):.2f}" for r in rows)
            print(knee.subject, ", ".join(told), flush=True)
        yield from json.loads(path.read_text())


def _of_knee(pair: Pair, rng: np.random.Generator) -> Iterator[Row]:
    away = displaced(pair, rng)
    fixed, moving = FixedKnee(pair.ct, pair.labels), MovingKnee(away.mr)
    found = _registered(fixed, moving)
    yield from _rows(FULL, away, fixed, moving, found)
    moved = {bone: matrix @ _away(fixed, bone, rng, 3.0, 3.0) for bone, matrix in found.items()}
    yield from _rows(MOVED, away, fixed, moving, moved)
    engine = MutualInformation()
    starts = {bone: matrix @ _away(fixed, bone, rng, 15.0, 15.0) for bone, matrix in found.items()}
    astray = {bone: engine.refine(fixed, bone, moving, [start])[0].matrix for bone, start in starts.items()}
    yield from _rows(ASTRAY, away, fixed, moving, astray)
    part = displaced(cropped(pair, int(rng.integers(3)), rng.uniform(0.55, 0.95), rng.random() < 0.5), rng)
    moving = MovingKnee(part.mr)
    yield from _rows(CROPPED, part, fixed, moving, _registered(fixed, moving))
    off = OFF_MM if number_of(pair.knee) % 2 else -OFF_MM
    fixed, moving = FixedKnee(pair.ct, off_labels(pair.labels, off)), MovingKnee(pair.mr)
    yield from _rows(LABELS, pair, fixed, moving, _registered(fixed, moving))


def _registered(fixed: FixedKnee, moving: MovingKnee) -> dict[str, Matrix]:
    knee = fit_knee(fixed, moving, [candidate.matrix for candidate in find_pose(fixed, moving)])
    return {bone: fits[0].matrix for bone, fits in fit_bones(fixed, moving, knee.matrix, MutualInformation()).items()}


def _away(fixed: FixedKnee, bone: str, rng: np.random.Generator, most_deg: float, most_mm: float) -> Matrix:
    turn, shift = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    middle = fixed.center_mm(bone)
    return turned(turn * rng.uniform(0.0, most_deg), middle, shift * rng.uniform(0.2, 1.0) * most_mm)


def _rows(
    condition: str, pair: Pair, fixed: FixedKnee, moving: MovingKnee, matrices: dict[str, Matrix]
) -> Iterator[Row]:  # fmt: skip
    loose = fit_local(fixed, moving, bones_alike(fixed, moving, matrices), LOOSE).field
    for bone, matrix in matrices.items():
        seen = call_witnesses(fixed, bone, moving, matrix, loose)
        ct, shown = pair.landmarks[bone]
        yield {
            "knee": pair.knee.subject, "condition": condition, "bone": bone,
            "true_mm": np.linalg.norm(applied(matrix, ct) - shown, axis=1).tolist(),
            "sources": {name: values.tolist() for name, values in sources_of_error(seen, ct).items()},
            "inside": seen.similarity.inside,
        }  # fmt: skip


# ---- the model ----


class Calibration:
    """Fits with every group of knees left out in turn, and with none.

    Attributes:
        rows: of the bones.
        told_mm, true_mm: (n,) mean error of each bone, estimated without its group, and true.
        bound: that 95 % of the ratios of true and estimated errors stay below.
        constant_mm, weights: of the model.
    """

    def __init__(self, rows: list[Row], groups: Mapping[str, str]) -> None:
        """Fit; ``groups`` tells the group of each knee."""
        self.rows = rows
        errors = [np.array(row["true_mm"]) for row in rows]
        ones = [np.ones(len(e)) for e in errors]
        told = [[filled(row["sources"][name]) for name in SOURCES] for row in rows]
        designs = [np.stack([one, *own], axis=1) for one, own in zip(ones, told, strict=True)]
        self._squares = np.concatenate(designs) ** 2
        self._logarithm = np.log(np.concatenate(errors) + FLOOR_MM)
        self._weight = np.concatenate([one / len(one) for one in ones])
        self.true_mm = np.array([e.mean() for e in errors])
        of_row = np.repeat(np.arange(len(rows)), [len(e) for e in errors])
        group_of = np.array([groups[row["knee"]] for row in rows])[of_row]
        estimates = np.zeros(len(of_row))
        for group in np.unique(group_of):
            own = group_of == group
            estimates[own] = np.sqrt(self._squares[own] @ self._fitted(~own) ** 2)
        self.told_mm = np.array([estimates[of_row == n].mean() for n in range(len(rows))])
        self.constant_mm, *self.weights = self._fitted(np.ones(len(of_row), dtype=bool)).tolist()
        conditions = np.array([row["condition"] for row in rows])
        self._as_registered = ~np.isin(conditions, (MOVED, ASTRAY))
        self._small = self.true_mm < LARGE_ERROR_MM
        self.bound = float(np.quantile((self.true_mm / self.told_mm)[self._as_registered], 0.95))

    def _fitted(self, which: NDArray[np.bool_]) -> Array:
        squares, logarithm, weight = self._squares[which], self._logarithm[which], np.sqrt(self._weight[which])

        def residual(factors: Array) -> Array:
            told: Array = weight * (0.5 * np.log(squares @ factors**2 + FLOOR_MM**2) - logarithm)
            return told

        return np.abs(least_squares(residual, np.full(squares.shape[1], 0.3)).x)

    def tell(self) -> None:
        """Print how well it works."""
        print(f"{len(self.rows)} bones, {np.sum(~self._small)} of them above {LARGE_ERROR_MM:.0f} mm")
        for name, which in (("all", self._small), ("as registered", self._small & self._as_registered)):
            rho = stats.spearmanr(self.told_mm[which], self.true_mm[which]).statistic
            print(f"Spearman below {LARGE_ERROR_MM:.0f} mm, {name}: {rho:.2f} (n = {which.sum()})")
        for limit in (0.3, 0.4, 0.5, CHECK_MM, 0.8, FAILED_MM):
            missed = ~self._small & (self.told_mm < limit)
            alarms = np.mean(self.told_mm[self._small & self._as_registered] > limit)
            print(f"limit {limit} mm: {missed.sum()} above {LARGE_ERROR_MM:.0f} mm missed, false alarms {alarms:.1%}")
        for row, true, told in zip(self.rows, self.true_mm, self.told_mm, strict=True):
            if true > LARGE_ERROR_MM and told < CHECK_MM:
                print(f"missed: {row['knee']} {row['condition']} {row['bone']}: {true:.2f} mm, told {told:.2f}")
        print(f"bound {self.bound:.2f}, constant {self.constant_mm:.3f} mm", self._named())

    def _named(self) -> dict[str, float]:
        return {name: round(weight, 4) for name, weight in zip(SOURCES, self.weights, strict=True)}

    def write(self, made_with: str) -> None:
        """Replace the shipped model."""
        model = {
            "schema_version": "2", "made_with": made_with, "bones": len(self.rows),
            "code_sha256": code_digest(CODE),
            "constant_mm": round(self.constant_mm, 4), "bound": round(self.bound, 3), "weights": self._named(),
        }  # fmt: skip
        MODEL_FILE.write_text(json.dumps(model, indent=1) + "\n")
        print(f"Written: {MODEL_FILE.name}")


if __name__ == "__main__":
    main()
