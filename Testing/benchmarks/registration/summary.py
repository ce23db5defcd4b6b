"""Tables of the registration benchmark from its committed results.

Usage::

    python -m Testing.benchmarks.registration.summary [--prefix quick_]
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from CTSMALib.agreement import clustered_interval
from Testing.benchmarks.markdown import Row, rows_of, table_of, told
from Testing.benchmarks.registration.pairs import CONDITIONS, UNDISTORTED
from Testing.benchmarks.registration.peer_runs import METHODS
from Testing.benchmarks.registration.registration import NOT_THE_KNEE, OURS, RESULTS

BONES = ("femur", "tibia", "patella", "fibula")
LARGE_ERROR_MM, LOST_MM = 1.0, 3.0  # a bone must be flagged above the first; above the second it is not found
DOUBTFUL_INSIDE = 0.35  # of the landmarks; below, a flag is no false alarm
LEAST_RANKED = 5  # bones for a rank correlation
REFERENCE = "greedy"


def registration_accuracy(prefix: str = "") -> str:
    """TRE by condition and bone, beside the share of the distortion; of bones that the MR shows, and of all."""
    head = [
        "Condition", "Bone", "n", "Mean TRE", "95 % of bones", "95 % of landmarks", "Distortion's share", "Above 1 mm",
        "With bones that it hardly shows: n", "Mean TRE", "Above 1 mm",
    ]  # fmt: skip
    body = []
    for condition, bone, own in _groups(_rows(f"{prefix}pairs")):
        told = [r for r in own if r["tre_mean_mm"]]
        seen = [r for r in told if float(r["inside"]) >= DOUBTFUL_INSIDE]
        errors, every = _numbers(seen, "tre_mean_mm"), _numbers(told, "tre_mean_mm")
        each = np.array([float(v) / 1000.0 for r in seen for v in r["tre_um"].split()])
        body.append(
            [condition, bone, str(len(seen)), *(_mm(v) for v in (_mean(errors), _p95(errors), _p95(each))),
             _mm(_mean(_numbers(seen, "distortion_mm"))), _share(errors > LARGE_ERROR_MM),
             _counted(own, told), _mm(_mean(every)), _share(every > LARGE_ERROR_MM)]
        )  # fmt: skip
    return table_of(head, body)


def registration_verdicts(prefix: str = "") -> str:
    """Whether errors are known without the truth: flags, and estimated against true error."""
    head = [
        "Condition", "Bone", "n", "Refused", "Good", "Above 1 mm and not flagged", "False alarms", "Error below bound",
        "Spearman, TRE below 1 mm",
    ]  # fmt: skip
    rows = _rows(f"{prefix}pairs")
    body = []
    for condition, bone, own in [*_groups(rows), *_all_bones(rows)]:
        right = [r for r in own if r["tre_mean_mm"] and float(r["tre_mean_mm"]) <= LARGE_ERROR_MM]
        fair = [r for r in right if float(r["inside"]) >= DOUBTFUL_INSIDE]
        bound = [float(r["tre_mean_mm"]) <= float(r["estimated_95_mm"]) for r in own if r["tre_mean_mm"]]
        body.append(
            [condition, bone, str(len(own)), str(sum(r["reasons"].startswith("refused") for r in own)),
             str(sum(r["verdict"] == "good" for r in own)), str(len(unflagged(own))),
             _share(np.array([r["verdict"] != "good" for r in fair])), _share(np.array(bound)), spearman(right)]
        )  # fmt: skip
    return table_of(head, body)


def unflagged(rows: Iterable[Row]) -> list[Row]:
    """Bones that pass as good and are off by more than a millimeter; over all landmarks where few are in the MR."""
    return [
        r for r in rows
        if r["verdict"] == "good" and float(r["tre_mean_mm"] or r["tre_all_mm"]) > LARGE_ERROR_MM
    ]  # fmt: skip


def spearman(rows: list[Row]) -> str:
    """Rank correlation of estimated with true mean error, with a 95 % interval by drawing knees."""
    if len(rows) < LEAST_RANKED:
        return "–"
    true, told = _numbers(rows, "tre_mean_mm"), _numbers(rows, "estimated_mm")

    def rho(chosen: NDArray[np.intp]) -> float:
        if np.ptp(true[chosen]) == 0.0 or np.ptp(told[chosen]) == 0.0:
            return float("nan")
        return float(stats.spearmanr(true[chosen], told[chosen]).statistic)

    found = clustered_interval(rho, [r["knee"] for r in rows])
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def registration_peers(prefix: str = "") -> str:
    """Undistorted pairs: mean TRE of each bone, bones that were lost, and CPU seconds."""
    methods = _by_method(prefix)
    head = ["Method", "Pairs", *(f"{b}, mean (median) mm" for b in BONES), "Lost (> 3 mm)", "CPU s, mean"]
    body = []
    for method, rows in methods.items():
        cells = []
        for bone in BONES:
            errors = _numbers([r for r in rows if r["bone"] == bone and r["tre_mean_mm"]], "tre_mean_mm")
            cells.append(f"{_mm(_mean(errors))} ({_mm(float(np.median(errors)) if len(errors) else math.nan)})")
        told = [r["tre_mean_mm"] or r["tre_all_mm"] for r in rows]  # all landmarks where the MR shows hardly any
        lost = [not error or float(error) > LOST_MM for error in told]
        seconds = {r["knee"]: float(r["cpu_s"]) for r in rows}
        body.append(
            [method, str(len(seconds)), *cells, f"{sum(lost)} of {len(lost)}", f"{np.mean(list(seconds.values())):.1f}"]
        )
    return table_of(head, body)


def registration_paired(prefix: str = "") -> str:
    """Undistorted pairs: ours minus the reference peer on the same bones, with 95 % intervals by drawing knees."""
    methods = _by_method(prefix)
    ours = {(r["knee"], r["bone"]): r for r in methods.get(OURS, [])}
    other = {(r["knee"], r["bone"]): r for r in methods.get(REFERENCE, [])}
    both = [key for key in ours if key in other and ours[key]["tre_mean_mm"] and other[key]["tre_mean_mm"]]
    body = []
    for bone in (*BONES, "all"):
        keys = [key for key in both if bone in (key[1], "all")]
        if keys:
            pairs = np.array([[float(rows[key]["tre_mean_mm"]) for rows in (ours, other)] for key in keys])
            near = np.flatnonzero(pairs.max(axis=1) <= LOST_MM)
            found = f"{_difference(pairs[near], [keys[n] for n in near])}, n = {len(near)}" if len(near) else "–"
            body.append([bone, str(len(keys)), *(_mm(v) for v in pairs.mean(axis=0)), _difference(pairs, keys), found])
    knees = sorted({key[0] for key in both})
    if knees:
        keys = [next(key for key in both if key[0] == knee) for knee in knees]
        seconds = np.array([[float(rows[key]["cpu_s"]) for rows in (ours, other)] for key in keys])
        ratio = f"ratio {seconds[:, 0].mean() / seconds[:, 1].mean():.2f}"
        body.append(["CPU s", str(len(knees)), *(f"{v:.1f}" for v in seconds.mean(axis=0)), ratio, ""])
    head = [
        "Bone",
        "n",
        "Ours, mm",
        f"{REFERENCE}, mm",
        f"Ours minus {REFERENCE}, mm",
        "The same where neither lost it",
    ]
    return table_of(head, body)


def _difference(pairs: NDArray[np.float64], keys: list[tuple[str, str]]) -> str:
    gain = pairs[:, 0] - pairs[:, 1]
    found = clustered_interval(lambda chosen: float(gain[chosen].mean()), [knee for knee, _ in keys])
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def registration_refusals(prefix: str = "") -> str:
    """What became of MRs that are not of the knee of the CT."""
    outcomes = ("refused", "failed", "flagged", "passed")
    head = ["MR", "n", "Refused", "Every bone failed", "No bone good", "Passed", "Which bones passed"]
    body = []
    rows = _rows(f"{prefix}refusals")
    for kind in NOT_THE_KNEE:
        own = [r for r in rows if r["kind"] == kind]
        if own:
            counts = [str(sum(r["outcome"] == outcome for r in own)) for outcome in outcomes]
            told = [f"{r['knee']} {r['good']}" + (f", {r['tre_mm']} mm off" if r["tre_mm"] else "")
                    for r in own if r["outcome"] == "passed"]  # fmt: skip
            body.append([kind, str(len(own)), *counts, "; ".join(told)])
    return table_of(head, body)


def registration_landmarks() -> str:
    """From roughly placed landmarks and automatically, on the same bones, with 95 % intervals by drawing knees."""
    rows = [r for r in _rows("from_landmarks") if float(r["inside"]) >= DOUBTFUL_INSIDE and r["tre_mean_mm"]]
    ours, rough = ({(r["knee"], r["bone"]): r for r in rows if r["start"] == s} for s in ("automatic", "landmarks"))
    head = ["Bone", "n", "As placed, mm", "Refined from there, mm", "Automatic, mm", "Refined minus automatic, mm",
            "Above 1 mm, refined", "automatic"]  # fmt: skip
    body = []
    for bone in (*BONES, "all"):
        keys = [k for k in rough if k in ours and rough[k]["placed_tre_mm"] and bone in (k[1], "all")]
        if keys:
            placed = _numbers([rough[k] for k in keys], "placed_tre_mm")
            both = np.array([[float(rows[k]["tre_mean_mm"]) for rows in (rough, ours)] for k in keys])
            body.append(
                [bone, str(len(keys)), _mm(_mean(placed)), *(_mm(v) for v in both.mean(axis=0)),
                 _difference(both, keys), *(_share(column > LARGE_ERROR_MM) for column in both.T)]
            )  # fmt: skip
    return table_of(head, body)


def registration_real(rows: list[Row] | None = None) -> str:
    """Real pairs: where displaced starts lead to, and an independent measure there and in the alignment as distributed.

    Args:
        rows: of ``real_pairs.csv``, the committed ones by default; start -1 is the alignment as distributed.
    """
    head = [
        "Pair", "Bone", "In the MR", "Starts that found it", "Distance from the median place, median (largest) mm",
        "Outline, mm (as distributed)", "Similarity (as distributed)", "Verdicts",
    ]  # fmt: skip
    rows = _rows("real_pairs") if rows is None else rows
    body = []
    for pair, bone in dict.fromkeys((r["pair"], r["bone"]) for r in rows):
        own = [r for r in rows if (r["pair"], r["bone"]) == (pair, bone)]
        given = next(r for r in own if r["start"] == "-1")
        tried = [r for r in own if r["start"] != "-1"]
        found = [r for r in tried if r["x"] and r["verdict"] != "failed"]
        verdicts = ", ".join(f"{n} {v}" for v, n in sorted(Counter(r["verdict"] for r in tried).items()))
        cells = ["–", "–", "–"]
        if found:
            places = np.array([[float(r[axis]) for axis in "xyz"] for r in found])
            away = np.linalg.norm(places - np.median(places, axis=0), axis=1)
            cells = [f"{np.median(away):.3f} ({away.max():.2f})"]
            for name in ("contour_mm", "similarity"):
                values = _numbers(found, name)
                middle = float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else math.nan
                cells.append(f"{middle:.3f} ({float(given[name]):.3f})")
        body.append([pair, bone, f"{float(given['inside']):.0%}", f"{len(found)} of {len(tried)}", *cells, verdicts])
    return table_of(head, body)


def _by_method(prefix: str) -> dict[str, list[Row]]:
    """Rows of the undistorted pairs, ours first; of knees that every method has been run on."""
    rows = [r for r in _rows(f"{prefix}pairs") + _rows(f"{prefix}peers") if r["condition"] == UNDISTORTED]
    found = {m: [r for r in rows if r["method"] == m] for m in (OURS, *METHODS)}
    found = {method: own for method, own in found.items() if own}
    done = [{r["knee"] for r in own} for own in found.values()]
    common = set.intersection(*done) if done else set()
    return {method: [r for r in own if r["knee"] in common] for method, own in found.items()}


def _groups(rows: list[Row]) -> Iterable[tuple[str, str, list[Row]]]:
    for condition in CONDITIONS:
        for bone in BONES:
            own = [r for r in rows if r["condition"] == condition and r["bone"] == bone]
            if own:
                yield condition, bone, own


def _all_bones(rows: list[Row]) -> Iterable[tuple[str, str, list[Row]]]:
    for condition in CONDITIONS:
        own = [r for r in rows if r["condition"] == condition]
        if own:
            yield condition, "all", own
    distorted = [r for r in rows if r["condition"] != UNDISTORTED]
    if distorted:
        yield f"all but {UNDISTORTED}", "all", distorted


def _counted(own: list[Row], seen: list[Row]) -> str:
    """How many errors there are, and of how many bones: the others are refused or lie outside."""
    return str(len(seen)) if len(seen) == len(own) else f"{len(seen)} of {len(own)}"


def _numbers(rows: Iterable[Row], name: str) -> NDArray[np.float64]:
    return np.array([float(r[name]) for r in rows])


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


def _p95(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.95)) if len(values) else math.nan


def _mm(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _share(told: NDArray[np.bool_]) -> str:
    return f"{told.sum()} of {len(told)} ({told.mean():.1%})" if len(told) else "–"


TABLES: dict[str, Callable[[], str]] = {
    "registration accuracy": registration_accuracy,
    "registration verdicts": registration_verdicts,
    "registration peers": registration_peers,
    "registration paired": registration_paired,
    "registration refusals": registration_refusals,
    "registration landmarks": registration_landmarks,
    "registration real": registration_real,
}


def _rows(name: str) -> list[Row]:
    return rows_of(RESULTS / f"{name}.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", default="", help="of the result files: quick_ for those of trials")
    wanted = parser.parse_args().prefix
    made = (registration_accuracy, registration_verdicts, registration_peers, registration_paired,
            registration_refusals)  # fmt: skip
    for table in made:
        print(f"{table.__name__}\n{told(partial(table, wanted))}\n")
