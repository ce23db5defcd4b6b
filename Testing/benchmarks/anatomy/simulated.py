"""Compare ways of finding the bones on simulated CT of two real knees, each with the atlas of the other knee only.

Usage::

    python -m Testing.benchmarks.anatomy.simulated --labels FOLDER [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy import pose as pose_module
from CTSMALib.anatomy.atlas import atlases
from CTSMALib.anatomy.compartments import compartment_support
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.plate import Plate, find_plate
from Testing.benchmarks.anatomy.methods import CLASSICAL, SHIPPED, run_methods
from Testing.benchmarks.anatomy.scores import compare
from Testing.benchmarks.anatomy.simulated_ct import DENSE, POROTIC, PROTOCOLS, Density, Protocol, simulate
from Testing.benchmarks.anatomy.truth import KNEES, Truth, flipped, load_truth
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/anatomy", "Testing/benchmarks/anatomy")
SEED = 20
SHARPEST, COARSEST = PROTOCOLS[0], PROTOCOLS[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="folder with the label maps of mskt")
    parser.add_argument("--quick", action="store_true", help="one knee, one protocol; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_" if options.quick else ""
    # A stopped run goes on where it was.
    keys = ("knee", "side", "density", "protocol")
    bones, plates = (
        ResultTable(RESULTS / f"{name}simulated_{what}.csv", keys, CODE, data="simulated CT", seed=SEED)
        for what in ("bones", "plates")
    )
    for knee in list(KNEES)[-1:] if options.quick else KNEES:
        truth = load_truth(options.labels, knee)
        for side, density, protocol in _work(options.quick):
            key = {"knee": knee, "side": side, "density": density.name, "protocol": protocol.name}
            if bones.holds(**key) and plates.holds(**key):
                continue
            print(*key.values(), flush=True)
            with threadpool_limits(limits=1, user_api="blas"), only_atlas_of_others(knee):
                bone_rows, plate_rows = _evaluate(truth, side, density, protocol)
            bones.add([key | row for row in bone_rows])
            plates.add([key | row for row in plate_rows])
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def _work(quick: bool) -> list[tuple[str, Density, Protocol]]:
    if quick:
        return [("right", DENSE, COARSEST)]
    return [
        *(("right", DENSE, protocol) for protocol in PROTOCOLS),
        *(("right", POROTIC, protocol) for protocol in PROTOCOLS),
        ("left", DENSE, SHARPEST),
    ]


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


def _evaluate(
    truth: Truth, side: str, density: Density, protocol: Protocol
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    image = simulate(truth, density, protocol, SEED)
    if side == "left":
        truth, image = truth.mirrored(), flipped(image)
    anatomy, findings = run_methods(image)
    bone_rows: list[dict[str, object]] = []
    plate_rows: list[dict[str, object]] = []
    for finding in findings:
        seen = anatomy.side.side if finding.method != CLASSICAL else "not told"
        for bone in [b for b in BONES if b in truth.depth]:
            score = compare(finding.labels, truth, bone)
            bone_rows.append(
                {"method": finding.method, "bone": bone.name, "dice": score.dice, "assd_mm": score.assd_mm,
                 "hd95_mm": score.hd95_mm, "side_found": seen, "cpu_s": finding.cpu_s}
            )  # fmt: skip
        plates = anatomy.plates if finding.method == SHIPPED else _plates(image, finding.labels, anatomy)
        plate_rows += [{"method": finding.method, **row} for row in _plate_rows(plates, anatomy, truth)]
    return bone_rows, plate_rows


def _plates(image: sitk.Image, labels: sitk.Image, anatomy: KneeAnatomy) -> dict[str, Plate]:
    """Follow the plate on the CT, starting from a method's labels; frames and compartments are the same for all."""
    plates = {}
    for bone in (FEMUR, TIBIA):
        extent = anatomy.plates[bone.name].extent
        plates[bone.name] = replace(find_plate(image, labels, bone, anatomy.frames[bone.name], extent), extent=extent)
    return plates


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
