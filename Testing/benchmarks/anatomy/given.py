"""Bones, side and compartments on the real CTs that the project was given, and on them mirrored.

There is no outline by a person to compare with: the pictures of this folder's ``pictures`` are looked at instead.

Usage::

    python -m Testing.benchmarks.anatomy.given --data FOLDER [--quick]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, TIBIA
from Testing.benchmarks.anatomy.given_scans import GIVEN, GivenScan, expected_side, load
from Testing.benchmarks.anatomy.methods import SHIPPED, Finding, run_methods
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/anatomy", "CTSMA/CTSMALib/volumes", "Testing/benchmarks/anatomy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the given scans")
    parser.add_argument("--quick", action="store_true", help="the first scan only; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_given" if options.quick else "given"
    table = ResultTable(RESULTS / f"{name}.csv", ("scan", "mirrored", "method"), CODE, data="real CT, no truth")
    for scan in GIVEN[:1] if options.quick else GIVEN:
        if not table.holds(scan=scan.name):
            print(scan.name, flush=True)
            table.add(_rows(scan, options.data))
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def _rows(scan: GivenScan, folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    plain: dict[str, dict[str, float]] = {}
    for mirrored in (False, True):
        image = load(scan, folder, mirrored)
        with threadpool_limits(limits=1, user_api="blas"):
            anatomy, findings = run_methods(image)
        for finding in findings:
            volumes = bone_volumes_ml(finding.labels)
            before = plain.setdefault(finding.method, volumes)
            rows.append(
                {"scan": scan.name, "mirrored": mirrored, "method": finding.method,
                 **_verdicts(scan, anatomy, mirrored, finding), "touching_mm2": _touching_mm2(finding.labels),
                 **{f"{bone}_ml": round(volume, 1) for bone, volume in volumes.items()},
                 **{f"{bone}_ratio": round(volume / before[bone], 3) if before[bone] else ""
                    for bone, volume in volumes.items()},
                 "cpu_s": finding.cpu_s}
            )  # fmt: skip
    return rows


def _verdicts(scan: GivenScan, anatomy: KneeAnatomy, mirrored: bool, finding: Finding) -> dict[str, object]:
    """What was found and whether it is right; only the shipped method tells side and compartments."""
    bones = tuple(bone for bone, volume in bone_volumes_ml(finding.labels).items() if volume > 0)
    verdicts: dict[str, object] = {"bones": " ".join(bones), "bones_right": bones == scan.bones}
    told = finding.method == SHIPPED
    reported = tuple(c.key for c in COMPARTMENTS if c.key not in anatomy.incomplete)
    whole = {
        "side": anatomy.side.side, "side_right": anatomy.side.side == expected_side(scan, mirrored),
        "certain": anatomy.side.certain, "evidence": anatomy.side.evidence,
        "compartments": " ".join(reported), "compartments_right": reported == scan.compartments,
    }  # fmt: skip
    return verdicts | {name: value if told else "" for name, value in whole.items()}


def bone_volumes_ml(labels: sitk.Image) -> dict[str, float]:
    """Volume of every bone, 0 where it was not found."""
    counts = np.bincount(sitk.GetArrayViewFromImage(labels).ravel(), minlength=len(BONES) + 1)
    voxel_ml = float(np.prod(labels.GetSpacing())) / 1000
    return {bone.name: float(counts[bone.label] * voxel_ml) for bone in BONES}


def _touching_mm2(labels: sitk.Image) -> int:
    """Area over which femur and tibia share a face: large where they are merged, or the slices as thick as the gap."""
    values = sitk.GetArrayViewFromImage(labels).astype(int)
    faces = 0
    for axis in range(3):
        ahead = np.moveaxis(values, axis, 0)
        first, second = ahead[:-1], ahead[1:]
        faces += int(((first != second) & (first * second == FEMUR.label * TIBIA.label)).sum())
    return round(faces * labels.GetSpacing()[0] ** 2)


if __name__ == "__main__":
    main()
