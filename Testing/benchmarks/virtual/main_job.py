"""The main job on virtual CTs: are bones, side, compartments and metal found as they are?

Bones are compared on the voxels of the CT, 0.4 x 0.4 x 0.6 mm, within the part of it that an analysis works on (75 mm
around the joint; shafts end with the image). Truth is the whole bone, marrow included, up to its outer surface. Faces
where the image cuts a bone do not count as surface. Two of the four source anatomies, ``knee1`` and ``knee2``, are also
the atlases that the anatomy fits: the others say how it does on bones it has never seen.

Two tables: ``main_job_bones.csv``, a row for each bone, and ``main_job_knees.csv``, a row for each knee with its side,
its compartments, the distances of found from true patches, and what was refused.

Usage::

    python -m Testing.benchmarks.virtual.main_job [--quick] [--knees N]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from CTSMALib.analysis.pipeline import analyze_scan
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.anatomy.outlines import sharp_labels
from CTSMALib.virtual.body.acquisition import Scan, draw_acquisition
from CTSMALib.virtual.body.body_tissue import NO_METAL
from CTSMALib.virtual.body.extras import SCREWS, TOTAL_KNEE, Together, metal_capsules, side_by_side
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, Trabeculae, grow_trabeculae
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CT_PROTOCOLS, CTProtocol
from CTSMALib.virtual.scanners.scan_grid import center_of
from CTSMALib.virtual.spec import GRADES, KneeSpec
from CTSMALib.virtual.version import GENERATOR
from CTSMALib.volumes.scan import InputIdentity, ScanHeader
from CTSMALib.volumes.scan import Scan as ReadScan
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual.surface_distance import compare

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/anatomy",)
FIRST_SEED, OTHER_LEG = 3000, 500
PIXEL_MM, SLICE_MM, EXTENT_MM = 0.4, 0.6, (170.0, 170.0, 130.0)
LEAST_NOISE_HU = 30.0  # of a bone kernel
TWO_LEGS = "two legs"
SPECIAL = {20: SCREWS, 21: TOTAL_KNEE, 22: TWO_LEGS}  # knee number to what is beside the bones
WITH_STRUCTURE = ("femur", "tibia", "patella")
WANTED_DICE, WANTED_MM = 0.97, 0.3
Row = dict[str, object]


@dataclass(frozen=True, eq=False)
class KneeToFind:
    """A knee, how it is scanned, and what the scan shows."""

    knee: VirtualKnee
    scan: Scan
    trabeculae: Trabeculae = NO_TRABECULAE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two knees, without trabeculae; kept apart")
    parser.add_argument("--knees", type=int, default=20, help="plain knees, beside the special ones")
    options = parser.parse_args()
    prefix = "quick_" if options.quick else ""
    settings = {"generator": GENERATOR, "first_seed": FIRST_SEED, "pixel_mm": PIXEL_MM, "slice_mm": SLICE_MM}
    bones = ResultTable(RESULTS / f"{prefix}main_job_bones.csv", ("number", "side"), CODE, **settings)
    knees = ResultTable(RESULTS / f"{prefix}main_job_knees.csv", ("number", "side"), CODE, **settings)
    for number in (4, 0) if options.quick else (*range(options.knees), *SPECIAL):
        if not (knees.holds(number=number) and (number in SPECIAL or bones.holds(number=number))):
            of_bones, of_knees = _case(number, structure=not options.quick)
            bones.add(of_bones)
            knees.add(of_knees)
    _report(bones.rows, knees.rows)


def _case(number: int, structure: bool) -> tuple[list[Row], list[Row]]:
    """Make, scan and analyze one case."""
    special = SPECIAL.get(number, "")
    spec = draw_spec(FIRST_SEED + number, number % len(GRADES))
    print(number, spec.source, spec.side, f"grade {spec.grade}", special, flush=True)
    first = _scanned(spec, structure)
    if special == TWO_LEGS:
        return _two_legs(number, first, structure)
    metal = metal_capsules(special, first.knee) if special else NO_METAL
    image = image_of(tissue_of(first.knee, first.scan, first.trabeculae, metal), first.scan)
    if special:
        return [], [_metal_row(number, special, spec, image)]
    return _compared(number, "", image, [first])


def _scanned(spec: KneeSpec, structure: bool) -> KneeToFind:
    """A knee and its CT: the drawn scanner and posture, but for voxels and kernel."""
    knee = virtual_knee(spec)
    scan = draw_acquisition(knee).ct
    drawn, base = scan.protocol, CT_PROTOCOLS["bone"]
    assert isinstance(drawn, CTProtocol)
    protocol = replace(
        base, pixel_mm=PIXEL_MM, slice_mm=SLICE_MM, increment_mm=SLICE_MM, noise_hu=max(drawn.noise_hu, LEAST_NOISE_HU),
        kvp=drawn.kvp, slope=drawn.slope, offset_hu=drawn.offset_hu, cupping=drawn.cupping, tilt=drawn.tilt,
    )  # fmt: skip
    scan = replace(scan, protocol=protocol, grid=protocol.grid(center_of(scan.grid), EXTENT_MM))
    return KneeToFind(knee, scan, grow_trabeculae(knee, WITH_STRUCTURE) if structure else NO_TRABECULAE)


def _two_legs(number: int, first: KneeToFind, structure: bool) -> tuple[list[Row], list[Row]]:
    """The knee and one of the other side, on the table of the scanner."""
    spec = first.knee.spec
    side = "left" if spec.side == "right" else "right"
    other = _scanned(draw_spec(spec.seed + OTHER_LEG, spec.grade, side), structure)
    scans = side_by_side((first.scan, other.scan))
    pair = [replace(leg, scan=scan) for leg, scan in zip((first, other), scans, strict=True)]
    tissue = [tissue_of(leg.knee, leg.scan, leg.trabeculae) for leg in pair]
    return _compared(number, TWO_LEGS, image_of(Together((tissue[0], tissue[1])), scans[0]), pair)


def _compared(number: int, special: str, image: sitk.Image, legs: list[KneeToFind]) -> tuple[list[Row], list[Row]]:
    """Analyze a CT as ``ctsma analyze`` does and compare every knee in it with the truth."""
    start = time.process_time()
    with threadpool_limits(limits=1, user_api="blas"):
        anatomies = [find_anatomy(image, candidate) for candidate in find_knees(image)]
        labels = [sharp_labels(anatomy.labels, anatomy.scan) for anatomy in anatomies]
    used = round((time.process_time() - start) / max(len(anatomies), 1), 1)
    of_bones: list[Row] = []
    of_knees: list[Row] = []
    for leg in legs:
        key = _key(number, special, leg.knee.spec)
        place = [_nearest_mm(anatomy, leg) for anatomy in anatomies]
        if not place:
            of_knees.append({**key, **_knee_row(None, leg, 0), "cpu_s": used})
            continue
        n = int(np.argmin(place))
        of_knees.append({**key, **_knee_row(anatomies[n], leg, len(anatomies)), "cpu_s": used})
        of_bones += [{**key, **row} for row in _bone_rows(labels[n], anatomies[n], leg)]
    return of_bones, of_knees


def _key(number: int, special: str, spec: KneeSpec) -> Row:
    return {
        "number": number, "side": spec.side, "special": special, "source": spec.source, "grade": spec.grade,
        "joint_space_mm": min(spec.joint_space_mm), "osteophyte_mm": spec.osteophyte_mm,
    }  # fmt: skip


def _nearest_mm(anatomy: KneeAnatomy, leg: KneeToFind) -> float:
    return float(np.linalg.norm(anatomy.frames["tibia"].origin_mm - leg.scan.pose.frame("tibia").origin_mm))


def _bone_rows(labels: sitk.Image, anatomy: KneeAnatomy, leg: KneeToFind) -> list[Row]:
    truth = sitk.Resample(
        labels_of(leg.knee, leg.scan), anatomy.scan, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8
    )
    rows: list[Row] = []
    for bone in BONES:
        found = compare(labels, truth, bone.label)
        rows.append({"bone": bone.name, **found, "reached": _reached(found)})
    return rows


def _reached(found: dict[str, float]) -> str:
    return "yes" if found["dice"] >= WANTED_DICE and found["mean_mm"] <= WANTED_MM else "no"


def _knee_row(anatomy: KneeAnatomy | None, leg: KneeToFind, count: int) -> Row:
    """Side, compartments and patches of one knee."""
    if anatomy is None:
        return {"found": 0, "side_right": "no", "certain": "no", "compartments_right": "no", "refused": "no knee",
                "patch_median_mm": float("nan"), "patch_95_mm": float("nan")}  # fmt: skip
    true = {p.id: _center(leg, p.bone, p.center_anatomical_mm) for p in learning_boxes(leg.knee.shape)}
    found = {p.id: np.array(p.center_lps_mm) for p in anatomy.learning}
    away = np.array([np.linalg.norm(found[name] - true[name]) for name in found if name in true])
    refused = "; ".join(f"{c.key}: {anatomy.incomplete[c.key]}" for c in COMPARTMENTS if c.key in anatomy.incomplete)
    right = not refused and _same_compartments(found, true)
    return {
        "found": count, "side_right": "yes" if anatomy.side.side == leg.knee.spec.side else "no",
        "certain": "yes" if anatomy.side.certain else "no", "compartments_right": "yes" if right else "no",
        "refused": refused, "patch_median_mm": float(np.median(away)), "patch_95_mm": float(np.quantile(away, 0.95)),
    }  # fmt: skip


def _center(leg: KneeToFind, bone: str, center_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    return leg.scan.pose.frame(bone).to_lps(np.array(center_mm))


def _same_compartments(found: dict[str, NDArray[np.float64]], true: dict[str, NDArray[np.float64]]) -> bool:
    """Whether the true patch nearest to each one found belongs to the compartment of the same name."""
    names, places = list(true), np.array(list(true.values()))
    nearest = [names[int(np.argmin(np.linalg.norm(places - place, axis=1)))] for place in found.values()]
    return all(name[:2] == other[:2] for name, other in zip(found, nearest, strict=True))


def _metal_row(number: int, special: str, spec: KneeSpec, image: sitk.Image) -> Row:
    """The whole analysis of a knee with metal: it must refuse every compartment near it."""
    start = time.process_time()
    results = analyze_scan(ReadScan(image, ScanHeader(), InputIdentity("virtual knee", "NIfTI", ""), ()))
    findings = results[0].analysis.compartments
    told = any(notice.code == "metal" for notice in results[0].analysis.notices)
    refused = "; ".join(f"{c.key}: {c.reason}" for c in findings if not c.reported)
    return {
        **_key(number, special, spec), "found": len(results),
        "side_right": "yes" if results[0].analysis.side.side == spec.side else "no",
        "certain": "", "compartments_right": "", "refused": refused + ("; metal is told" if told else ""),
        "patch_median_mm": float("nan"), "patch_95_mm": float("nan"),
        "cpu_s": round(time.process_time() - start, 1),
    }  # fmt: skip


def _report(bones: list[dict[str, str]], knees: list[dict[str, str]]) -> None:
    """Print medians and the worst, by bone and by whether an atlas has the same shape."""
    for seen, title in ((True, "shapes of the atlases"), (False, "other shapes")):
        for bone in BONES:
            rows = [r for r in bones if r["bone"] == bone.name and r["source"].startswith("knee") == seen]
            if rows:
                dice, away = ([float(r[name]) for r in rows] for name in ("dice", "mean_mm"))
                print(
                    f"{title}, {bone.name}, n = {len(rows)}: Dice {np.median(dice):.3f} (worst {min(dice):.3f}), "
                    f"distance {np.median(away):.2f} mm (worst {max(away):.2f})"
                )
    for name in ("side_right", "compartments_right"):
        told = [r for r in knees if r[name]]
        print(f"{name}: {sum(r[name] == 'yes' for r in told)} of {len(told)}")
    for row in knees:
        if row["refused"]:
            print(row["number"], row["special"], row["refused"])


if __name__ == "__main__":
    main()
