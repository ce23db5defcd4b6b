"""Tables of the bones on an MR, from the committed results."""

from __future__ import annotations

import numpy as np

from CTSMALib.agreement import icc_agreement
from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.repeatability import ALL, study
from Testing.benchmarks.markdown import Row, rows_of, table_of
from Testing.benchmarks.mr_bones.masks import MASKS, NONE, POSE, START, WAYS
from Testing.benchmarks.mr_bones.whole import NETWORK, RESULTS, SIMPLE

BONES = ("femur", "tibia", "patella", "fibula")
NAMES = {NONE: "the MR alone", START: "a start from the bones", MASKS: "start and masks"}


def outlines() -> str:
    """Dice, surface distance, side and time of both methods."""
    rows = rows_of(RESULTS / "bones.csv")
    head = ("Bones by", "Bone", "Found", "Dice", "ASSD, mm", "Volume, found less true", "Side told", "Seconds")
    body = []
    for method in (NETWORK, SIMPLE):
        for bone in BONES:
            own = [r for r in rows if r["method"] == method and r["bone"] == bone]
            found = [r for r in own if r["dice"]]
            told = sum(r["side_told"] == r["side"] for r in own)
            if not own:
                continue
            cells = ["-"] * 3
            if found:
                off = [float(r["signed_ml"]) / float(r["true_ml"]) for r in found]
                cells = [f"{_mean(found, 'dice'):.3f}", f"{_mean(found, 'assd_mm'):.2f}", f"{np.mean(off):+.0%}"]
            whole = [f"{told} of {len(own)}", f"{_mean(own, 'seconds'):.0f}"] if bone == BONES[0] else ["", ""]
            body.append([method, bone, f"{len(found)} of {len(own)}", *cells, *whole])
    return table_of(head, body)


def patches() -> str:
    """What the outlines change of the values of patches."""
    rows, known = rows_of(RESULTS / "patches.csv"), study()
    head = ("Bones by", "Parameter", "Patches", "Bias", "SD of differences", "ICC(2,1)", "SD of rescans", "Box off, mm")
    body = []
    for method in (NETWORK, SIMPLE):
        own = [r for r in rows if r["method"] == method and r["patch"]]
        for key in KEYS:
            pairs = [(r[f"true_{key}"], r[f"found_{key}"]) for r in own]
            wanted, both = sum(bool(true) for true, _ in pairs), [p for p in pairs if all(p)]
            if not both:
                continue
            values = np.array(both, dtype=float)
            off, digits = values[:, 1] - values[:, 0], quantity(key).decimals + 1
            entries = () if known is None else known.entries
            rescans = next((e.within_sd for e in entries if (e.parameter, e.compartment) == (key, ALL)), float("nan"))
            away = [float(r["shift_mm"]) for r in own if r["shift_mm"]]
            cells = [f"{off.mean():+.{digits}f}", f"{off.std(ddof=1):.{digits}f}", f"{icc_agreement(values):.3f}"]
            cells += [f"{rescans:.{digits}f}", f"{np.mean(away):.1f}" if key == KEYS[0] else ""]
            body.append([method, quantity(key).symbol, f"{len(both)} of {wanted}", *cells])
    return table_of(head, body)


def masks() -> str:
    """TRE of bones with and without their labels on the MR."""
    rows = rows_of(RESULTS / "masks.csv")
    head = ("Start", "With", *BONES, "CPU s")
    body = []
    for start in dict.fromkeys(r["start"] for r in rows):
        for way in WAYS:
            own = [r for r in rows if r["start"] == start and r["way"] == way]
            if own:
                told = "pose search" if start == POSE else f"{float(start):.0f}° off"
                cells = [_errors([r for r in own if r["bone"] == bone]) for bone in BONES]
                body.append([told, NAMES[way], *cells, f"{_mean(own, 'cpu_s'):.0f}"])
    return table_of(head, body)


def _errors(own: list[Row]) -> str:
    return ", ".join(f"{float(r['tre_mean_mm']):.2f}" for r in own if r["tre_mean_mm"]) or "-"


def _mean(rows: list[Row], key: str) -> float:
    values = [float(r[key]) for r in rows if r[key]]
    return float(np.mean(values)) if values else float("nan")


TABLES = {"mr bones outlines": outlines, "mr bones patches": patches, "mr bones masks": masks}
