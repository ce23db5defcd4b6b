"""Side, bones and compartments on the real CTs that the project was given, and on them mirrored.

There is no outline by a person to compare with: the pictures of this folder's ``pictures`` are looked at instead.

Usage::

    python -m Testing.benchmarks.anatomy.given --data FOLDER [--quick]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.legs import find_knees
from Testing.benchmarks.anatomy.given_scans import GIVEN, GivenScan, expected_side, load
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/anatomy", "CTSMA/CTSMALib/volumes")
DENSE_HU = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the given scans")
    parser.add_argument("--quick", action="store_true", help="the first scan only; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_given" if options.quick else "given"
    table = ResultTable(RESULTS / f"{name}.csv", ("scan", "mirrored"), CODE, data="real CT, no truth")
    for scan in GIVEN[:1] if options.quick else GIVEN:
        if not table.holds(scan=scan.name):
            print(scan.name, flush=True)
            table.add(_rows(scan, options.data))
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def _rows(scan: GivenScan, folder: Path) -> list[dict[str, object]]:
    rows = []
    volumes = {}
    for mirrored in (False, True):
        start = time.process_time()
        with threadpool_limits(limits=1, user_api="blas"):
            image = load(scan, folder, mirrored)
            candidates = find_knees(image)
            anatomy = find_anatomy(image, candidates[0])
        volumes[mirrored] = bone_volumes_ml(anatomy)
        rows.append(
            {"scan": scan.name, "mirrored": mirrored, "knees": len(candidates),
             **_verdicts(scan, anatomy, mirrored), **_measures(image, anatomy),
             **{f"{b}_ml": round(v, 1) for b, v in volumes[mirrored].items()},
             **{f"{b}_mirrored_ratio": round(v / volumes[False][b], 3) if volumes[False][b] else ""
                for b, v in volumes[mirrored].items()},
             "cpu_s": time.process_time() - start}
        )  # fmt: skip
    return rows


def _verdicts(scan: GivenScan, anatomy: KneeAnatomy, mirrored: bool) -> dict[str, object]:
    found = tuple(bone for bone, volume in bone_volumes_ml(anatomy).items() if volume > 0)
    reported = tuple(c.key for c in COMPARTMENTS if c.key not in anatomy.incomplete)
    return {
        "side": anatomy.side.side, "side_right": anatomy.side.side == expected_side(scan, mirrored),
        "certain": anatomy.side.certain, "evidence": anatomy.side.evidence,
        "bones": " ".join(found), "bones_right": found == scan.bones,
        "compartments": " ".join(reported), "compartments_right": reported == scan.compartments,
    }  # fmt: skip


def bone_volumes_ml(anatomy: KneeAnatomy) -> dict[str, float]:
    """Volume of every bone, 0 where it was not found."""
    counts = np.bincount(sitk.GetArrayViewFromImage(anatomy.labels).ravel(), minlength=len(BONES) + 1)
    voxel_ml = float(np.prod(anatomy.labels.GetSpacing())) / 1000
    return {bone.name: float(counts[bone.label] * voxel_ml) for bone in BONES}


def _measures(image: sitk.Image, anatomy: KneeAnatomy) -> dict[str, object]:
    """Signs of merged or leaking bones.

    ``touching_mm2``: area over which femur and tibia share a face. ``soft_rim``: share of the outermost millimeter
    of femur and tibia that is no denser than soft tissue, where there should be cortex.
    """
    labels = sitk.GetArrayViewFromImage(anatomy.labels)
    face = anatomy.labels.GetSpacing()[0] ** 2
    touching = 0
    for axis in range(3):
        first, second = (np.take(labels, range(*ends), axis) for ends in ((0, labels.shape[axis] - 1),
                                                                        (1, labels.shape[axis])))  # fmt: skip
        touching += int(
            (np.minimum(first, second) * 10 + np.maximum(first, second) == 10 * FEMUR.label + TIBIA.label).sum()
        )
    hu = sitk.GetArrayFromImage(sitk.Resample(image, anatomy.labels, sitk.Transform(), sitk.sitkLinear, -1024.0))
    # The brightest voxel nearby, because cortex is thin and slices are thick.
    bright = ndimage.maximum_filter(hu, size=3) > DENSE_HU
    soft = {}
    for bone in (FEMUR, TIBIA):
        solid = np.pad(labels == bone.label, 1, mode="edge")
        rim = (labels == bone.label) & ~ndimage.binary_erosion(solid)[1:-1, 1:-1, 1:-1]
        soft[f"{bone.name}_soft_rim"] = float((rim & ~bright).sum() / max(rim.sum(), 1))
    return {"touching_mm2": touching * face, **soft}


if __name__ == "__main__":
    main()
