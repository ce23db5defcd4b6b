"""MR to CT numbers and bones on virtual knees that the network never saw, beside simpler ways, in one run.

- ``ctsma``: the network of a bundle;
- ``reference 2-D``: a 2-D residual generator as the reference's, paired, trained on the same knees with the same kinds
  of contrast for the same time (:mod:`Testing.benchmarks.synthesis.reference_2d`), if its weights are given;
- ``curve``: the mean CT number at each signal of this very MR, read off the true CT: the best that any curve from
  signal to CT number can do.

Errors are of voxels inside the MR: ``soft_mae_hu`` of those above -300 HU outside bone, ``bone_mae_hu`` of bone.
``within`` is the share of all these whose error lies in the interval of 90 %. Dice and mean symmetric surface
distance (mm) are of the bones on the network's grid; cut faces count in neither. Knees:
:mod:`Testing.benchmarks.synthesis.knees`.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.synthesis.held_out [--model DIR] [--reference FILE] [--quick]
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES
from CTSMALib.bundles.bundle import read_bundle, sha256_of
from CTSMALib.learning.synthesis.scanned import SEQUENCES
from CTSMALib.registration.review.bone_overlap import bone_overlap
from CTSMALib.synthesis.model import TASK, SynthesisModel, load_model
from CTSMALib.synthesis.synthesize import synthesize
from CTSMALib.synthesis.synthetic_knee import SyntheticKnee
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.synthesis.knees import TestKnee, test_knees
from Testing.benchmarks.synthesis.reference_2d import Reference, load_reference, reference_ct

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/synthesis", "Testing/benchmarks/synthesis")
HELD_OUT, LEARNED = 6, 3
AIR_HU = -300.0
OURS, REFERENCE, CURVE = "ctsma", "reference 2-D", "curve"
Row = dict[str, object]
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="bundle; the shipped one where it is left out")
    parser.add_argument("--reference", type=Path, help="weights of the 2-D network")
    parser.add_argument("--quick", action="store_true", help="one knee of each kind, BFFE; kept apart")
    options = parser.parse_args()
    model = load_model(None if options.model is None else read_bundle(options.model, TASK))
    reference = None if options.reference is None else load_reference(options.reference)
    weights = "" if options.reference is None else sha256_of(options.reference)[:8]
    settings = {"generator": GENERATOR, "model": model.identity, "reference": weights}
    name = "quick_held_out.csv" if options.quick else "held_out.csv"
    table = ResultTable(RESULTS / name, ("knee", "sequence", "method"), CODE, **settings)
    counts = (1, 1) if options.quick else (HELD_OUT, LEARNED)
    for knee in test_knees(*counts):
        for sequence in SEQUENCES[:1] if options.quick else SEQUENCES:
            methods = [OURS, CURVE] + ([REFERENCE] if reference else [])
            if all(table.holds(knee=knee.number, sequence=sequence, method=m) for m in methods):
                continue
            rows = _rows(knee, sequence, model, reference)
            table.add([r for r in rows if not table.holds(knee=r["knee"], sequence=sequence, method=r["method"])])
            for row in rows:
                print({k: v for k, v in row.items() if v != ""}, flush=True)


def _rows(knee: TestKnee, sequence: str, model: SynthesisModel, reference: Reference | None) -> list[Row]:
    scan = knee.scanned.seen_by(sequence)
    began = time.monotonic()
    found = synthesize(scan.mr, model)
    seconds = time.monotonic() - began
    truth, bones = scan.true_ct(found.grid).astype(float), scan.true_bones(found.grid)
    first: Row = {"knee": knee.number, "source": knee.source, "sequence": sequence}
    ours: Row = {
        **first, "method": OURS, **errors(found.hu, truth, bones, found.known), **_within(found, truth, bones),
        **_overlaps(found, bones), "distance": found.distance, "limit": found.limit, "seconds": seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }  # fmt: skip
    empty = dict.fromkeys(ours, "")
    signal = sitk.GetArrayFromImage(
        sitk.Resample(scan.mr, found.grid.image(found.hu), sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    )
    curve = _curve(signal, truth, found.known)
    rows = [ours, {**empty, **first, "method": CURVE, **errors(curve, truth, bones, found.known)}]
    if reference is not None:
        began = time.monotonic()
        made = reference_ct(reference, signal, found.known)
        seconds = time.monotonic() - began
        measured = errors(made, truth, bones, found.known)
        rows.append({**empty, **first, "method": REFERENCE, **measured, "seconds": seconds})
    return rows


def errors(hu: NDArray, truth: NDArray, bones: NDArray, known: NDArray) -> Row:
    """Mean absolute errors, HU, and how much too bright the CT is on average."""
    bone, soft = known & (bones > 0), known & (bones == 0) & (truth > AIR_HU)
    off = hu - truth
    return {
        "soft_mae_hu": float(np.abs(off[soft]).mean()), "bone_mae_hu": float(np.abs(off[bone]).mean()),
        "soft_bias_hu": float(off[soft].mean()), "bone_bias_hu": float(off[bone].mean()),
    }  # fmt: skip


def _within(found: SyntheticKnee, truth: NDArray, bones: NDArray) -> Row:
    counted = found.known & ((bones > 0) | (truth > AIR_HU))
    inside = np.abs(found.hu - truth) <= found.error_hu
    return {"within": float(inside[counted].mean()), "within_bone": float(inside[counted & (bones > 0)].mean())}


def _overlaps(found: SyntheticKnee, bones: NDArray) -> Row:
    shown = np.where(found.known, bones, 0).astype(np.uint8)
    row: Row = {}
    for bone in BONES:
        both = bone_overlap(found.grid.image(shown), found.bones_image(), bone.name, np.eye(4))
        enough = (shown == bone.label).sum() >= 3000
        row[f"{bone.name}_dice"] = both.dice if both and enough else 0.0 if enough else ""
        row[f"{bone.name}_assd_mm"] = both.assd_mm if both and enough and both.assd_mm is not None else ""
    return row


def _curve(signal: NDArray, truth: NDArray, known: NDArray) -> NDArray:
    """Mean CT number at each of 256 ranks of the signal."""
    edges = np.unique(np.quantile(signal[known], np.linspace(0.0, 1.0, 257)))
    bins = np.clip(np.searchsorted(edges, signal, side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(bins[known], minlength=len(edges))
    total = np.bincount(bins[known], weights=truth[known], minlength=len(edges))
    return (total / np.maximum(count, 1))[bins]


if __name__ == "__main__":
    main()
