"""What scanners make of virtual bone: values read off virtual CT and MR beside the truth of the same boxes.

Expected, and written down before any result was seen (reference-method f.2, f.3):

- thresholding a CT of 0.5 mm slices inflates trabecular thickness 3 to 4 times and the bone volume fraction 1.6 to 2
  times (distal tibia, HR-CT against micro-CT);
- apparent MR values: BV/TV 0.30 to 0.45, Tb.Th 0.20 to 0.30 mm, Tb.Sp 0.35 to 0.50 mm, Tb.N 1.4 to 1.9 per mm;
- mean CT numbers of patches follow the mixing rule: 260 HU at a bone volume fraction of 0.2, 415 at 0.3, 570 at 0.4.

The CT is thresholded by Otsu's method in each box; the MR becomes a bone volume fraction by the signal of pure marrow
of its protocol, without noise correction, as a user would do who knows that signal.

Usage::

    python -m Testing.benchmarks.virtual.apparent [--knees N]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from CTSMALib.anatomy.patch import Patch
from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.morphometry.trabecular.regions import OrientedBox, regions_of_boxes
from CTSMALib.virtual.body.acquisition import Acquisition, Scan, draw_acquisition
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.patch_scans import boxes_around, center_in
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import grow_trabeculae
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CT_PROTOCOLS, MR_PROTOCOLS, CTProtocol, MRProtocol
from CTSMALib.virtual.scanners.scan_grid import continuous_index
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/virtual", "CTSMA/CTSMALib/morphometry/trabecular")
FIRST_SEED = 9000
BOXES = ("TM-r2-c2-d1", "TL-r2-c2-d1", "FM-r2-c2-d1", "FL-r2-c2-d1")
KEYS = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm")
EDGE_MM = 6.5  # inside the box, so that blur of the plate stays out
# 0.5 mm slices, 512 pixels over about 180 mm; sharpness of a bone kernel of present scanners.
THICK_CT = replace(CT_PROTOCOLS["bone"], name="0.5 mm", pixel_mm=0.35, slice_mm=0.5, increment_mm=0.25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=4)
    table = ResultTable(RESULTS / "apparent.csv", ("knee", "patch", "scan"), CODE, first_seed=FIRST_SEED)
    for number in range(parser.parse_args().knees):
        if not table.holds(knee=number):
            table.add(_rows(number))
            print("knee", number, flush=True)
    _summary(table.rows)


def _rows(number: int) -> list[dict[str, object]]:
    """Truth, CT and MR values of a few boxes of one knee."""
    knee = virtual_knee(draw_spec(FIRST_SEED + number, grade=number % 5))
    plan = draw_acquisition(knee)
    patches = [p for p in learning_boxes(knee.shape) if p.id in BOXES]
    around = {b: [_around(p) for p in patches if p.bone == b] for b in ("femur", "tibia")}
    grown = grow_trabeculae(knee, tuple(around), around, MR_PROTOCOLS["bffe"].broadening_mm)
    truth = patch_truth(knee, patches)
    scans = _scans(knee, plan)
    rows: list[dict[str, object]] = []
    for patch in patches:
        key = {"knee": number, "patch": patch.id, "grade": knee.spec.grade}
        rows.append({**key, "scan": "truth", "mean": "", **{k: truth[patch.id][k] for k in KEYS}})
        for name, scan in scans.items():
            (box,) = boxes_around(scan, [center_in(scan, patch)])
            image = scanned(tissue_of(knee, scan, grown), scan, box)
            rows.append({**key, "scan": name, **_measured(image, scan, box, patch)})
    return rows


def _scans(knee: VirtualKnee, plan: Acquisition) -> dict[str, Scan]:
    center = plan.ct.pose.leg.to_lps(np.zeros(3))
    ct = Scan(THICK_CT, plan.ct.pose, THICK_CT.grid(center, (150.0, 150.0, 80.0)), plan.ct.seed)
    mr = plan.mr["bffe"]
    return {"CT 0.5 mm": ct, "BFFE": replace(mr, protocol=replace(MR_PROTOCOLS["bffe"], bias_range=0.01))}


def _around(patch: Patch) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    x, y, z = patch.center_anatomical_mm
    return (x - 10.0, y - 10.0, z - 10.0), (x + 10.0, y + 10.0, z + 10.0)


def _measured(image: NDArray[np.int16], scan: Scan, box: tuple[slice, slice, slice], patch: Patch) -> dict[str, object]:
    spacing = tuple(scan.grid.spacing_mm[::-1])
    region = _region(scan, box, patch)
    (inside,) = regions_of_boxes([region], image.shape, spacing)
    values = image[inside.box][inside.mask]
    found = measure(_bone(image, scan, values), [inside], MeasureOptions(maps=False)).regions[0].values
    return {"mean": float(values.mean()), **{k: found[k].value for k in KEYS}}


def _bone(image: NDArray[np.int16], scan: Scan, values: NDArray[np.int16]) -> BoneImage:
    spacing = tuple(scan.grid.spacing_mm[::-1])
    if isinstance(scan.protocol, CTProtocol):
        return from_binary(image > threshold_otsu(values), spacing)
    assert isinstance(scan.protocol, MRProtocol)
    return from_fraction(np.clip(1.0 - image / scan.protocol.reference_value, 0.0, 1.0).astype(np.float32), spacing)


def _region(scan: Scan, box: tuple[slice, slice, slice], patch: Patch) -> OrientedBox:
    """The inner part of a patch within a box of its scan."""
    spacing = np.array(scan.grid.spacing_mm)
    index = continuous_index(scan.grid, center_in(scan, patch))[0] - [cut.start for cut in box[::-1]]
    frame = scan.pose.frame(patch.bone)
    axes = frame.axes @ np.reshape(scan.grid.direction, (3, 3))
    return OrientedBox(patch.id, (index * spacing)[::-1], axes[::-1, ::-1], (EDGE_MM,) * 3)


def _summary(rows: list[dict[str, str]]) -> None:
    """Medians by scan, and ratios to the truth of the same box."""
    truth = {(r["knee"], r["patch"]): r for r in rows if r["scan"] == "truth"}
    for name in dict.fromkeys(r["scan"] for r in rows):
        own = [r for r in rows if r["scan"] == name]
        values = {k: np.median([float(r[k]) for r in own]) for k in KEYS}
        ratios = {k: np.median([float(r[k]) / float(truth[r["knee"], r["patch"]][k]) for r in own]) for k in KEYS}
        shown = "  ".join(f"{k} {values[k]:.3f} ({ratios[k]:.2f}x)" for k in KEYS)
        print(f"{name:10s} n={len(own)}  {shown}")
    pairs = [(float(truth[r["knee"], r["patch"]]["bv_tv"]), float(r["mean"])) for r in rows if r["scan"] == "CT 0.5 mm"]
    slope, offset = np.polyfit(*np.transpose(pairs), 1)
    expected = ", ".join(f"{offset + slope * fraction:.0f}" for fraction in (0.2, 0.3, 0.4))
    print(f"CT: {offset:.0f} HU + {slope:.0f} HU x BV/TV; at 0.2, 0.3 and 0.4: {expected} HU")


if __name__ == "__main__":
    main()
