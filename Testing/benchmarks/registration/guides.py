"""What should lead the registration: the MR itself, a synthetic CT of it (as the paper), or both?

The same stages, the same pairs, the same judge. Two tables:

- ``guides.csv``: complete registrations under the conditions ``full``, ``whole`` and ``thick`` (T1 with slices of
  3.3 mm, displaced as in ``full``, not cropped) of the knees 0 to N-1 of both cohorts of
  :mod:`Testing.benchmarks.registration.pairs`. ``tre_mean_mm`` is of landmarks inside the MR, as in the benchmark of
  the registration; a refused pair has a row for each bone with the verdict ``failed`` and no error.
- ``capture.csv``: femur and tibia from a motion of the knee that is wrong by a turn about a random axis (10 to 60
  degrees) and a shift of a quarter of a millimeter for each degree, without the search of the pose: ``tre_mean_mm``
  after the stages knee and bones.

``learned`` says whether the network was trained on other knees of the same source anatomy. Synthesis is done once for
each pair; its wall time is in ``synthesis_s``, not in ``cpu_s``.

Usage (one thread: OMP_NUM_THREADS=1; goes on where it was stopped)::

    python -m Testing.benchmarks.registration.guides --cohorts DIR [--cache DIR] [--model DIR] [--knees N]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.errors import CTSMAError
from CTSMALib.registration.engines.mutual_information import MutualInformation
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.guide import guide_named
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import GUIDES, MR
from CTSMALib.registration.record import FAILED
from CTSMALib.registration.register import register
from CTSMALib.registration.stages import fit_bones, fit_knee
from CTSMALib.synthesis.model import TASK, SynthesisModel, load_model
from CTSMALib.synthesis.synthesize import synthesize
from CTSMALib.virtual.body.acquisition import TO_REGISTER, draw_acquisition
from CTSMALib.virtual.body.knee import COARSE, virtual_knee
from CTSMALib.virtual.body.scans import image_of, tissue_of
from CTSMALib.virtual.cohort.knee_folder import read_knee_facts
from CTSMALib.virtual.cohort.read import Cohort, CohortKnee, read_cohort
from CTSMALib.virtual.spec import KneeSpec
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.rigid import Matrix, applied, turned
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.registration import pairs as made
from Testing.benchmarks.registration.pairs import FULL, WHOLE, Pair
from Testing.benchmarks.registration.registration import CODE, LEAST_LANDMARKS, RESULTS

THICK = "thick"
CONDITIONS = (FULL, THICK, WHOLE)
DEGREES = (10.0, 20.0, 30.0, 45.0, 60.0)
MM_PER_DEGREE = 0.25
LEARNED = ("knee1", "visible_female", "visible_male")
SEED = 917
Row = dict[str, object]
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=Path, required=True, help="folder with both cohorts")
    parser.add_argument("--names", default="test,testwhole", help="of the cohorts")
    parser.add_argument("--cache", type=Path, help="default: CACHE in the folder of the cohorts")
    parser.add_argument("--model", type=Path, help="bundle; the shipped one where it is left out")
    parser.add_argument("--knees", type=int, default=12)
    parser.add_argument("--only", default=",".join((*CONDITIONS, "capture")))
    options = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    cache = options.cache or options.cohorts / "CACHE"
    model = load_model(None if options.model is None else read_bundle(options.model, TASK))
    settings = {"generator": GENERATOR, "cohorts": options.names, "model": model.identity}
    names = options.names.split(",")
    only = options.only.split(",")
    with threadpool_limits(limits=1):
        table = ResultTable(RESULTS / "guides.csv", ("condition", "knee", "guide"), CODE, **settings)
        for condition in (c for c in CONDITIONS if c in only):
            cohort = read_cohort(options.cohorts / names[condition == WHOLE])
            for knee in cohort.knees[: options.knees]:
                if not table.holds(condition=condition, knee=knee.subject):
                    rows = _whole_registrations(_pair(cohort, knee, condition, cache), model)
                    table.add(rows)
                    _tell(rows)
        if "capture" in only:
            table = ResultTable(RESULTS / "capture.csv", ("knee", "degrees", "guide"), CODE, seed=SEED, **settings)
            cohort = read_cohort(options.cohorts / names[0])
            for knee in cohort.knees[: options.knees]:
                if not table.holds(knee=knee.subject):
                    table.add(_captured(cohort, knee, cache, model))
                    print("capture", knee.subject, flush=True)


def _pair(cohort: Cohort, knee: CohortKnee, condition: str, cache: Path) -> Pair:
    if condition != THICK:
        return made.make_pair(cohort, knee, condition, cache)
    pair = made.plain_pair(knee, condition, cache)
    return made.displaced(_thick(pair), made.rng_of(cohort, knee, len(made.CONDITIONS) + 31))


def _thick(pair: Pair) -> Pair:
    """The pair with a T1 of the same session in the place of the BFFE."""
    facts = read_knee_facts(pair.knee.folder)
    spec = KneeSpec(**{**facts["spec"], "joint_space_mm": tuple(facts["spec"]["joint_space_mm"])})
    knee = virtual_knee(spec, COARSE)
    coverage = replace(TO_REGISTER, mr_changes={})
    scan = draw_acquisition(knee, facts["order"]["scan_seed"], ("t1",), coverage=coverage).mr["t1"]
    return replace(pair, mr=image_of(tissue_of(knee, scan), scan))


def _whole_registrations(pair: Pair, model: SynthesisModel) -> list[Row]:
    names = list(FixedKnee(pair.ct, pair.labels).bones)
    began = time.monotonic()
    try:
        made_ct = synthesize(pair.mr, model)
    except CTSMAError as error:
        print("no synthesis:", error)
        made_ct = None
    synthesis_s = time.monotonic() - began
    rows: list[Row] = []
    for name in GUIDES:
        if made_ct is None and name != MR:
            rows += [_row(pair, name, bone, None, FAILED, "", 0.0, synthesis_s) for bone in names]
            continue
        ct, bones = (made_ct.ct_image(), made_ct.bones_image()) if made_ct else (None, None)
        begun = time.process_time()
        try:
            # new objects for each, or the first would pay for what all share
            fixed, moving = FixedKnee(pair.ct, pair.labels), MovingKnee(pair.mr)
            found = register(fixed, moving, guide=guide_named(name, pair.mr, ct, bones))
        except CTSMAError:
            spent = time.process_time() - begun
            rows += [_row(pair, name, bone, None, FAILED, "", spent, synthesis_s) for bone in names]
            continue
        spent = time.process_time() - begun
        rows += [
            _row(pair, name, b.name, b.fixed_to_moving_lps, b.verdict, b.quality.estimated_mm, spent, synthesis_s)
            for b in found.bones
        ]
    return rows


def _row(
    pair: Pair, guide: str, bone: str, matrix: Matrix | None, verdict: str, estimated: object, spent: float,
    synthesis_s: float,
) -> Row:  # fmt: skip
    source = pair.knee.facts["source"]
    return {
        "condition": pair.condition, "knee": pair.knee.subject, "source": source, "learned": source in LEARNED,
        "guide": guide, "bone": bone, "start_deg": pair.start_deg, "overlap": pair.overlap,
        "inside": float(pair.inside(bone).mean()), "tre_mean_mm": _error(pair, bone, matrix), "verdict": verdict,
        "estimated_mm": estimated, "cpu_s": spent, "synthesis_s": synthesis_s if guide != MR else 0.0,
    }  # fmt: skip


def _error(pair: Pair, bone: str, matrix: Matrix | None) -> float | str:
    seen = pair.inside(bone)
    if matrix is None or seen.sum() < LEAST_LANDMARKS:
        return ""
    ct, shown = (points[seen] for points in pair.landmarks[bone])
    return float(np.linalg.norm(applied(matrix, ct) - shown, axis=1).mean())


def _captured(cohort: Cohort, knee: CohortKnee, cache: Path, model: SynthesisModel) -> list[Row]:
    pair = made.plain_pair(knee, "capture", cache)
    fixed = FixedKnee(pair.ct, pair.labels)
    try:
        found = synthesize(pair.mr, model)
    except CTSMAError as error:
        print("no synthesis:", error)
        return []
    guides = {name: guide_named(name, pair.mr, found.ct_image(), found.bones_image()) for name in GUIDES}
    rng = np.random.default_rng([SEED, made.number_of(knee)])
    rows: list[Row] = []
    for degrees in DEGREES:
        start = _off(pair, fixed, degrees, rng)
        for name, guide in guides.items():
            led_by = guide or MovingKnee(pair.mr)
            matrix = fit_knee(fixed, led_by, [start]).matrix
            fits = fit_bones(fixed, led_by, matrix, MutualInformation())
            for bone in fixed.leading:
                error = _error(pair, bone, fits[bone][0].matrix)
                source = knee.facts["source"]
                rows.append(
                    {"knee": knee.subject, "source": source, "learned": source in LEARNED, "degrees": degrees,
                     "guide": name, "bone": bone, "tre_mean_mm": error}
                )  # fmt: skip
    return rows


def _off(pair: Pair, fixed: FixedKnee, degrees: float, rng: np.random.Generator) -> Matrix:
    """The true motion of the tibia, wrong by a turn and a shift."""
    axis, shift = rng.normal(size=3), rng.normal(size=3)
    turn = axis / np.linalg.norm(axis) * degrees
    shift *= MM_PER_DEGREE * degrees / np.linalg.norm(shift)
    return pair.truth[fixed.leading[-1]] @ turned(turn, fixed.whole.center_mm, shift)


def _tell(rows: list[Row]) -> None:
    for guide in GUIDES:
        own = [r for r in rows if r["guide"] == guide]
        told = ", ".join(f"{r['bone']} {r['tre_mean_mm']} {r['verdict']}" for r in own)
        print(own[0]["condition"], own[0]["knee"], guide, f"{own[0]['cpu_s']:.0f} s:", told, flush=True)


if __name__ == "__main__":
    main()
