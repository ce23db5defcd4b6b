"""Registration from landmarks that a person placed roughly, beside the automatic one, on the same virtual pairs.

The header of the MR is turned by 15 degrees about any axis and moved as in the condition ``full``; nothing is cropped.
For each bone, six of its true landmarks in the MR, far apart, are given in both scans with normal noise of 2 mm per
axis; then bones are refined from there (``--from-stage bones``). Knees 0 to 19 of the first cohort of
:mod:`Testing.benchmarks.registration.pairs`; bones with fewer landmarks in the MR start from the whole knee.

Usage (one thread: OMP_NUM_THREADS=1; goes on where it was stopped)::

    python -m Testing.benchmarks.registration.from_landmarks --cohort COHORTS/test --cache DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.landmarks import fitted
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import BONES, POSE
from CTSMALib.registration.register import Registration, register
from CTSMALib.registration.start import Start
from CTSMALib.virtual.cohort.read import Cohort, CohortKnee, read_cohort
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.rigid import Matrix, applied
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.registration import pairs as made
from Testing.benchmarks.registration.registration import CODE, LEAST_LANDMARKS, RESULTS

KNEES = 20
PLACED, NOISE_MM = 6, 2.0
OFF_DEG = 15.0
SEED = 815
ROUGH, AUTOMATIC = "landmarks", "automatic"
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    cohort = read_cohort(options.cohort)
    settings = {"generator": GENERATOR, "cohort_seed": cohort.facts.seed, "seed": SEED, "noise_mm": NOISE_MM}
    table = ResultTable(RESULTS / "from_landmarks.csv", ("knee", "start"), CODE, **settings)
    with threadpool_limits(limits=1):
        for knee in cohort.knees[:KNEES]:
            if not table.holds(knee=knee.subject):
                rows = _of_knee(cohort, knee, options.cache)
                table.add(rows)
                print(knee.subject, [(r["start"], r["bone"], r["tre_mean_mm"]) for r in rows], flush=True)


def _of_knee(cohort: Cohort, knee: CohortKnee, cache: Path) -> list[dict[str, object]]:
    rng = np.random.default_rng([SEED, cohort.facts.seed, made.number_of(knee)])
    pair = made.displaced(made.plain_pair(knee, ROUGH, cache), rng, OFF_DEG)
    placed = {}
    for bone in pair.landmarks:
        seen = pair.inside(bone)
        if seen.sum() >= PLACED:
            points = [points[seen] for points in pair.landmarks[bone]]
            chosen = _far_apart(points[0], PLACED)
            ct, mr = (p[chosen] + rng.normal(0.0, NOISE_MM, (PLACED, 3)) for p in points)
            placed[bone] = fitted((ct, mr))
    fixed, moving = FixedKnee(pair.ct, pair.labels), MovingKnee(pair.mr)
    starts = {AUTOMATIC: Start(POSE), ROUGH: Start(BONES, bones=placed)}
    return [
        row for name, start in starts.items()
        for row in _rows(pair, name, register(fixed, moving, start=start), placed)
    ]  # fmt: skip


def _far_apart(points: Array, count: int) -> list[int]:
    """Indices of points of which each lies farthest from those before."""
    chosen = [0]
    while len(chosen) < count:
        away = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
        chosen.append(int(away.argmax()))
    return chosen


def _rows(pair: made.Pair, start: str, found: Registration, placed: dict[str, Matrix]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for bone in found.bones:
        ct, shown = (points[pair.inside(bone.name)] for points in pair.landmarks[bone.name])
        enough = len(ct) >= LEAST_LANDMARKS

        def error(matrix: Matrix | None, ct: Array = ct, shown: Array = shown, enough: bool = enough) -> object:
            if matrix is None or not enough:
                return ""
            return float(np.linalg.norm(applied(matrix, ct) - shown, axis=1).mean())

        rows.append(
            {
                "knee": pair.knee.subject, "start": start, "bone": bone.name,
                "inside": float(pair.inside(bone.name).mean()), "placed_tre_mm": error(placed.get(bone.name)),
                "tre_mean_mm": error(bone.fixed_to_moving_lps), "verdict": bone.verdict,
                "estimated_mm": bone.quality.estimated_mm,
            }
        )  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
