"""Tables of the synthesis and of what leads the registration, from the committed results."""

from __future__ import annotations

import numpy as np

from CTSMALib.learning.synthesis.scanned import SEQUENCES
from Testing.benchmarks.markdown import Row, rows_of, table_of
from Testing.benchmarks.registration.guides import CONDITIONS, DEGREES
from Testing.benchmarks.registration.registration import RESULTS as REGISTRATION
from Testing.benchmarks.synthesis.held_out import CURVE, OURS, REFERENCE, RESULTS
from Testing.benchmarks.synthesis.knees import HELD_OUT

BONES = ("femur", "tibia", "patella", "fibula")
GUIDES = ("mr", "synthetic", "both")
LOST_MM = 1.0
SEEN = 0.35  # of the landmarks in the MR, as in the benchmark of the registration
DRAWS, SEED = 2000, 5


def held_out() -> str:
    """Errors of CT numbers and bones by anatomy, sequence and method."""
    head = [
        "Anatomy", "Sequence", "Method", "Knees", "Soft tissue, HU", "Bone, HU", "In the 90 % interval",
        "Dice: femur, tibia, patella, fibula", "ASSD, mm", "Flagged", "Seconds",
    ]  # fmt: skip
    rows, body = rows_of(RESULTS / "held_out.csv"), []
    for name, wanted in (("held out", True), ("others of the training", False)):
        for sequence in SEQUENCES:
            for method in (OURS, REFERENCE, CURVE):
                own = [
                    r for r in rows
                    if (r["source"] == HELD_OUT) == wanted and r["sequence"] == sequence and r["method"] == method
                ]  # fmt: skip
                if own:
                    body.append([name, sequence, method, str(len(own)), *_measured(own)])
    return table_of(head, body)


def _measured(own: list[Row]) -> list[str]:
    soft, bone, within = (_mean(own, key) for key in ("soft_mae_hu", "bone_mae_hu", "within"))
    dice = ", ".join(f"{_mean(own, f'{b}_dice'):.3f}" for b in BONES) if own[0]["within"] else "-"
    assd = ", ".join(f"{_mean(own, f'{b}_assd_mm'):.2f}" for b in BONES) if own[0]["within"] else "-"
    flagged = sum(float(r["distance"]) > float(r["limit"]) for r in own if r["distance"])
    seconds = _mean(own, "seconds")
    return [
        f"{soft:.0f}", f"{bone:.0f}", f"{within:.0%}" if own[0]["within"] else "-", dice, assd,
        f"{flagged} of {len(own)}" if own[0]["distance"] else "-", f"{seconds:.0f}" if own[0]["seconds"] else "-",
    ]  # fmt: skip


def real() -> str:
    """Bones of real MRs against those of the CT of the same knee."""
    head = ["MR", "Bone", "Volume in the MR, ml", "As given: Dice, ASSD mm", "Registered: Dice, ASSD mm", "CT seen"]
    rows, body = rows_of(RESULTS / "real.csv"), []
    for name in dict.fromkeys(r["mr"] for r in rows):
        for bone in BONES:
            own = [r for r in rows if r["mr"] == name and r["bone"] == bone]
            volume = next((r["volume_ml"] for r in own if r["volume_ml"]), "0")
            if not own or (float(volume) == 0.0 and len(own) == 1):
                continue
            places = {r["place"]: r for r in own if r["place"]}
            told = [_overlap(places.get(p)) for p in ("given", "registered")]
            seen = [f"{float(r['compared']):.0%}" for r in places.values()][:1] or ["-"]
            body.append([name, bone, f"{float(volume):.0f}", *told, *seen])
    return table_of(head, body)


def _overlap(row: Row | None) -> str:
    if row is None:
        return "-"
    assd = f"{float(row['assd_mm']):.2f}" if row["assd_mm"] else "-"
    return f"{float(row['dice']):.3f}, {assd}"


def guides() -> str:
    """TRE by condition, bone and what led the registration."""
    head = [
        "Condition", "Bone", "Led by", "n", "Mean TRE, mm", "95 % of bones", "Above 1 mm or refused",
        "Difference to the MR alone, mm", "CPU s", "Synthesis s",
    ]  # fmt: skip
    rows, body = rows_of(REGISTRATION / "guides.csv"), []
    for condition in CONDITIONS:
        for bone in BONES[:3]:
            own = [r for r in rows if r["condition"] == condition and r["bone"] == bone and float(r["inside"]) >= SEEN]
            by_guide = {g: {r["knee"]: _number(r["tre_mean_mm"]) for r in own if r["guide"] == g} for g in GUIDES}
            for guide, errors in by_guide.items():
                if errors:
                    times = [r for r in own if r["guide"] == guide]
                    body.append([condition, bone, guide, *_accuracy(errors, by_guide["mr"]), *_times(times)])
    return table_of(head, body)


def _accuracy(errors: dict[str, float], of_mr: dict[str, float]) -> list[str]:
    values = np.array(list(errors.values()))
    found = values[np.isfinite(values)]
    near = [k for k, v in errors.items() if v <= LOST_MM and of_mr[k] <= LOST_MM]
    off = np.array([errors[k] - of_mr[k] for k in near])
    lost = int((~(values <= LOST_MM)).sum())
    return [
        str(len(values)), f"{found.mean():.2f}" if len(found) else "-",
        f"{np.quantile(found, 0.95):.2f}" if len(found) else "-", f"{lost} of {len(values)}", _difference(off),
    ]  # fmt: skip


def _difference(off: np.ndarray) -> str:
    """Mean with its 95 % interval, knees drawn again."""
    if len(off) < 3 or not off.any():
        return "-"
    rng = np.random.default_rng(SEED)
    means = rng.choice(off, (DRAWS, len(off))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{off.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def _times(rows: list[Row]) -> list[str]:
    return [f"{_mean(rows, 'cpu_s'):.0f}", f"{_mean(rows, 'synthesis_s'):.0f}"]


def capture() -> str:
    """Share of femora and tibiae that end within a millimeter, by how far off the start was."""
    head = ["Led by", *(f"{d:.0f} degrees, {0.25 * d:.1f} mm" for d in DEGREES)]
    rows = rows_of(REGISTRATION / "capture.csv")
    body = []
    for guide in GUIDES:
        cells = []
        for degrees in DEGREES:
            own = [r for r in rows if r["guide"] == guide and float(r["degrees"]) == degrees and r["tre_mean_mm"]]
            cells.append(f"{sum(float(r['tre_mean_mm']) <= LOST_MM for r in own)} of {len(own)}")
        body.append([guide, *cells])
    return table_of(head, body)


def _number(text: str) -> float:
    return float(text) if text else float("inf")


def _mean(rows: list[Row], key: str) -> float:
    values = [float(r[key]) for r in rows if r[key]]
    return float(np.mean(values)) if values else float("nan")


TABLES = {
    "synthesis held out": held_out,
    "synthesis real": real,
    "registration guides": guides,
    "registration capture": capture,
}
