"""What scanners make of virtual bone: values read off virtual CT and MR beside the truth of the same boxes.

Expected, and written down before any result was seen (design values of the project; sources in
``CTSMALib/virtual/population/values.py`` and ``docs/virtual-population.md``):

- thresholding a CT of 0.5 mm slices inflates trabecular thickness 3 to 4 times and the bone volume fraction 1.6 to 2
  times (distal tibia, HR-CT against micro-CT);
- apparent MR values: BV/TV 0.30 to 0.45, Tb.Th 0.20 to 0.30 mm, Tb.Sp 0.35 to 0.50 mm, Tb.N 1.4 to 1.9 per mm;
- mean CT numbers of patches follow the mixing rule: 260 HU at a bone volume fraction of 0.2, 415 at 0.3, 570 at 0.4.

The publications do not say all of how they divided bone from marrow. So each scan is read in several ways, all listed.
Only the expectations were set beforehand: a first run with one threshold for each box, the bone kernel alone and
spheres for both scans missed them, and the local threshold, the sharper CT and the intercepts on MR were added then.

- CT: with a bone kernel, or sharper and with smaller pixels; one threshold for each box by Otsu's method, or a local
  one, the Gaussian mean over 3 mm; then largest spheres.
- MR: a threshold half-way between marrow and bone (the half-way point of its signal, bone having none), or the local
  mean over 3 mm; then the plate model on intercepts of test lines in the sagittal plane, as apparent values are made
  where slices are thicker than trabeculae: Tb.N is their number per millimeter, Tb.Th = (BV/TV) / Tb.N, Tb.Sp the rest.

Usage::

    python -m Testing.benchmarks.virtual.apparent [--knees N]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from CTSMALib.anatomy.patch import Patch
from CTSMALib.morphometry.trabecular.bone_image import from_binary
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.morphometry.trabecular.regions import Region
from CTSMALib.virtual.body.acquisition import Acquisition, Scan, draw_acquisition
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import Trabeculae, grow_trabeculae
from CTSMALib.virtual.body.truth import VOXEL_MM, patch_truth
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CT_PROTOCOLS, MR_PROTOCOLS, MRProtocol
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual.patch_in_scan import box_of, inside, needed_around, zyx_spacing

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
FIRST_SEED = 9000
BOXES = ("TM-r2-c2-d1", "TL-r2-c2-d1", "FM-r2-c2-d1", "FL-r2-c2-d1")
KEYS = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm")
TRUTH, CT, SHARP_CT, MR = "truth", "CT", "sharp CT", "BFFE"
OTSU, LOCAL, HALF_WAY = "Otsu", "local", "half-way"
EDGE_MM = 6.5  # inside the box, so that blur of the plate stays out
LOCAL_MM = 3.0  # full width at half maximum of the local mean
# 0.5 mm slices; 512 pixels over a knee with a bone kernel, and over an ankle with the sharpest one.
THIN = {"slice_mm": 0.5, "increment_mm": 0.25}
CTS = {
    CT: replace(CT_PROTOCOLS["bone"], name=CT, pixel_mm=0.35, **THIN),
    SHARP_CT: replace(CT_PROTOCOLS["sharp"], name=SHARP_CT, pixel_mm=0.2, **THIN),
}
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=10)
    keys = ("knee", "patch", "scan", "read")
    settings = {"generator": GENERATOR, "first_seed": FIRST_SEED, "truth_voxel_mm": VOXEL_MM}
    table = ResultTable(RESULTS / "apparent.csv", keys, CODE, **settings)
    for number in range(parser.parse_args().knees):
        if not table.holds(knee=number):
            table.add(_rows(number))
            print("knee", number, flush=True)
    _summary(table.rows)


def _rows(number: int) -> list[Row]:
    """Truth, CT and MR values of a few boxes of one knee."""
    knee = virtual_knee(draw_spec(FIRST_SEED + number, grade=number % 5))
    patches = [p for p in learning_boxes(knee.shape) if p.id in BOXES]
    around = needed_around(patches)
    grown = grow_trabeculae(knee, tuple(around), around, MR_PROTOCOLS["bffe"].broadening_mm)
    truth = patch_truth(knee, patches)
    scans = _scans(draw_acquisition(knee))
    rows: list[Row] = []
    for patch in patches:
        key = {"knee": number, "patch": patch.id, "grade": knee.spec.grade}
        rows.append({**key, "scan": TRUTH, "read": "", "mean": "", **{k: truth[patch.id][k] for k in KEYS}})
        for name, scan in scans.items():
            rows += [{**key, "scan": name, **row} for row in _read(knee, grown, scan, patch)]
    return rows


def _scans(plan: Acquisition) -> dict[str, Scan]:
    """CTs like that of the publication, and the drawn BFFE with an even coil."""
    center, ct, mr = plan.ct.pose.leg.to_lps(np.zeros(3)), plan.ct, plan.mr["bffe"]
    scans = {
        name: Scan(protocol, ct.pose, protocol.grid(center, (150.0, 150.0, 80.0)), ct.seed)
        for name, protocol in CTS.items()
    }
    return {**scans, MR: replace(mr, protocol=replace(MR_PROTOCOLS["bffe"], bias_range=0.01))}


def _read(knee: VirtualKnee, grown: Trabeculae, scan: Scan, patch: Patch) -> Iterator[Row]:
    """The values of one patch in one scan, read in every way."""
    box = box_of(scan, patch)
    image = scanned(tissue_of(knee, scan, grown), scan, box).astype(np.float32)
    part = inside(scan, box, patch, EDGE_MM)
    values, spacing = image[part.box][part.mask], zyx_spacing(scan)
    local = ndimage.gaussian_filter(image, [LOCAL_MM / 2.355 / edge for edge in spacing])
    if isinstance(scan.protocol, MRProtocol):
        for name, threshold in ((HALF_WAY, scan.protocol.reference_value / 2), (LOCAL, local)):
            yield {"read": name, "mean": float(values.mean()), **_by_intercepts(image < threshold, part, spacing)}
    else:
        for name, threshold in ((OTSU, threshold_otsu(values)), (LOCAL, local)):
            yield {"read": name, "mean": float(values.mean()), **_by_spheres(image > threshold, part, spacing)}


def _by_spheres(bone: NDArray[np.bool_], part: Region, spacing: tuple[float, float, float]) -> Row:
    found = measure(from_binary(bone, spacing), [part], MeasureOptions(maps=False)).regions[0].values
    return {k: found[k].value for k in KEYS}


def _by_intercepts(bone: NDArray[np.bool_], part: Region, spacing: tuple[float, float, float]) -> Row:
    """The plate model in the planes of slices: test lines run along both axes of the image that lie in them."""
    cut = bone[part.box]
    fraction = float(cut[part.mask].mean())
    rates = []
    for axis in _in_plane(spacing):
        ends = [slice(None)] * 3, [slice(None)] * 3
        ends[0][axis], ends[1][axis] = slice(None, -1), slice(1, None)
        first, second = tuple(ends[0]), tuple(ends[1])
        counted = part.mask[first] & part.mask[second]
        changes = np.count_nonzero((cut[first] != cut[second]) & counted)
        rates.append(0.5 * changes / (counted.sum() * spacing[axis]))
    number = float(np.mean(rates))
    return {
        "bv_tv": fraction,
        "tb_th_mm": fraction / number,
        "tb_sp_mm": (1.0 - fraction) / number,
        "tb_n_per_mm": number,
    }


def _in_plane(spacing: tuple[float, float, float]) -> list[int]:
    """The two axes along which voxels are small."""
    return [axis for axis in range(3) if axis != int(np.argmax(spacing))]


def _summary(rows: list[dict[str, str]]) -> None:
    """Medians by scan and way of reading, and ratios to the truth of the same box."""
    truth = {(r["knee"], r["patch"]): r for r in rows if r["scan"] == TRUTH}
    for name, read in dict.fromkeys((r["scan"], r["read"]) for r in rows):
        own = [r for r in rows if (r["scan"], r["read"]) == (name, read)]
        values = {k: np.median([float(r[k]) for r in own]) for k in KEYS}
        ratios = {k: np.median([float(r[k]) / float(truth[r["knee"], r["patch"]][k]) for r in own]) for k in KEYS}
        shown = "  ".join(f"{k} {values[k]:.3f} ({ratios[k]:.2f}x)" for k in KEYS)
        print(f"{name:10s} {read:8s} n={len(own)}  {shown}")
    ct = [r for r in rows if (r["scan"], r["read"]) == (CT, OTSU)]
    true = [float(truth[r["knee"], r["patch"]]["bv_tv"]) for r in ct]
    slope, offset = np.polyfit(true, [float(r["mean"]) for r in ct], 1)
    expected = ", ".join(f"{offset + slope * fraction:.0f}" for fraction in (0.2, 0.3, 0.4))
    print(f"CT: {offset:.0f} HU + {slope:.0f} HU x BV/TV; at 0.2, 0.3 and 0.4: {expected} HU")


if __name__ == "__main__":
    main()
