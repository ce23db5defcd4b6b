"""CT numbers of the tissues of virtual knees, at 120 kVp, beside the ranges that are published for it.

Of each tissue those voxels count whose surroundings within 1 mm are of the same tissue and free of bone; of cortex
all that is solid. Means are over knees that are drawn as in a population, each with its own protocol and drift, but at
this voltage. Ranges were written down before looking; those that the literature notes gave without a source are marked
"memory".

Usage (two minutes)::

    python -m Testing.benchmarks.virtual.tissue_hu [--knees 8]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.virtual.body.acquisition import TO_REGISTER, draw_acquisition
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.knee import COARSE, virtual_knee
from CTSMALib.virtual.body.scans import image_of, tissue_of
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
FIRST_SEED, KVP = 905_000, 120
AROUND_MM, SOLID = 1.0, 0.8
CORTEX = "cortex"
# tissue to lowest and highest CT number, and where the range is from
WANTED: dict[str, tuple[float, float, str]] = {
    "air": (-1024.0, -975.0, "published"), "fat": (-100.0, -50.0, "published"), "muscle": (40.0, 80.0, "published"),
    CORTEX: (400.0, 1000.0, "published"), "marrow": (-80.0, -20.0, "memory"), "cartilage": (70.0, 120.0, "memory"),
    "tendon": (70.0, 110.0, "memory"), "fluid": (0.0, 20.0, "memory"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=8)
    options = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in WANTED}
    for number in range(options.knees):
        for name, value in _measured(FIRST_SEED + number).items():
            found[name].append(value)
        print(f"{number + 1} of {options.knees}", flush=True)
    table = ResultTable(RESULTS / "tissue_hu.csv", ("tissue",), (), generator=GENERATOR, knees=options.knees)
    table.rows.clear()
    for name, (low, high, source) in WANTED.items():
        values = np.array(found[name])
        mean = float(values.mean()) if len(values) else float("nan")
        sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        row = {"tissue": name, "knees": len(values), "mean_hu": mean, "sd_hu": sd, "low": low, "high": high}
        table.add([{**row, "source": source, "kept": "yes" if low <= mean <= high else "no"}])
        print(table.rows[-1])


def _measured(seed: int) -> dict[str, float]:
    """Tissue to its mean CT number in one knee, for those that it has enough of."""
    knee = virtual_knee(draw_spec(seed), COARSE)
    scan = draw_acquisition(knee, coverage=TO_REGISTER).ct
    scan = replace(scan, protocol=replace(scan.protocol, kvp=KVP))
    hu = sitk.GetArrayFromImage(image_of(tissue_of(knee, scan), scan)).astype(float)
    everything = tuple(slice(0, n) for n in hu.shape)
    bone, label = BodyTissue(scan.grid, knee, scan.pose).part(everything)  # type: ignore[arg-type]
    spacing = scan.grid.spacing_mm[::-1]
    reach = [max(1, round(AROUND_MM / edge)) for edge in spacing]
    widths = [2 * n + 1 for n in reach]
    free = ndimage.maximum_filter(bone, widths) < 0.01
    alike = (ndimage.minimum_filter(label, widths) == label) & (ndimage.maximum_filter(label, widths) == label)
    found = {}
    for name in WANTED:
        where = bone > SOLID if name == CORTEX else free & alike & (label == Tissue[name.upper()])
        if where.sum() >= 50:
            found[name] = float(hu[where].mean())
    return found


if __name__ == "__main__":
    main()
