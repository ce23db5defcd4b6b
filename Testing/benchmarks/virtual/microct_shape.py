"""The shape of virtual trabecular structure beside real micro-CT: power spectrum, and spread of local diameters.

There are three real specimens (n = 3). Each is cut into as many cubes of 3.9 mm as fit, since the smallest is no
larger: 1 of ``lhdl_3155``, 2 of ``bonebox_0`` and 8 of ``bonebox_1``. Beside them stand three cubes each of 16 virtual
knees, 8 of either family of structure, at places where the knee is to have the bone fraction of each specimen, as
nearly as it offers that. Trabecular number is not matched: knees have more trabeculae than these specimens. Real and
virtual bone are brought to voxels of 0.05 mm that are bone or marrow, and take the same way from there.

Specimens ``bonebox_0`` and ``bonebox_1`` are what the knees of the family ``specimen`` are built from: that these agree
is no evidence. All three were looked at when the parameters of the family ``field`` were chosen.

Everything is measured in each cube and averaged over the cubes of a specimen or knee. A family keeps a tolerance if the
mean of its knees does; a distance, if the mean over all pairs of a knee and a specimen does. **Tolerances were set
before any result was seen**; they begin at what the three specimens themselves span. Below 0.5 cycles per mm cubes of
this size resolve nothing: the window smears so far.

Two tables of what was measured, ``microct_spectra.csv`` and ``microct_diameters.csv``, and every tolerance with its
verdict, ``microct_shape.csv``.

Usage::

    python -m Testing.benchmarks.virtual.microct_shape --data FOLDER [--quick] [--figure FILE]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary
from CTSMALib.morphometry.trabecular.cleaning import clean
from CTSMALib.morphometry.trabecular.local_thickness import thickness_maps
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual import microct_boxes
from Testing.benchmarks.virtual.microct_boxes import EDGE_MM, FIELD, FIRST_SEED, LHDL, SPECIMEN, VOXEL_MM, Bone
from Testing.benchmarks.virtual.microct_figure import draw
from Testing.benchmarks.virtual.structure_shape import (
    Floats,
    histogram_over_mean,
    power_spectrum,
    rms_log10,
    spread_of,
    wasserstein,
)

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
REAL, QUANTITIES = "micro-CT", ("tb_th", "tb_sp")
KNEES = 8  # of each family
# How far means may lie beyond the range of the specimens, as a share of its ends: trabecular number of knees differs
# from theirs, and frequencies and their width follow it.
SHARES = {"centroid": 0.25, "width": 0.25}
# The same in the unit of the number itself. Slope: -4 is that of any sharp surface, so half of one is much. Skewness:
# its scatter between cubes of this size. The others are in units of the mean: a tenth of a diameter is a tenth of a
# trabecula, one or two voxels at most.
BEYOND = {"slope": 0.5, "cv": 0.1, "skewness": 0.5, "p5": 0.1, "p50": 0.1, "p95": 0.1}
# How much larger than the largest distance among the specimens the mean distance of knees from them may be.
FARTHER = {
    "rms_log10": 0.1,  # a quarter of the power
    "rms_log10_scaled": 0.1,
    "wasserstein": 0.05,  # of the mean diameter
}
UNJUDGED = ("bv_tv", "peak", "mean_mm")  # matched; jumps from step to step; follows the trabecular number
Row = dict[str, object]
Text = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the micro-CT")
    parser.add_argument("--quick", action="store_true", help="two knees of either family; kept apart")
    parser.add_argument("--figure", type=Path, help="picture to draw from the results")
    options = parser.parse_args()
    prefix = "quick_" if options.quick else ""
    settings = {"generator": GENERATOR, "first_seed": FIRST_SEED, "voxel_mm": VOXEL_MM, "edge_mm": EDGE_MM}
    keys = ("group", "subject")
    spectra = ResultTable(RESULTS / f"{prefix}microct_spectra.csv", keys, CODE, **settings)
    diameters = ResultTable(RESULTS / f"{prefix}microct_diameters.csv", (*keys, "quantity"), CODE, **settings)
    _measure_all(spectra, diameters, options.data, 2 if options.quick else KNEES)
    verdicts = _of_spectra(spectra.rows) + [v for name in QUANTITIES for v in _of_diameters(diameters.rows, name)]
    _write(RESULTS / f"{prefix}microct_shape.csv", verdicts)
    if options.figure:
        draw(spectra.rows, diameters.rows, options.figure)


def _measure_all(spectra: ResultTable, diameters: ResultTable, data: Path, count: int) -> None:
    """Measure the specimens, then the knees; what the tables hold is not done again."""
    real = microct_boxes.real_boxes(data)
    for name, boxes in real.items():
        _measure(spectra, diameters, {"group": REAL, "subject": name, "built_from": ""}, boxes)
    fractions = sorted(float(np.mean(boxes)) for boxes in real.values())
    shape = microct_boxes.one_shape()
    for family, specs in microct_boxes.knees(count).items():
        for spec in specs:
            key = {"group": family, "subject": spec.seed, "built_from": "" if family == FIELD else spec.family}
            if not diameters.holds(subject=spec.seed):
                _measure(spectra, diameters, key, microct_boxes.virtual_boxes(spec, shape, fractions))


def _measure(spectra: ResultTable, diameters: ResultTable, key: Row, boxes: list[Bone]) -> None:
    """Add the means over the boxes of one subject."""
    if diameters.holds(subject=key["subject"]):
        return
    cleaned = [clean(from_binary(box, VOXEL_MM)) for box in boxes]
    key = {**key, "boxes": len(boxes)}
    if not spectra.holds(subject=key["subject"]):
        found = [power_spectrum(image.bone, VOXEL_MM) for image in cleaned]
        numbers = {name: float(np.mean([getattr(s, name) for s in found])) for name in ("centroid", "peak", "width")}
        slope = float(np.mean([s.slope for s in found]))
        curves = {"density": [s.density for s in found], "scaled": [s.scaled for s in found]}
        bone = float(np.mean([image.bone for image in cleaned]))
        spectra.add([{**key, "bv_tv": bone, **numbers, "slope": slope, **_means(curves)}])
    diameters.add(_diameters(key, cleaned))
    print(*key.values(), flush=True)


def _diameters(key: Row, cleaned: list[BoneImage]) -> list[Row]:
    maps = [thickness_maps(image) for image in cleaned]
    rows = []
    for quantity, own in zip(QUANTITIES, zip(*maps, strict=True), strict=True):
        values: list[NDArray[np.float32]] = [part[np.isfinite(part)] for part in own]
        spreads = [spread_of(part) for part in values]
        means = {name: float(np.mean([spread[name] for spread in spreads])) for name in spreads[0]}
        rows.append(
            {**key, "quantity": quantity, **means, **_means({"shares": [histogram_over_mean(p) for p in values]})}
        )
    return rows


def _means(curves: dict[str, list[Floats]]) -> Text:
    """Mean curves, as numbers with spaces between them."""
    return {name: " ".join(f"{v:.4g}" for v in np.mean(parts, axis=0)) for name, parts in curves.items()}


def curve(row: Text, name: str) -> Floats:
    """A curve of a table."""
    return np.array(row[name].split(), float)


def _of_spectra(rows: list[Text]) -> list[Row]:
    verdicts = _numbers(rows, "spectrum", ("bv_tv", "centroid", "peak", "width", "slope"))
    return verdicts + [
        v for name, of in (("rms_log10", "density"), ("rms_log10_scaled", "scaled")) for v in _distances(rows, name, of)
    ]


def _of_diameters(rows: list[Text], quantity: str) -> list[Row]:
    own = [row for row in rows if row["quantity"] == quantity]
    names = ("mean_mm", "cv", "skewness", "p5", "p50", "p95")
    return _numbers(own, quantity, names) + _distances(own, "wasserstein", "shares", quantity)


def _numbers(rows: list[Text], what: str, names: Iterable[str]) -> list[Row]:
    """Means of the knees of a family beside the range of the specimens."""
    verdicts = []
    for name, family in product(names, (FIELD, SPECIMEN)):
        real, made = (np.array([float(r[name]) for r in rows if r["group"] == g]) for g in (REAL, family))
        low, high = float(real.min()), float(real.max())
        share, beyond = SHARES.get(name, 0.0), BEYOND.get(name, 0.0)
        limits = (low - share * abs(low) - beyond, high + share * abs(high) + beyond)
        verdicts.append(_verdict(family, what, name, made, (low, high), limits, ""))
    return verdicts


def _distances(rows: list[Text], name: str, of: str, what: str = "spectrum") -> list[Row]:
    """Mean distance of each knee from the specimens, beside the distances of these from each other."""
    between = wasserstein if name == "wasserstein" else rms_log10
    curves = {g: {r["subject"]: curve(r, of) for r in rows if r["group"] == g} for g in (REAL, FIELD, SPECIMEN)}
    real = curves[REAL]
    among = [between(a, b) for a, b in combinations(real.values(), 2)]
    verdicts = []
    for family in (FIELD, SPECIMEN):
        made = np.array([np.mean([between(own, other) for other in real.values()]) for own in curves[family].values()])
        to_lhdl = float(np.mean([between(own, real[LHDL]) for own in curves[family].values()]))
        limits = (0.0, max(among) + FARTHER[name])
        verdicts.append(_verdict(family, what, name, made, (min(among), max(among)), limits, f"{to_lhdl:.3f}"))
    return verdicts


def _verdict(
    family: str,
    what: str,
    of: str,
    made: Floats,
    real: tuple[float, float],
    limits: tuple[float, float],
    to_lhdl: str,
) -> Row:
    found = float(made.mean())
    judged = of not in UNJUDGED
    return {
        "family": family,
        "quantity": what,
        "of": of,
        "n": len(made),
        "found": found,
        "sd": float(made.std(ddof=1)),
        "real_low": real[0],
        "real_high": real[1],
        "least": limits[0] if judged else "",
        "most": limits[1] if judged else "",
        "within": ("yes" if limits[0] <= found <= limits[1] else "no") if judged else "",
        "to_lhdl": to_lhdl,
    }


def _write(path: Path, verdicts: list[Row]) -> None:
    """Write the verdicts, and print them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(verdicts[0]), lineterminator="\n")
        writer.writeheader()
        rows = [{k: f"{v:.3f}" if isinstance(v, float) else v for k, v in row.items()} for row in verdicts]
        writer.writerows(rows)
    for row in rows:
        print("{within:>3}  {family} {quantity} {of}: {found} +- {sd}, real {real_low} to {real_high}".format(**row))
    judged = [row for row in rows if row["within"]]
    print(f"{sum(row['within'] == 'yes' for row in judged)} of {len(judged)} within tolerance")


if __name__ == "__main__":
    main()
