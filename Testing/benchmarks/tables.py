"""Write the tables of the pages in ``docs`` from the committed results, between the marks that stand there.

Usage::

    python -m Testing.benchmarks.tables
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import partial
from statistics import mean

from Testing.benchmarks.anatomy.methods import METHODS, SHIPPED
from Testing.benchmarks.apparent import summary as apparent
from Testing.benchmarks.diagnosis import quoted
from Testing.benchmarks.diagnosis import summary as diagnosis
from Testing.benchmarks.made_with import made_with
from Testing.benchmarks.markdown import Row, rows_of, table_of, told
from Testing.benchmarks.morphometry import summary as morphometry
from Testing.benchmarks.mr_bones import summary as mr_bones
from Testing.benchmarks.record import ROOT
from Testing.benchmarks.registration import summary as registration
from Testing.benchmarks.student import summary as student
from Testing.benchmarks.synthesis import summary as synthesis
from Testing.benchmarks.virtual import summary as virtual

_NAMES = (
    *("benchmarks.md", "virtual-benchmarks.md", "apparent-parameters.md"),
    *("registration-benchmarks.md", "synthesis.md", "student.md", "diagnosis.md"),
)
PAGES = tuple(ROOT / "docs" / name for name in _NAMES)
ANATOMY, SPEED, PANEL = (ROOT / "Testing" / "benchmarks" / name / "results" for name in ("anatomy", "speed", "panel"))
VOXELS = ("0.4 x 0.4 x 0.6 mm", "1 x 1 x 3 mm")
DENSITIES = ("dense", "porotic")
LARGE = ("femur", "tibia")


def main() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name, table in TABLES.items():
            text = re.sub(
                rf"(<!-- table {name} -->\n).*?(<!-- end -->)",
                lambda marks, table=table: f"{marks[1]}{told(table)}\n{marks[2]}",
                text,
                flags=re.DOTALL,
            )
        page.write_text(text, encoding="utf-8")


def _conditions() -> list[tuple[str, str]]:
    return [(density, voxels) for density in DENSITIES for voxels in VOXELS]


def _chosen(rows: list[Row], method: str, density: str, voxels: str) -> list[Row]:
    return [r for r in rows if r["method"] == method and r["density"] == density and r["protocol"].startswith(voxels)]


def _by_condition(rows: list[Row], cell: Callable[[list[Row]], str]) -> str:
    head = ["Method", *(f"{density}, {voxels}" for density, voxels in _conditions())]
    body = [[method, *(cell(_chosen(rows, method, *c)) for c in _conditions())] for method in METHODS]
    return table_of(head, body)


def _mean(rows: list[Row], key: str, digits: int = 2) -> str:
    values = [v for v in (float(r[key]) for r in rows) if math.isfinite(v)]
    return f"{mean(values):.{digits}f}" if values else "-"


def bones() -> str:
    """Dice, ASSD and 95 % Hausdorff distance of femur and tibia."""
    rows = [r for r in rows_of(ANATOMY / "simulated_bones.csv") if r["bone"] in LARGE]
    return _by_condition(rows, lambda r: f"{_mean(r, 'dice', 3)} / {_mean(r, 'assd_mm')} / {_mean(r, 'hd95_mm')}")


def small_bones() -> str:
    """How many patellae and fibulae were found, and their mean Dice."""
    rows = [r for r in rows_of(ANATOMY / "simulated_bones.csv") if r["bone"] not in LARGE]

    def cell(chosen: list[Row]) -> str:
        found = [r for r in chosen if float(r["dice"]) > 0.5]
        return f"{len(found)} of {len(chosen)}" + (f", {_mean(found, 'dice')}" if found else "")

    return _by_condition(rows, cell)


def plates() -> str:
    """Mean distance of the plate to the true surface, its bias, and the 95th percentile."""
    rows = rows_of(ANATOMY / "simulated_plates.csv")
    return _by_condition(rows, lambda r: " / ".join(_mean(r, k) for k in ("mean_abs_mm", "bias_mm", "p95_abs_mm")))


def sides() -> str:
    """Side on simulated CT and CPU time of the methods."""
    rows = rows_of(ANATOMY / "simulated_bones.csv")
    told = [r for r in rows if r["method"] == SHIPPED and r["bone"] == "femur"]
    right = sum(r["side"] == r["side_found"] for r in told)
    head = ["", *METHODS]
    seconds = ["CPU seconds, mean", *(_mean([r for r in rows if r["method"] == m], "cpu_s", 1) for m in METHODS)]
    return table_of(head, [["side right", f"{right} of {len(told)}", *["not told" if m == METHODS[1] else "as shipped"
                                                                    for m in METHODS[1:]]], seconds])  # fmt: skip


def given() -> str:
    """What the shipped method tells of the given CTs."""
    rows = [r for r in rows_of(ANATOMY / "given.csv") if r["method"] == SHIPPED]
    head = ("CT", "Side", "Bones", "Compartments reported", "Volume against unmirrored", "Femur meets tibia")

    def verdict(row: Row, key: str) -> str:
        return row[key] + ("" if row[f"{key}_right"] == "True" else " **(wrong)**")

    body = [
        [
            row["scan"] + (", mirrored" if row["mirrored"] == "True" else ""),
            verdict(row, "side") + ("" if row["certain"] == "True" else ", uncertain"),
            verdict(row, "bones"),
            verdict(row, "compartments"),
            ", ".join(row[f"{b}_ratio"] for b in row["bones"].split()) if row["mirrored"] == "True" else "",
            f"{row['touching_mm2']} mm²",
        ]
        for row in rows
    ]
    return table_of(head, body)


def given_methods() -> str:
    """Bones and volumes of every method on the given CTs."""
    rows = [r for r in rows_of(ANATOMY / "given.csv") if r["mirrored"] == "False"]
    names = ("femur", "tibia", "patella", "fibula")
    head = ("CT", "Method", *(f"{n}, ml" for n in names), "femur meets tibia")
    body = [
        [r["scan"], r["method"], *(f"{float(r[f'{n}_ml']):.1f}" for n in names), f"{r['touching_mm2']} mm²"]
        for r in rows
    ]
    return table_of(head, body)


def speed() -> str:
    """Whole processes: wall, CPU, memory of each run."""
    rows = rows_of(SPEED / "speed.csv")
    cores = json.loads((SPEED / "speed.json").read_text(encoding="utf-8"))["cores"]
    head = ("Job", "Wall seconds", "CPU seconds", "Peak memory", "Load of the machine before", "Cores")
    names = {
        "analyze": "`ctsma analyze`, 512 x 512 x 300",
        "diagnose": "`ctsma analyze --diagnose`, the same",
        "demo": "`ctsma demo`",
    }
    body = []
    for job, name in names.items():
        runs = [r for r in rows if r["job"] == job]
        if not runs:
            continue
        columns = (", ".join(f"{float(r[k]):.1f}" for r in runs) for k in ("wall_s", "cpu_s"))
        peak = max(int(r["peak_mib"]) for r in runs)
        body.append(
            [name, *columns, f"{peak} MiB", ", ".join(f"{float(r['load_before']):.1f}" for r in runs), str(cores)]
        )
    return table_of(head, body)


def virtual_speed() -> str:
    """Making one virtual knee of each kind."""
    names = {
        "tiny": ("tiny whole pair (`--preset tiny --no-truth`)", "5 s"),
        "registration": ("whole pair without microstructure (`--mode registration`)", "20 s"),
        "patches": ("96 boxes, BV/TV as truth (`--mode patches`)", "60 s"),
        "patches, thickness": ("96 boxes, all truth (`--mode patches --thickness-truth`)", "180 s"),
        "whole": ("whole pair (`--no-truth`)", "180 s, 4 GB"),
    }
    body = [
        [*names[r["job"]], f"{float(r['cpu_s']):.0f}", f"{float(r['wall_s']):.0f}", f"{r['peak_mib']} MiB",
         f"{float(r['load_before']):.1f}"]
        for r in rows_of(SPEED / "virtual.csv")
    ]  # fmt: skip
    head = ("One knee", "Aim", "CPU seconds", "Wall seconds", "Peak memory", "Load of the machine before")
    return table_of(head, body)


def panel() -> str:
    """What a user waits for in the panel, beside the least that it can cost."""
    head = ("Gesture", "Median", "Longest", "Aim", "Peer, median", "Ratio", "Runs")
    body = []
    for row in rows_of(PANEL / "panel.csv"):
        peer = f"{float(row['peer_median_ms']):.0f} ms" if row["peer_median_ms"] else "–"
        ratio = f"{float(row['ratio']):.2f}" if row["ratio"] else "–"
        times = (f"{float(row[k]):.0f} ms" for k in ("median_ms", "max_ms", "limit_ms"))
        body.append([row["gesture"], *times, peer, ratio, row["runs"]])
    return table_of(head, body)


TABLES = (
    {f.__name__: f for f in (bones, small_bones, plates, sides, given, given_methods, speed, virtual_speed, panel)}
    | morphometry.tables()
    | {"made with": made_with}
    | virtual.TABLES
    | apparent.TABLES
    | mr_bones.TABLES
    | registration.TABLES
    | synthesis.TABLES
    | {
        "student arms": student.arms,
        "student reference": student.reference,
        "student reference untouched": student.reference_untouched,
        "student unseen": student.unseen,
        "student whole": student.whole,
        "student whole structure": partial(student.whole, "whole_structure.csv"),
        "student untouched": student.untouched,
        "student unseen structure": student.unseen_structure,
        "student test": student.test_split,
        "diagnosis shipped": partial(quoted.table, "shipped"),
        "diagnosis mr": partial(quoted.table, "mr"),
        "diagnosis ceilings": diagnosis.ceilings,
        "diagnosis features": diagnosis.features,
        "diagnosis whole": diagnosis.whole,
        "student levels": student.levels,
        "student groups": student.groups,
        "student structure": student.structure,
    }
)

if __name__ == "__main__":
    main()
