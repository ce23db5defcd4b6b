"""Bones that are found on an MR, and what they change of its apparent parameters.

Whole virtual BFFEs whose true labels are known. Bones come from the shipped ``network``, from the ``simple`` method
that needs none, and from the ``truth``. Two tables:

- ``bones.csv``: Dice and mean symmetric surface distance of every bone against the truth (cut faces count in neither),
  ``signed_ml`` (found less true volume), the side that follows from them, and seconds; ``flagged``: the MR is unlike
  those of the training of the network.
- ``patches.csv``: learning grid as :func:`CTSMALib.analysis.mr_pipeline.analyze_mr` reads it off these bones, and off
  the true ones: both values of every patch, how far its box lies from where the true bones put it, and the parts of the
  boxes that are trabecular bone. The side is given where the bones do not tell it. A row without a patch says that
  nothing was read, and why.

Usage (goes on where it was stopped)::

    ctsma virtual make --mode whole --grades balanced --knees 12 --seed 902 --no-truth --out COHORT
    python -m Testing.benchmarks.mr_bones.whole --cohort COHORT [--knees N] [--model DIR] [--quick]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib.analysis.choice import choose_knees, no_knee
from CTSMALib.analysis.mr_bone_source import simple_bones
from CTSMALib.analysis.mr_levels import measure_levels
from CTSMALib.analysis.mr_measurement import measure_mr
from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.given_bones import given_bones
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.mr_bones import network_bones
from CTSMALib.jobs.register_guide import synthesis_bundle
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.progress import silent
from CTSMALib.registration.review.bone_overlap import bone_overlap
from CTSMALib.synthesis.model import SynthesisModel, load_model
from CTSMALib.synthesis.synthetic_knee import NOT_LIKE_TRAINING
from CTSMALib.virtual.cohort.read import CohortKnee, read_cohort
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes import read_mr
from CTSMALib.volumes.bone_labels import read_bone_labels
from CTSMALib.volumes.scan import Scan
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/synthesis", "CTSMA/CTSMALib/anatomy", "CTSMA/CTSMALib/morphometry/apparent")
TRUTH, NETWORK, SIMPLE = "truth", "network", "simple"
LABELS_FILE = "bffe_labels.nii.gz"
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True, help="virtual knees with whole scans")
    parser.add_argument("--model", type=Path, help="bundle; the shipped one where it is left out")
    parser.add_argument("--knees", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one knee; kept apart")
    options = parser.parse_args()
    bundle = synthesis_bundle(options.model)
    model = load_model(bundle)
    cohort = read_cohort(options.cohort)
    settings = {"generator": GENERATOR, "model": model.identity, "recipe": f"{DEFAULT.name} {DEFAULT.version}"}
    settings["cohort_digest"] = cohort.facts.digest
    name = "quick_" if options.quick else ""
    bones = ResultTable(RESULTS / f"{name}bones.csv", ("knee", "method", "bone"), CODE, **settings)
    patches = ResultTable(RESULTS / f"{name}patches.csv", ("knee", "method", "patch"), CODE, **settings)
    for knee in cohort.knees[: 1 if options.quick else options.knees]:
        if not patches.holds(knee=knee.subject):
            _measure(knee, (bundle, model), bones, patches)


def _measure(
    knee: CohortKnee, network: tuple[Bundle, SynthesisModel], bones: ResultTable, patches: ResultTable
) -> None:  # fmt: skip
    assert knee.mr is not None
    scan, truth = read_mr(knee.mr), read_bone_labels(knee.folder / LABELS_FILE)
    true_reading = _Reading(scan, truth, knee.side)
    bone_rows, patch_rows = [], []
    for method in (NETWORK, SIMPLE):
        began = time.monotonic()
        try:
            found = network_bones(scan.image, silent, *network) if method == NETWORK else simple_bones(scan.image)
        except CTSMAError as error:
            patch_rows.append(_patch_row(knee, method, "", note=error.message))
            continue
        seconds, side = time.monotonic() - began, ""
        try:
            reading = _Reading(scan, found.labels, knee.side)
            side = reading.side_told
            patch_rows += _patch_rows(knee, method, true_reading, reading)
        except CTSMAError as error:
            patch_rows.append(_patch_row(knee, method, "", note=error.message))
        flagged = any(notice.code == NOT_LIKE_TRAINING for notice in found.notices)
        bone_rows += _bone_rows(knee, method, truth, found.labels, (flagged, side, seconds))
    bones.add(bone_rows)
    patches.add(patch_rows)
    for row in bone_rows:
        print(row, flush=True)


class _Reading:
    """Patches as the MR pipeline reads them off given bones."""

    def __init__(self, scan: Scan, labels: sitk.Image, side: str) -> None:
        with threadpool_limits(limits=1, user_api="blas"):
            bones = given_bones(labels)
            candidates = find_knees(bones.as_ct)
            if not candidates:
                raise no_knee("MR")
            (candidate, *_), _ = choose_knees(candidates, "auto")
            anatomy = find_anatomy(scan.image, candidate, given=bones)
            self.side_told = anatomy.side.side if anatomy.side.certain else "unknown"
            if not anatomy.side.certain:
                anatomy = find_anatomy(scan.image, candidate, wanted_side=side, given=bones)
            self.anatomy: KneeAnatomy = anatomy
            levels = measure_levels(scan.image, anatomy)
            found = measure_mr(levels, anatomy.learning, anatomy.frames, DEFAULT, True)
        self.patches = {item.patch.id: item for item in found if item.patch.compartment not in anatomy.incomplete}


def _bone_rows(
    knee: CohortKnee, method: str, truth: sitk.Image, found: sitk.Image, facts: tuple[object, ...]
) -> list[Row]:  # fmt: skip
    rows = []
    for bone in BONES:
        overlap = bone_overlap(truth, found, bone.name, np.eye(4))
        given, own = (_volume_ml(labels, bone.label) for labels in (truth, _on(found, truth)))
        told = dict(zip(("flagged", "side_told", "seconds"), facts, strict=True))
        rows.append(
            {
                "knee": knee.subject, "grade": knee.grade, "side": knee.side, "method": method, "bone": bone.name,
                "dice": "" if overlap is None else overlap.dice,
                "assd_mm": "" if overlap is None or overlap.assd_mm is None else overlap.assd_mm,
                "true_ml": given, "signed_ml": own - given, **told,
            }
        )  # fmt: skip
    return rows


def _on(labels: sitk.Image, truth: sitk.Image) -> sitk.Image:
    return sitk.Resample(labels, truth, sitk.Transform(), sitk.sitkNearestNeighbor, 0)


def _volume_ml(labels: sitk.Image, value: int) -> float:
    inside = int(np.count_nonzero(sitk.GetArrayViewFromImage(labels) == value))
    return inside * float(np.prod(labels.GetSpacing())) / 1000.0


def _patch_rows(knee: CohortKnee, method: str, true: _Reading, found: _Reading) -> list[Row]:
    rows = []
    for name, own in true.patches.items():
        other = found.patches.get(name)
        if other is None:
            note = found.anatomy.incomplete.get(own.patch.compartment, "no such patch")
            rows.append(_patch_row(knee, method, name, own, note=note))
        else:
            rows.append(_patch_row(knee, method, name, own, other))
    return rows


def _patch_row(
    knee: CohortKnee, method: str, name: str, true: PatchMeasurement | None = None,
    found: PatchMeasurement | None = None, note: str = "",
) -> Row:  # fmt: skip
    row: Row = {"knee": knee.subject, "method": method, "patch": name, "shift_mm": "", "note": note}
    if true is not None and found is not None:
        row["shift_mm"] = float(np.linalg.norm(np.subtract(true.patch.center_lps_mm, found.patch.center_lps_mm)))
    for kind, item in (("true", true), ("found", found)):
        row[f"{kind}_valid"] = "" if item is None else item.patch.valid_fraction
        for key in KEYS:
            value = None if item is None else item.values.get(key)
            row[f"{kind}_{key}"] = "" if value is None else f"{value:.5f}"
    return row


if __name__ == "__main__":
    main()
