"""Compare ways of finding the bones on simulated CT of two real knees, each with the atlas of the other knee only.

Usage::

    python -m Testing.benchmarks.anatomy.simulated --labels FOLDER [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy import pose as pose_module
from CTSMALib.anatomy.atlas import atlases
from CTSMALib.anatomy.compartments import compartment_support
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import physical_box, resample_axis_aligned
from CTSMALib.anatomy.knee import WORKING_SPACING_MM, KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.anatomy.plate import Plate, find_plate
from CTSMALib.anatomy.pose import Brightness, Pose, refine_bone
from Testing.benchmarks.anatomy.peers import Fit, atlas_alone, classical, walker_from_atlas
from Testing.benchmarks.anatomy.scores import compare
from Testing.benchmarks.anatomy.simulated_ct import PROTOCOLS, Protocol, simulate
from Testing.benchmarks.anatomy.truth import KNEES, Truth, flipped, load_truth
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/anatomy", "Testing/benchmarks/anatomy")
SEED = 20
MIRRORED_PROTOCOL = PROTOCOLS[0]
QUICK_PROTOCOL = PROTOCOLS[-1]
SHIPPED = "shipped"
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """What a method found: labels on the working grid, and how long it took from the CT on."""

    method: str
    labels: sitk.Image
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="folder with the label maps of mskt")
    parser.add_argument("--quick", action="store_true", help="one knee, one protocol; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_" if options.quick else ""
    keys = ("knee", "side", "protocol")
    bones, plates = (
        ResultTable(RESULTS / f"{name}simulated_{what}.csv", keys, CODE, data="simulated CT", seed=SEED)
        for what in ("bones", "plates")
    )
    for knee in list(KNEES)[-1:] if options.quick else KNEES:
        truth = load_truth(options.labels, knee)
        for side, protocol in _work(options.quick):
            key = {"knee": knee, "side": side, "protocol": protocol.name}
            if bones.holds(**key) and plates.holds(**key):
                continue
            print(*key.values(), flush=True)
            with threadpool_limits(limits=1, user_api="blas"), only_atlas_of_others(knee):
                bone_rows, plate_rows = _evaluate(truth, side, protocol)
            bones.add([key | row for row in bone_rows])
            plates.add([key | row for row in plate_rows])
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def _work(quick: bool) -> list[tuple[str, Protocol]]:
    if quick:
        return [("right", QUICK_PROTOCOL)]
    return [("right", protocol) for protocol in PROTOCOLS] + [("left", MIRRORED_PROTOCOL)]


@contextmanager
def only_atlas_of_others(knee: str) -> Iterator[None]:
    """Hide from the fit the atlas that was made from a knee."""
    others = tuple(atlas for atlas in atlases() if atlas.name != knee)
    original = pose_module.atlases
    pose_module.atlases = lambda: others
    try:
        yield
    finally:
        pose_module.atlases = original


def _evaluate(truth: Truth, side: str, protocol: Protocol) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    image = simulate(truth, protocol, SEED)
    if side == "left":
        truth, image = truth.mirrored(), flipped(image)
    anatomy, findings = _findings(image)
    bone_rows: list[dict[str, object]] = []
    plate_rows: list[dict[str, object]] = []
    for finding in findings:
        seen = anatomy.side.side if finding.method != "classical" else "not told"
        for bone in [b for b in BONES if b in truth.depth]:
            score = compare(finding.labels, truth, bone)
            bone_rows.append(
                {"method": finding.method, "bone": bone.name, "dice": score.dice, "assd_mm": score.assd_mm,
                 "hd95_mm": score.hd95_mm, "side_found": seen, "cpu_s": finding.cpu_s}
            )  # fmt: skip
        plates = anatomy.plates if finding.method == SHIPPED else _plates(image, finding.labels, anatomy)
        plate_rows += [{"method": finding.method, **row} for row in _plate_rows(plates, anatomy, truth)]
    return bone_rows, plate_rows


def _findings(image: sitk.Image) -> tuple[KneeAnatomy, list[Finding]]:
    """Run every method. Those that need the fitted atlas are charged for the fit."""
    candidates, search_s = _timed(lambda: find_knees(image))
    anatomy, find_s = _timed(lambda: find_anatomy(image, candidates[0]))
    box = physical_box(anatomy.labels)
    working = resample_axis_aligned(image, WORKING_SPACING_MM, box)
    knee = next(p for p in candidates[0].poses if p.mirrored == anatomy.poses.femur.mirrored)
    refine_s = _timed(lambda: _refit(working, knee))[1]
    fit = Fit(anatomy.poses, knee)
    findings = [Finding(SHIPPED, anatomy.labels, search_s + find_s)]
    peers: list[tuple[str, Callable[[], np.ndarray], float]] = [
        ("classical", lambda: classical(working), 0.0),
        ("atlas alone", lambda: atlas_alone(working, fit), search_s + refine_s),
        ("random walker", lambda: walker_from_atlas(working, fit), search_s + refine_s),
    ]
    for name, method, charged_s in peers:
        values, own_s = _timed(method)
        labels = sitk.GetImageFromArray(values)
        labels.CopyInformation(working)
        findings.append(Finding(name, labels, own_s + charged_s))
    return anatomy, findings


def _refit(working: sitk.Image, knee: Pose) -> list[Pose]:
    brightness = Brightness.of(working)
    return [refine_bone(brightness, knee, bone) for bone in (FEMUR, TIBIA)]


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def _plates(image: sitk.Image, labels: sitk.Image, anatomy: KneeAnatomy) -> dict[str, Plate]:
    """Follow the plate on the CT, starting from a method's labels; the joint frames are the same for all."""
    return {b.name: find_plate(image, labels, b, anatomy.frames[b.name]) for b in (FEMUR, TIBIA)}


def _plate_rows(plates: dict[str, Plate], anatomy: KneeAnatomy, truth: Truth) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for compartment in COMPARTMENTS:
        plate, frame = plates[compartment.bone.name], anatomy.frames[compartment.bone.name]
        depth = _depth_of_plate(plate, frame, truth, compartment_support(plate, compartment))
        size = np.abs(depth)
        rows.append(
            {"compartment": compartment.key, "reported": compartment.key not in anatomy.incomplete,
             "area_mm2": len(depth), "mean_abs_mm": _or_nan(size.mean, size), "bias_mm": _or_nan(depth.mean, size),
             "p95_abs_mm": _or_nan(lambda size=size: np.quantile(size, 0.95), size)}
        )  # fmt: skip
    return rows


def _depth_of_plate(plate: Plate, frame: JointFrame, truth: Truth, support: np.ndarray) -> np.ndarray:
    """Depth of the plate's outer surface under the true one: negative where it lies outside the bone."""
    points = plate.points_mm[support]
    return truth.depth_at(plate.bone, frame.to_lps(points[np.isfinite(points).all(axis=1)]))


def _or_nan(value: Callable[[], float], among: np.ndarray) -> float:
    return float(value()) if among.size else float("nan")


if __name__ == "__main__":
    main()
