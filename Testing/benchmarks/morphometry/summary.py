"""Tables of the morphometry benchmarks for ``docs/benchmarks.md``."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from statistics import mean

from Testing.benchmarks.markdown import Row, rows_of, table_of, told
from Testing.benchmarks.morphometry import ours
from Testing.benchmarks.morphometry.accuracy import CLEANED, NOISY
from Testing.benchmarks.morphometry.conditions import CONDITIONS
from Testing.benchmarks.morphometry.peers import PEERS, REFERENCES

RESULTS = Path(__file__).parent / "results"
METHODS = (ours.NAME, *PEERS)
NAMES = tuple(c.name for c in CONDITIONS)
TITLES = {
    "bv_tv": "BV/TV", "bs_tv_per_mm": "BS/TV", "tb_th_mm": "Tb.Th", "tb_sp_mm": "Tb.Sp", "tb_n_per_mm": "Tb.N",
    "conn_d_per_mm3": "Conn.D", "da_norm": "DA", "smi": "SMI",
}  # fmt: skip
ABSOLUTE = ("da_norm",)  # of a range 0 to 1, with true values of 0
COVERED = ("bv_tv", "bs_tv_per_mm", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm", "conn_d_per_mm3", "da_norm", "smi")


def accuracy(quantity: str) -> str:
    """Mean and largest error of every method under every condition, for one quantity of the catalogue."""
    rows = [r for r in _accuracy_rows() if r["quantity"] == quantity]
    methods = [m for m in METHODS if any(r["method"] == m for r in rows)]
    names = [n for n in (*NAMES, CLEANED) if any(r["condition"] == n for r in rows)]

    def cell(method: str, condition: str) -> str:
        # CTSMA cleans by itself, so its row for the noisy volumes stands beside the peers' rows for cleaned ones, too.
        wanted = NOISY if (method, condition) == (ours.NAME, CLEANED) else condition
        errors = [_error(r) for r in rows if r["method"] == method and r["condition"] == wanted]
        known = [e for e in errors if e is not None]
        digits = 2 if quantity in ABSOLUTE else 1
        return f"{mean(known):.{digits}f} ({max(known):.{digits}f})" if known else "–"

    return table_of(["Method", *names], ([m, *(cell(m, n) for n in names)] for m in methods))


def coverage() -> str:
    """How often an error of CTSMA is within twice the standard uncertainty that it states."""
    rows = [r for r in _accuracy_rows() if r["method"] == ours.NAME and r["error"] and r["uncertainty"]]
    body = []
    for quantity in COVERED:
        chosen = [r for r in rows if r["quantity"] == quantity]
        inside = [abs(float(r["error"])) <= 2 * float(r["uncertainty"]) for r in chosen]
        ratios = [float(r["uncertainty"]) / float(r["value"]) for r in chosen if abs(float(r["value"])) > 0.05]
        body.append([TITLES[quantity], f"{sum(inside)} of {len(inside)}",
                     f"{100 * mean(ratios):.1f} %" if ratios else "–"])  # fmt: skip
    return table_of(["", "Within two standard uncertainties", "Standard uncertainty stated, mean"], body)


def failures() -> str:
    """What was said where the voxels are too coarse to show the structure."""
    rows = [r for r in _accuracy_rows() if r["condition"] == NAMES[-1]]
    body = []
    for method in [m for m in METHODS if any(r["method"] == m for r in rows)]:
        chosen = [r for r in rows if r["method"] == method]
        cases = {(r["phantom"], r["seed"]): r["note"] for r in chosen}
        body.append([method, f"{sum(1 for note in cases.values() if note)} of {len(cases)}",
                     "; ".join(sorted({note for note in cases.values() if note})) or "–"])  # fmt: skip
    return table_of(["Method", "Volumes with a warning or an error", "Which"], body)


def truth() -> str:
    """The truths that have no closed form."""
    rows = [r for r in _rows("truth") if r["quantity"] in ("tb_th_mm", "tb_sp_mm", "tb_n_per_mm")]
    body = [[r["phantom"], TITLES[r["quantity"]], r["value"], f"{r['coarser']} at {r['coarser_step_mm']} mm",
             r["closed_form"] or "–"] for r in rows]  # fmt: skip
    return table_of(["Phantom", "", "Numeric", "On the coarser grid", "Closed form"], body)


def speed() -> str:
    """CPU seconds and memory of maps of thickness and separation."""
    rows = [r for r in (*_rows("speed"), *_rows("speed_peers")) if r["task"] == "maps"]
    edges = sorted({int(r["edge"]) for r in rows})
    body = []
    for method in [m for m in (*METHODS, *REFERENCES) if any(r["method"] == m for r in rows)]:
        cells = {int(r["edge"]): _cost(r) for r in rows if r["method"] == method}
        first = next(r["first_call_s"] for r in rows if r["method"] == method)
        body.append([method, *(cells.get(e, "–") for e in edges), f"{float(first):.1f} s"])
    return table_of(["Method", *(f"{e}³" for e in edges), "Imports and compilers"], body)


def own_speed() -> str:
    """CPU seconds and memory of CTSMA for its other tasks."""
    titles = {"everything": "all quantities and maps", "patches apart": "96 patches of 80³, each by itself",
              "patches together": "the same as regions of one volume", "first use": "compilation, once"}  # fmt: skip
    rows = [r for r in _rows("speed") if r["task"] in titles]
    return table_of(
        ["Task", "Volume", "CPU, memory"], ([titles[r["task"]], f"{r['edge']}³", _cost(r)] for r in rows)
    )  # fmt: skip


def real() -> str:
    """Real micro-CT: values at the finest voxels, and what coarser ones change."""
    rows = [r for r in (*_rows("real"), *_rows("real_peers")) if r["quantity"] in TITLES]
    columns = list(dict.fromkeys((r["volume"], r["factor"]) for r in rows))
    body = []
    for quantity in ("tb_th_mm", "tb_sp_mm", "bs_tv_per_mm", "conn_d_per_mm3", "da_norm"):
        for method in [m for m in METHODS if any(r["method"] == m and r["quantity"] == quantity for r in rows)]:
            chosen = {(r["volume"], r["factor"]): r for r in rows if (r["method"], r["quantity"]) == (method, quantity)}
            body.append([TITLES[quantity], method, *(_real_cell(chosen.get(c)) for c in columns)])
    return table_of(["", "Method", *(f"{v}, voxels x {f}" for v, f in columns)], body)


def real_coverage() -> str:
    """How often coarser voxels change a value by no more than twice the uncertainty stated for them."""
    rows = [r for r in _rows("real") if r["in_u"] and math.isfinite(float(r["in_u"])) and r["quantity"] in TITLES]
    body = []
    for quantity in [q for q in TITLES if any(r["quantity"] == q for r in rows)]:
        found = [float(r["in_u"]) for r in rows if r["quantity"] == quantity]
        body.append([TITLES[quantity], f"{sum(f <= 2 for f in found)} of {len(found)}", f"{max(found):.1f}"])
    return table_of(["", "Within two standard uncertainties", "Largest change in standard uncertainties"], body)


def _real_cell(row: Row | None) -> str:
    if row is None or not row["value"]:
        return "–"
    u = row.get("uncertainty")
    return f"{float(row['value']):.3f}" + (f" ± {float(u):.3f}" if u and math.isfinite(float(u)) else "")


def _accuracy_rows() -> list[Row]:
    return [r for name in ("accuracy", "accuracy_peers", "accuracy_peers_cleaned") for r in _rows(name)]


def _error(row: Row) -> float | None:
    """Percent, or the difference itself; None where nothing was found or the truth is not known."""
    text = row["error"] if row["quantity"] in ABSOLUTE else row["error_pct"]
    value = abs(float(text)) if text else math.nan
    return value if math.isfinite(value) else None


def _cost(row: Row) -> str:
    return row["note"] if row["note"] else f"{float(row['cpu_s']):.1f} s, {row['peak_mib']} MiB"


def _of(quantity: str) -> Callable[[], str]:
    return lambda: accuracy(quantity)


def tables() -> dict[str, Callable[[], str]]:
    """Name of a mark in ``docs/benchmarks.md`` to what makes its table."""
    others = (coverage, failures, truth, speed, own_speed, real, real_coverage)
    return {f"morphometry_{q}": _of(q) for q in TITLES} | {f"morphometry_{f.__name__}": f for f in others}


def _rows(name: str) -> list[Row]:
    return rows_of(RESULTS / f"{name}.csv")


if __name__ == "__main__":
    for name, table in tables().items():
        print(f"{name}\n{told(table)}\n")
