"""Tables of the benchmarks of virtual knees for ``docs/virtual-benchmarks.md``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from Testing.benchmarks.markdown import Row, rows_of, table_of
from Testing.benchmarks.virtual.apparent import KEYS, TRUTH
from Testing.benchmarks.virtual.published import QUANTITIES

RESULTS = Path(__file__).parent / "results"
TITLES = {
    "bv_tv": "BV/TV", "tb_th_mm": "Tb.Th, mm", "tb_sp_mm": "Tb.Sp, mm", "tb_n_per_mm": "Tb.N, 1/mm",
    "plate_mm": "Plate, mm", "da_norm": "DA", "smi": "SMI", "conn_d_per_mm3": "Conn.D, 1/mm³",
    "bs_bv_per_mm": "BS/BV, 1/mm", "tb_th_sd_mm": "Tb.Th SD, mm", "tb_sp_sd_mm": "Tb.Sp SD, mm",
}  # fmt: skip
SHAPES = {
    "bv_tv": "BV/TV", "centroid": "Mean frequency, 1/mm", "peak": "Frequency of the peak, 1/mm",
    "width": "Width at half of the peak, 1/mm", "slope": "Slope, 1.5 to 5 per mm (log, log)",
    "rms_log10": "Distance, RMS of log10", "rms_log10_scaled": "Distance over frequency / mean frequency",
    "mean_mm": "mean, mm", "cv": "SD / mean", "skewness": "skewness", "p5": "5th percentile / mean",
    "p50": "median / mean", "p95": "95th percentile / mean", "wasserstein": "distance (Wasserstein-1) / mean",
    "spectrum": "", "tb_th": "Tb.Th, ", "tb_sp": "Tb.Sp, ",
}  # fmt: skip
FINEST, TRUTH_VOXEL = 0.025, 0.06


def virtual_main_job() -> str:
    """Every virtual knee: agreement of its bones, and what else was found."""
    bones, knees = _rows("main_job_bones"), _rows("main_job_knees")
    names = list(dict.fromkeys(r["bone"] for r in bones))
    body = []
    for knee in knees:
        own = {r["bone"]: r for r in bones if (r["number"], r["side"]) == (knee["number"], knee["side"])}
        cells = [f"{own[n]['dice']}, {float(own[n]['mean_mm']):.2f} mm" if n in own else "–" for n in names]
        told = [knee[key] for key in ("side_right", "compartments_right") if knee[key]]
        what = f"{knee['source']}, grade {knee['grade']}" + (f", {knee['special']}" if knee["special"] else "")
        away = float(knee["patch_median_mm"])
        body.append(
            [what, *cells, "right" if set(told) == {"yes"} else "wrong", knee["refused"] or "–",
             "–" if np.isnan(away) else f"{away:.1f} mm"]
        )  # fmt: skip
    return table_of(["Knee", *names, "Side, compartments", "Refused", "Patches off by (median)"], body)


def virtual_regions() -> str:
    """Means and standard deviations by compartment and stage, with what was wanted."""
    rows = [r for r in _rows("regions_agreement") if r["where"] != "all"]
    body = []
    for where in dict.fromkeys(r["where"] for r in rows):
        own = {(r["quantity"], r["of"]): r for r in rows if r["where"] == where}
        body.append([f"{where} (n = {own['bv_tv', 'mean']['n']})", *(_mean_and_sd(own, name) for name in QUANTITIES)])
    return table_of(["Where, stage", *(TITLES[name] for name in QUANTITIES)], body)


def _mean_and_sd(own: dict[tuple[str, str], Row], name: str) -> str:
    """Found (wanted), with a cross at what is out of tolerance."""
    mean, sd = own[name, "mean"], own.get((name, "sd"))
    digits = 2 if float(mean["wanted"]) >= 1.0 else 3
    text = f"{float(mean['found']):.{digits}f}{_cross(mean)}"
    wanted = f"{float(mean['wanted']):.{digits}f}"
    if sd is None:
        return f"{text} ({wanted})"
    return f"{text} ± {float(sd['found']):.{digits}f}{_cross(sd)} ({wanted} ± {float(sd['wanted']):.{digits}f})"


def _cross(row: Row) -> str:
    return "" if row["within"] == "yes" else " ✗"


def virtual_relations() -> str:
    """Correlations between people, and variation within a knee."""
    rows = [r for r in _rows("regions_agreement") if r["where"] == "all"]
    body = [
        [r["quantity"].replace("bv_tv", "BV/TV").replace("tb_th_mm", "Tb.Th").replace("tb_sp_mm", "Tb.Sp")
         .replace("tb_n_per_mm", "Tb.N"), r["of"], f"{float(r['found']):.2f}{_cross(r)}",
         f"{float(r['wanted']):.2f} ± {float(r['tolerance']):.2f}"]
        for r in rows
    ]  # fmt: skip
    return table_of(["What", "", "Found", "Wanted"], body)


def virtual_verdicts() -> str:
    """How many tolerances are kept."""
    rows = [r for r in _rows("regions_agreement") if r["where"] != "all"]
    body = []
    for of, title in (("mean", "Means, within 1 SD between subjects"), ("sd", "SDs, within 30 %")):
        own = [r for r in rows if r["of"] == of]
        body.append([title, f"{sum(r['within'] == 'yes' for r in own)} of {len(own)}"])
    return table_of(["Tolerance", "Kept"], body)


def virtual_micro_ct() -> str:
    """Each specimen, and the nearest structure of the field family."""
    rows, names = _rows("agreement"), [name for name in TITLES if name != "plate_mm"]
    body = []
    for specimen in dict.fromkeys(r["specimen"] for r in rows):
        own = [r for r in rows if r["specimen"] == specimen]
        (real,) = [r for r in own if r["structure"] == "micro-CT"]
        fields = [r for r in own if r["structure"] == "field"]
        near = min(fields, key=lambda r: float(r["distance"]))
        body.append([specimen, *(f"{float(real[n]):.2f} / {float(near[n]):.2f}" for n in names), near["distance"]])
    return table_of(["Specimen / nearest field", *(TITLES[n] for n in names), "RMS difference"], body)


def virtual_microct_shape() -> str:
    """Spectrum and diameters of either family beside the range of the specimens, with a cross at what is out."""
    rows = _rows("microct_shape")
    body = []
    for what, of in dict.fromkeys((r["quantity"], r["of"]) for r in rows):
        own = [r for r in rows if (r["quantity"], r["of"]) == (what, of)]
        first = own[0]
        allowed = "–" if not first["within"] else f"{first['least']} to {first['most']}"
        cells = [
            f"{r['found']} ± {r['sd']}"
            + (" ✗" if r["within"] == "no" else "")
            + (f" (to `lhdl_3155` {r['to_lhdl']})" if r["to_lhdl"] else "")
            for r in own
        ]
        body.append([f"{SHAPES[what]}{SHAPES[of]}", f"{first['real_low']} to {first['real_high']}", allowed, *cells])
    families = (f"{r['family']} (n = {r['n']} knees)" for r in rows[:2])
    return table_of(["What", "Specimens (n = 3)", "Allowed", *families], body)


def virtual_spacing() -> str:
    """Change of the truth with the voxel, against the finest."""
    rows = _rows("spacing")
    finest = {r["structure"]: r for r in rows if float(r["voxel_mm"]) == FINEST}
    voxels = [v for v in dict.fromkeys(float(r["voxel_mm"]) for r in rows) if v != FINEST]
    body = []
    for name in KEYS:
        cells = []
        for voxel in voxels:
            off = [
                float(r[name]) / float(finest[r["structure"]][name]) - 1.0
                for r in rows
                if float(r["voxel_mm"]) == voxel
            ]
            cells.append(f"{100 * np.mean(off):+.1f} % (farthest {100 * np.abs(off).max():.1f} %)")
        body.append([TITLES[name], *cells])
    return table_of([f"n = {len(finest)}, against {FINEST} mm", *(f"{v:g} mm" for v in voxels)], body)


def virtual_scanners() -> str:
    """The farthest from what was requested, of each kind of check."""
    rows = _rows("scanners")
    body = []
    for scanner, kind, tolerance in (("CT", "MTF", 3), ("CT", "noise", 5), ("MR", "MTF", 3), ("MR", "SNR", 5)):
        own = [r for r in rows if r["scanner"] == scanner and r["quantity"].startswith(kind)]
        worst = max(abs(float(r["off"])) for r in own)
        body.append([f"{scanner}, {kind}", str(len(own)), f"{100 * worst:.1f} %", f"{tolerance} %"])
    return table_of(["Check", "n", "Farthest off", "Tolerance"], body)


def virtual_tissue_hu() -> str:
    """CT number of each tissue, with the range that was wanted."""
    body = [
        [r["tissue"], r["knees"], f"{float(r['mean_hu']):.0f} ({float(r['sd_hu']):.0f})",
         f"{float(r['low']):.0f} to {float(r['high']):.0f}", r["source"], r["kept"]]
        for r in _rows("tissue_hu")
    ]  # fmt: skip
    return table_of(["Tissue", "Knees", "Mean (SD over knees), HU", "Wanted, HU", "Range from", "Within"], body)


def virtual_apparent() -> str:
    """Medians by scan and way of reading, with ratios to the truth of the same boxes."""
    rows = _rows("apparent")
    truth = {(r["knee"], r["patch"]): r for r in rows if r["scan"] == TRUTH}
    body = []
    for scan, read in dict.fromkeys((r["scan"], r["read"]) for r in rows):
        own = [r for r in rows if (r["scan"], r["read"]) == (scan, read)]
        cells = []
        for name in KEYS:
            value = np.median([float(r[name]) for r in own])
            ratio = np.median([float(r[name]) / float(truth[r["knee"], r["patch"]][name]) for r in own])
            cells.append(f"{value:.2f}" + ("" if scan == TRUTH else f" ({ratio:.1f} x)"))
        body.append([f"{scan}, {read}" if read else f"{scan} (n = {len(own)})", *cells])
    return table_of(["Read from", *(TITLES[name] for name in KEYS)], body)


def virtual_mean_hu() -> str:
    """Areas under the ROC curve, and the groups."""
    body = [[r[k] or "–" for k in ("of", "region", "value", "wanted", "without", "with")] for r in _rows("mean_hu_auc")]
    return table_of(["Of", "Region", "Found", "Wanted", "HU without OA", "HU with OA"], body)


TABLES: dict[str, Callable[[], str]] = {
    f.__name__: f
    for f in (
        virtual_main_job, virtual_verdicts, virtual_regions, virtual_relations, virtual_micro_ct, virtual_microct_shape,
        virtual_spacing, virtual_scanners, virtual_tissue_hu, virtual_apparent, virtual_mean_hu,
    )
}  # fmt: skip


def _rows(name: str) -> list[Row]:
    return rows_of(RESULTS / f"{name}.csv")
