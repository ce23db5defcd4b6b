"""Tables of the recipes for apparent parameters, for ``docs/apparent-parameters.md``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import DEFAULT
from Testing.benchmarks.markdown import Row, rows_of, table_of

RESULTS = Path(__file__).parent / "results"
STANDARD = "0.22 x 0.75"
ALL_PATCHES, UNFLAGGED = "all", "without dim marrow"


def apparent_recipes() -> str:
    """Every recipe and parameter under the standard protocol: repeatability, truth, ceiling."""
    return "\n\n".join(f"Patches: {chosen}.\n\n{_recipes(chosen)}" for chosen in (ALL_PATCHES, UNFLAGGED))


def _recipes(chosen: str) -> str:
    rows = [r for r in _rows("recipes") if r["condition"] == STANDARD and r["patches_are"] == chosen]
    head = ["Recipe", *(quantity(key).symbol for key in KEYS), "Ceiling, mean of four", "Patches lost"]
    body = []
    for name in dict.fromkeys(r["recipe"] for r in rows):
        own = {r["parameter"]: r for r in rows if r["recipe"] == name}
        cells = [f"{_interval(own[k], 'rescan')}; r {_interval(own[k], 'r')}" for k in KEYS]
        lost = max(int(own[k]["lost"]) for k in KEYS)
        shown = f"**{name}**" if name == DEFAULT.name else name
        body.append([shown, *cells, f"{_mean_ceiling(own.values()):.3f}", str(lost)])
    return table_of(head, body)


def apparent_conditions() -> str:
    """The default under every condition, beside the best peer in each cell; patches without dim marrow."""
    rows = [r for r in _rows("recipes") if r["patches_are"] == UNFLAGGED]
    body = []
    for condition in dict.fromkeys(r["condition"] for r in rows):
        here = [r for r in rows if r["condition"] == condition]
        own = {r["parameter"]: r for r in here if r["recipe"] == DEFAULT.name}
        cells = []
        for key in KEYS:
            peers = [r for r in here if r["parameter"] == key and r["recipe"] != DEFAULT.name]
            best = [max(float(r[of]) for r in peers) for of in ("rescan_icc", "r_truth")]
            cells.append(f"{own[key]['rescan_icc']} ({best[0]:.3f}); r {own[key]['r_truth']} ({best[1]:.3f})")
        body.append([condition, *cells, f"{_mean_ceiling(own.values()):.3f}"])
    head = ["Condition", *(f"{quantity(key).symbol} (best peer)" for key in KEYS), "Ceiling, mean of four"]
    return table_of(head, body)


def apparent_repeatability() -> str:
    """Repeatability of the default by compartment."""
    body = []
    for row in _rows("repeatability"):
        entry = quantity(row["parameter"])
        digits = entry.decimals
        numbers = [f"{float(row[name]):.{digits}f}" for name in ("within_sd", "least_change")]
        body.append(
            [f"{entry.symbol}, {entry.unit}" if entry.unit != "1" else entry.symbol, row["compartment"],
             f"{row['icc']} ({row['icc_low']} to {row['icc_high']})", numbers[0], f"{float(row['cv_percent']):.1f} %",
             numbers[1], f"{row['patches']} in {row['knees']}"]
        )  # fmt: skip
    return table_of(["Parameter", "Where", "ICC(2,1)", "SD", "CV", "LSC", "Patches in knees"], body)


def _interval(row: Row, what: str) -> str:
    value = row["rescan_icc" if what == "rescan" else "r_truth"]
    return f"{value} ({row[f'{what}_low']} to {row[f'{what}_high']})"


def _mean_ceiling(rows: Iterable[Row]) -> float:
    values = [float(r["ceiling"]) for r in rows]
    return sum(values) / len(values)


def apparent_ct() -> str:
    """What every recipe makes of a CT, beside the truth."""
    rows = _rows("ct_recipes")
    body = []
    for name in dict.fromkeys(r["recipe"] for r in rows):
        own = {r["parameter"]: r for r in rows if r["recipe"] == name}
        cells = [f"r {own[k]['r']} ({own[k]['low']} to {own[k]['high']}); x {float(own[k]['ratio']):.2f}" for k in KEYS]
        body.append([name, *cells, str(max(int(own[k]["lost"]) for k in KEYS))])
    return table_of(["Recipe", *(quantity(key).symbol for key in KEYS), "Patches lost"], body)


TABLES = {
    "apparent recipes": apparent_recipes,
    "apparent conditions": apparent_conditions,
    "apparent repeatability": apparent_repeatability,
    "apparent ct": apparent_ct,
}


def _rows(name: str) -> list[Row]:
    return rows_of(RESULTS / f"{name}.csv")
