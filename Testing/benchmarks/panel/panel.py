"""How long a user waits in the panel of the module CTSMA: clicks, colors, loading, cancelling.

Everything runs in the test bench: real scene and views, drawn in software, without the desktop. Each figure is the
median of several runs, beside a *peer* in the same run: the least that the same gesture costs with bare MRML and VTK.

======================  ==============================================  =============================================
gesture                 from, to                                        peer
======================  ==============================================  =============================================
row to slices           a row is chosen, three slice views are drawn    the slices are moved by MRML and drawn
patch to row            a click into a slice, its row is chosen and     the slices are moved by MRML and drawn
                        three slice views are drawn
point to views          a point of the plot is clicked, its row is      the slices are moved by MRML and drawn
                        chosen and three slice views are drawn
recolor                 a quantity is chosen, everything is colored     the colors of the tables are set one by one,
                        (2,000 patches of the display grid), no drawing and both bones get another array
recolor and draw        the same, and all views are drawn               the same, and all views are drawn
exclude                 a patch is excluded: colors, tables, means and  the colors of the tables are set one by one,
                        plot are made again, no drawing                 and both bones get another array
load module             the module's script is loaded, its panel made,  a module whose panel is one label
                        in a new process without torch, monai, skimage
cancel                  the user cancels a real analysis at a random    none: the limit is three seconds
                        moment, worker and children are gone
======================  ==============================================  =============================================

Usage::

    python -m Testing.benchmarks.panel.panel [--quick]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from Testing.benchmarks.panel.cancelling import cancel_times
from Testing.benchmarks.panel.gestures import Gestures, Work
from Testing.benchmarks.panel.loading import loading_times
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA", "CTSMA/CTSMAPanels", "CTSMA/CTSMAPanels/reading", "CTSMA/CTSMALib/scene", "CTSMA/CTSMALib/jobs")
SEED = 11
RUNS, QUICK_RUNS = 31, 9
CANCELLATIONS, QUICK_CANCELLATIONS = 10, 3
LOADS, QUICK_LOADS = 5, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs; kept apart from the full results")
    quick = parser.parse_args().quick
    path = RESULTS / f"{'quick_' if quick else ''}panel.csv"
    path.unlink(missing_ok=True)  # runs of different days are not mixed
    table = ResultTable(path, ("gesture",), CODE, seed=SEED)
    add = lambda name, limit, times, peer: _add(table, name, limit, times, peer)  # noqa: E731
    add("load module", 1000.0, *loading_times(QUICK_LOADS if quick else LOADS))
    with tempfile.TemporaryDirectory() as folder:
        gestures = Gestures(Path(folder))
        runs = QUICK_RUNS if quick else RUNS
        for name, limit, own, peer, prepare in gestures.all():
            add(name, limit, *_in_turn(own, peer, prepare, runs))
    add("cancel", 3000.0, cancel_times(QUICK_CANCELLATIONS if quick else CANCELLATIONS, SEED), [])
    print(f"Results: {path.name}")


def _in_turn(own: Work, peer: Work, prepare: Work, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of both, run in turn so that a drift of the machine meets both; the first run does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 1):
        prepare(run)
        for work, kept in zip((own, peer), times, strict=True):
            start = time.perf_counter()
            work(run)
            if run:
                kept.append(1000.0 * (time.perf_counter() - start))
    return times


def _add(table: ResultTable, name: str, limit_ms: float, times: list[float], peer: list[float]) -> None:
    median, peer_median = statistics.median(times), statistics.median(peer) if peer else None
    row: dict[str, Any] = {
        "gesture": name, "runs": len(times), "median_ms": round(median, 1), "max_ms": round(max(times), 1),
        "limit_ms": limit_ms, "peer_median_ms": "" if peer_median is None else round(peer_median, 1),
        "ratio": "" if peer_median is None else round(median / peer_median, 2),
    }  # fmt: skip
    table.add([row])
    print(*(f"{key} {value}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
