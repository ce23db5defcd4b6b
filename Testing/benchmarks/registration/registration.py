"""Registration of virtual MR to virtual CT: is every bone found, how far off, and is it known?

Pairs and conditions are those of :mod:`Testing.benchmarks.registration.pairs`, which tells how to make the cohorts.
Bones are labeled by an analysis of the CT and not given. The target registration error (TRE) is the distance of
landmarks, where the motion takes them, from where the MR shows them, distortion included; ``tre_mean_mm``,
``tre_95_mm`` and ``tre_um`` (each landmark, micrometers) count those that lie in the MR, if at least 5 of a bone do.
``distortion_mm`` is what no rigid motion could avoid: the mean residual of the best rigid fit to these landmarks.
``start_tre_mm`` is the error of doing nothing. A refused pair has a row for each bone with the verdict ``failed``.

Three tables: ``pairs.csv`` (ours), ``peers.csv`` (undistorted pairs, same labels, one thread as ours; CPU seconds
without imports and files on both sides), ``refusals.csv`` (MRs that are not of the knee of the CT, knees 0 to 5):

- ``mirrored``: the array reversed along the axis nearest to left-right, the header as it was;
- ``other side``, ``other person``: the MR of the next knee in the cohort of another source anatomy and the other, or
  the same, side;
- ``shaft``: only that quarter of the MR that is lowest or highest, so without the joint. It does show part of a bone of
  the CT, so a bone that is found right is no mistake: ``tre_mm`` tells, the largest mean TRE of the good bones;
- ``ct as mr``: HU + 1024 as the signal, displaced as in ``full``.

``outcome`` is ``refused``; ``failed`` where every bone failed; ``flagged`` where none is good; ``passed`` otherwise.

Usage (one thread: OMP_NUM_THREADS=1; goes on where it was stopped)::

    python -m Testing.benchmarks.registration.registration --cohorts DIR [--cache DIR] [--peers-python PYTHON]
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import CTSMAError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.record import FAILED, GOOD
from CTSMALib.registration.register import Registration, register
from CTSMALib.virtual.cohort.read import Cohort, CohortKnee, read_cohort
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.rigid import applied
from Testing.benchmarks.record import ROOT, ResultTable
from Testing.benchmarks.registration import pairs as made
from Testing.benchmarks.registration.pairs import CONDITIONS, UNDISTORTED, WHOLE, Pair, chosen, make_pair, number_of
from Testing.benchmarks.registration.peer_runs import METHODS, PROGRAM, run_peer

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/registration", "CTSMA/CTSMALib/registration/engines")
ERROR_MODEL = ROOT / "CTSMA" / "CTSMALib" / "registration" / "error_model.json"
KEYS = ("condition", "knee", "method", "bone")
OURS, REFUSALS, PEERS = "ctsma", "refusals", "peers"
MIRRORED, OTHER_SIDE, OTHER_PERSON, SHAFT, CT_AS_MR = NOT_THE_KNEE = (
    *("mirrored", "other side", "other person", "shaft", "ct as mr"),
)
REFUSED_KNEES = range(6)
SHAFT_SHARE = 0.25
CT_OFFSET = 1024
LEAST_LANDMARKS = 5
JUDGED = ("estimated_mm", "estimated_95_mm", "contour_mm", "surroundings_inside")
TIMEOUT_S = 900.0
Row = dict[str, object]
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=Path, required=True, help="folder with both cohorts")
    parser.add_argument("--names", default="test,testwhole", help="of the cohorts; other ones are kept apart")
    parser.add_argument("--cache", type=Path, help="default: CACHE in the folder of the cohorts")
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the peers")
    parser.add_argument("--quick", action="store_true", help="one knee of each condition; kept apart")
    parser.add_argument("--only", default=",".join((*CONDITIONS, REFUSALS, PEERS)), help="conditions and tables")
    options = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    cache = options.cache or options.cohorts / "CACHE"
    with threadpool_limits(limits=1):
        _run(options, cache)


def _run(options: argparse.Namespace, cache: Path) -> None:
    names = options.names.split(",")
    most = 1 if options.quick else None
    prefix = "quick_" if options.quick or options.names != "test,testwhole" else ""
    only = options.only.split(",")
    if not set(only) <= {*CONDITIONS, REFUSALS, PEERS}:
        raise SystemExit(f"--only takes {', '.join((*CONDITIONS, REFUSALS, PEERS))}")
    settings = {"generator": GENERATOR, "cohorts": options.names}
    ours = {**settings, "error_model_sha256": _digest(ERROR_MODEL)}
    pairs = ResultTable(RESULTS / f"{prefix}pairs.csv", KEYS, CODE, **ours)
    for condition in (c for c in CONDITIONS if c in only):
        cohort = read_cohort(options.cohorts / names[condition == WHOLE])
        _ours(cohort, condition, chosen(cohort, condition)[:most], cache, pairs)
    cohort = read_cohort(options.cohorts / names[0])
    if REFUSALS in only:
        table = ResultTable(RESULTS / f"{prefix}refusals.csv", ("kind", "knee"), CODE, **ours)
        _refusals(cohort, [k for k in cohort.knees if number_of(k) in REFUSED_KNEES][:most], cache, table)
    if PEERS in only and options.peers_python:
        table = ResultTable(RESULTS / f"{prefix}peers.csv", KEYS, (), **settings, program_sha256=_digest(PROGRAM))
        _peers(cohort, chosen(cohort, UNDISTORTED)[:most], options.peers_python, cache, table)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# ---- our method ----


def _ours(cohort: Cohort, condition: str, knees: list[CohortKnee], cache: Path, table: ResultTable) -> None:
    warm = condition != UNDISTORTED  # elsewhere CPU seconds are not compared
    for knee in knees:
        if table.holds(condition=condition, knee=knee.subject, method=OURS):
            continue
        pair = make_pair(cohort, knee, condition, cache)
        if not warm:  # code is compiled on first use; peers come compiled
            _registered(pair)
            warm = True
        found, refused, seconds = _registered(pair)
        rows = list(_own_rows(pair, found, refused, seconds))
        table.add(rows)
        _tell(rows)


def _registered(pair: Pair) -> tuple[Registration | None, str, float]:
    """What was found, or why it was refused; CPU seconds of it, from images and labels in memory."""
    begun = time.process_time()
    try:
        found, refused = register(FixedKnee(pair.ct, pair.labels), MovingKnee(pair.mr)), ""
    except CTSMAError as error:
        found, refused = None, f"refused: {error}"
    return found, refused, time.process_time() - begun


def _own_rows(pair: Pair, found: Registration | None, refused: str, seconds: float) -> Iterator[Row]:
    """A row for each bone that was registered, or for each that is labeled if all was refused."""
    if found is None:
        for bone in _labeled(pair):
            yield _row(pair, OURS, bone, None, seconds, verdict=FAILED, reasons=refused)
        return
    for record in found.bones:
        q = record.quality
        contour = "" if q.contour_mm is None else q.contour_mm
        judged: Row = dict(zip(JUDGED, (q.estimated_mm, q.estimated_95_mm, contour, q.inside), strict=True))
        reasons = " ".join(record.reasons)
        yield _row(pair, OURS, record.name, record.fixed_to_moving_lps, seconds, judged, record.verdict, reasons)


def _labeled(pair: Pair) -> list[str]:
    labels = np.unique(sitk.GetArrayViewFromImage(pair.labels))
    return [bone.name for bone in BONES if bone.label in labels]


def _row(
    pair: Pair, method: str, bone: str, matrix: Array | None, seconds: float, judged: Row | None = None,
    verdict: str = "", reasons: str = "",
) -> Row:  # fmt: skip
    """One bone; the same columns for every method."""
    ct, shown = pair.landmarks[bone]
    seen = pair.inside(bone)
    enough = seen.sum() >= LEAST_LANDMARKS
    every = None if matrix is None else np.linalg.norm(applied(matrix, ct) - shown, axis=1)
    counted = every[seen] if every is not None and enough else None
    return {
        "condition": pair.condition, "knee": pair.knee.subject, "source": pair.knee.facts["source"],
        "grade": pair.knee.grade, "method": method, "bone": bone, "cut_bone": pair.cut_bone,
        "start_deg": pair.start_deg, "start_mm": pair.start_mm, "overlap": pair.overlap,
        "start_tre_mm": float(np.linalg.norm(ct - shown, axis=1).mean()), "inside": float(seen.mean()),
        "tre_mean_mm": "" if counted is None else float(counted.mean()),
        "tre_95_mm": "" if counted is None else float(np.quantile(counted, 0.95)),
        "tre_all_mm": "" if every is None else float(every.mean()),
        "distortion_mm": residual_mm(ct[seen], shown[seen]) if enough else "",
        **dict.fromkeys(JUDGED, ""), **(judged or {}),
        "verdict": verdict, "reasons": reasons, "cpu_s": float(seconds),
        "tre_um": "" if counted is None else " ".join(f"{1000.0 * v:.0f}" for v in counted),
    }  # fmt: skip


def residual_mm(points: Array, moved: Array) -> float:
    """Mean distance that the best rigid motion leaves between (n, 3) and (n, 3)."""
    a, b = points - points.mean(axis=0), moved - moved.mean(axis=0)
    turn, _ = Rotation.align_vectors(b, a)
    return float(np.linalg.norm(turn.apply(a) - b, axis=1).mean())


def _tell(rows: list[Row]) -> None:
    first = rows[0]
    told = (f"{r['bone']} {r['tre_mean_mm'] or float('nan'):.2f} {r['verdict']}" for r in rows)
    print(first["condition"], first["knee"], first["method"], f"{first['cpu_s']:.0f} s:", ", ".join(told), flush=True)


# ---- peers ----


def _peers(cohort: Cohort, knees: list[CohortKnee], python: Path, cache: Path, table: ResultTable) -> None:
    for knee in knees:
        missing = [m for m in METHODS if not table.holds(condition=UNDISTORTED, knee=knee.subject, method=m)]
        if not missing:
            continue
        pair = make_pair(cohort, knee, UNDISTORTED, cache)
        folder = cache / "peers" / f"{cohort.facts.seed}-{knee.subject}"
        for method in missing:
            result = run_peer(python, method, pair.ct, pair.mr, pair.labels, folder, TIMEOUT_S, 1)
            rows = []
            for bone in _labeled(pair):
                matrix = result.matrices.get(bone)
                failed = FAILED if matrix is None else ""
                row = _row(pair, method, bone, matrix, result.cpu_s, verdict=failed, reasons=result.error)
                rows.append({**row, "version": result.version})
            table.add(rows)
            _tell(rows)


# ---- what has to be refused ----


def _refusals(cohort: Cohort, knees: list[CohortKnee], cache: Path, table: ResultTable) -> None:
    for knee in knees:
        for kind in NOT_THE_KNEE:
            if table.holds(kind=kind, knee=knee.subject):
                continue
            pair, other = _not_the_knee(cohort, knee, kind, cache)
            found, refused, seconds = _registered(pair)
            row: Row = {
                "kind": kind, "knee": knee.subject, "source": knee.facts["source"], "side": knee.side,
                "mr_of": other.subject, "mr_source": other.facts["source"], **_outcome(pair, kind, found),
                "reason": refused or _reasons(found), "cpu_s": seconds,
            }  # fmt: skip
            table.add([row])
            print(kind, knee.subject, row["outcome"], row["good"], row["tre_mm"], row["reason"], flush=True)


def _reasons(found: Registration | None) -> str:
    return " ".join(f"{b.name}: {' '.join(b.reasons)}" for b in found.bones if b.reasons) if found else ""


def _outcome(pair: Pair, kind: str, found: Registration | None) -> Row:
    """What became of it, which bones passed, and how far those are off where the MR is of the knee."""
    if found is None:
        return {"outcome": "refused", "good": "", "estimated_mm": "", "tre_mm": ""}
    good = [bone for bone in found.bones if bone.verdict == GOOD]
    failed = all(bone.verdict == FAILED for bone in found.bones)
    off = [
        np.linalg.norm(applied(b.fixed_to_moving_lps, pair.landmarks[b.name][0]) - pair.landmarks[b.name][1], axis=1)
        for b in good
    ]
    own = kind in (SHAFT, CT_AS_MR)
    return {
        "outcome": "passed" if good else "failed" if failed else "flagged",
        "good": " ".join(bone.name for bone in good),
        "estimated_mm": max((bone.quality.estimated_mm for bone in good), default=""),
        "tre_mm": max(float(o.mean()) for o in off) if good and own else "",
    }


def _not_the_knee(cohort: Cohort, knee: CohortKnee, kind: str, cache: Path) -> tuple[Pair, CohortKnee]:
    """A CT and an MR that do not belong together, and the knee that the MR is of."""
    pair = made.plain_pair(knee, kind, cache)
    rng = made.rng_of(cohort, knee, len(CONDITIONS) + NOT_THE_KNEE.index(kind))
    if kind == CT_AS_MR:
        signal = sitk.Cast(sitk.Maximum(sitk.Cast(pair.ct, sitk.sitkInt32) + CT_OFFSET, 0), sitk.sitkInt16)
        same = {bone: (ct, ct) for bone, (ct, _) in pair.landmarks.items()}
        return made.displaced(replace(pair, mr=signal, landmarks=same), rng), knee
    if kind in (OTHER_SIDE, OTHER_PERSON):
        other = _next(cohort, knee, same_side=kind == OTHER_PERSON)
        assert other.mr is not None
        return replace(pair, mr=sitk.ReadImage(str(other.mr))), other
    axes = np.abs(np.reshape(pair.mr.GetDirection(), (3, 3)))
    if kind == MIRRORED:
        flip = [bool(axis == np.argmax(axes[0])) for axis in range(3)]
        mr = sitk.Flip(pair.mr, flip)
        mr.CopyInformation(pair.mr)
        return replace(pair, mr=mr), knee
    axis, size = int(np.argmax(axes[2])), list(pair.mr.GetSize())
    count, first = round(SHAFT_SHARE * size[axis]), [0, 0, 0]
    first[axis] = int(rng.integers(2)) * (size[axis] - count)
    size[axis] = count
    return replace(pair, mr=sitk.RegionOfInterest(pair.mr, size, first)), knee


def _next(cohort: Cohort, knee: CohortKnee, same_side: bool) -> CohortKnee:
    """The next knee, beginning anew after the last, of another source anatomy and the wanted side."""
    place = number_of(knee)
    for other in sorted(cohort.knees, key=lambda k: (number_of(k) <= place, number_of(k))):
        if (other.side == knee.side) == same_side and other.facts["source"] != knee.facts["source"]:
            return other
    raise ValueError("the cohort has no other knee to take")


if __name__ == "__main__":
    main()
