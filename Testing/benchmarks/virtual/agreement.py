"""Trabecular bone of virtual knees beside the values that they are drawn after, measured as users would.

Tolerances were set before any result was seen: means within one standard deviation between subjects, standard
deviations within 30 %, correlations within 0.2, and variation within a knee of 15 to 25 % of the mean. Knees are drawn
as in a cohort but for their stage. All have the bones of one shape, which has no part in what is measured.

Two tables: ``regions.csv``, what was measured by knee and compartment, and ``regions_agreement.csv``, every tolerance
with its verdict. With few knees a standard deviation is uncertain itself, by the share that the table gives.

Usage::

    python -m Testing.benchmarks.virtual.agreement [--quick] [--knees N]
"""

from __future__ import annotations

import argparse
import csv
import functools
from collections.abc import Sized
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, Compartment
from CTSMALib.morphometry.trabecular.bone_image import from_fraction
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.virtual.bones.make_shape import knee_shape
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.material.bone_material import BoneMaterial
from CTSMALib.virtual.material.lattice import spanned
from CTSMALib.virtual.material.make_material import bone_material
from CTSMALib.virtual.material.regions import Regions, regions_of
from CTSMALib.virtual.microstructure.structure import GridBox, box_around
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.virtual.spec import LATERAL, MEDIAL, KneeSpec
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.virtual.published import CORRELATIONS, PUBLISHED, QUANTITIES

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
# Stage to the grades it is drawn from and the worse compartment.
STAGES = {
    "KL0-1": ((0, 1), None),
    "KL2 medial": ((2,), MEDIAL),
    "KL3 medial": ((3,), MEDIAL),
    "KL4 medial": ((4,), MEDIAL),
    "KL4 lateral": ((4,), LATERAL),
}
FIRST_SEED, SHAPE_SEED, LATTICE_MM = 7000, 1, 0.9
TOP_MM = 5.0  # under the plate
# Shares of a compartment's width and length: places of boxes whose structure is measured, and of larger ones whose
# bone fraction alone is.
MEASURED_AT = ((0.2, 0.3), (0.75, 0.75))
MEASURED_EDGE_MM, MEASURED_VOXEL_MM = 4.5, 0.06
PATCHES_AT = ((0.25, 0.2), (0.75, 0.2), (0.25, 0.5), (0.75, 0.5), (0.25, 0.8), (0.75, 0.8))
PATCH_EDGE_MM, PATCH_VOXEL_MM = 7.0, 0.12
LEAST_SHARE = 0.2  # of a box must count: the others lie in a cyst
WITHIN = (0.15, 0.25)
SD_TOLERANCE, CORRELATION_TOLERANCE = 0.30, 0.20
OPTIONS = MeasureOptions(denoise=False, maps=False)
TRABECULAR = ("tb_th_mm", "tb_sp_mm", "tb_n_per_mm")
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two knees of each stage")
    parser.add_argument("--knees", type=int, default=10, help="knees of each stage")
    arguments = parser.parse_args()
    prefix, count = ("quick_", 2) if arguments.quick else ("", arguments.knees)
    settings = {
        "generator": GENERATOR,
        "first_seed": FIRST_SEED,
        "voxel_mm": MEASURED_VOXEL_MM,
        "edge_mm": MEASURED_EDGE_MM,
    }
    table = ResultTable(RESULTS / f"{prefix}regions.csv", ("stage", "seed"), CODE, **settings)
    shape = knee_shape(draw_spec(SHAPE_SEED, 0, "right", ("knee1",)), LATTICE_MM)
    regions = {b: regions_of(shape.bones[b].bone, shape.bones[b].depth, shape.extents[b]) for b in ("femur", "tibia")}
    for number, stage in product(range(count), STAGES):
        spec = _spec(stage, number)
        if not table.holds(stage=stage, seed=spec.seed):
            materials = {bone: bone_material(shape.bones[bone], shape, spec) for bone in regions}
            table.add([_region(spec, stage, c, shape, regions, materials[c.bone.name]) for c in COMPARTMENTS])
    rows = table.rows
    verdicts = [v for key in PUBLISHED for v in _compared(rows, *key)] + _correlations(rows) + _within(rows)
    _write(RESULTS / f"{prefix}regions_agreement.csv", verdicts)


@functools.cache
def _spec(stage: str, number: int) -> KneeSpec:
    """A knee of a stage, by its number."""
    grades, worse = STAGES[stage]
    seed = FIRST_SEED + 1000 * list(STAGES).index(stage) if number == 0 else _spec(stage, number - 1).seed + 1
    while worse not in (None, draw_spec(seed, grades[seed % len(grades)]).worse):
        seed += 1
    return draw_spec(seed, grades[seed % len(grades)])


def _region(
    spec: KneeSpec, stage: str, part: Compartment, shape: KneeShape, regions: dict[str, Regions], made: BoneMaterial
) -> Row:
    """What is measured of one compartment: means over its boxes, and the variation of its patches."""
    region = regions[part.bone.name]
    place = functools.partial(_box, part, shape, made)
    boxes = [_measured(place(at, MEASURED_EDGE_MM, MEASURED_VOXEL_MM), region, made) for at in MEASURED_AT]
    patches = [_bone_fraction(place(at, PATCH_EDGE_MM, PATCH_VOXEL_MM), region, made) for at in PATCHES_AT]
    return {
        "stage": stage,
        "seed": spec.seed,
        "compartment": part.key,
        "grade": spec.grade,
        "family": spec.family,
        "age": spec.age_years,
        "asked_bv_tv": spec.bone_fraction[part.key],
        "asked_tb_n_per_mm": spec.number_per_mm[part.key],
        "asked_plate_mm": spec.plate_mm[part.key],
        "bv_tv": float(np.nanmean(patches)),
        "patches_sd": float(np.nanstd(patches, ddof=1)),
        "boxes_bv_tv": float(np.nanmean([box["bv_tv"] for box in boxes])),
        **{name: float(np.nanmean([box[name] for box in boxes])) for name in TRABECULAR},
        "plate_mm": _plate(part, shape, region, made),
    }


def _box(
    part: Compartment, shape: KneeShape, made: BoneMaterial, at: tuple[float, float], edge: float, voxel: float
) -> GridBox:
    """A box that reaches from the plate into the bone, at shares of the compartment's width and length."""
    outline, extent, depth = OUTLINES[part.key], shape.extents[part.bone.name], shape.bones[part.bone.name].depth
    anterior = outline.anterior - at[1] * (outline.anterior - outline.posterior)
    inner, outer = (float(limit) for limit in outline.limits_at(np.array(anterior)))
    own = inner + at[0] * (outer - inner)
    x, y = extent.position_mm(own if part.lateral else -own, anterior)
    z = np.arange(-40.0, 40.0, 0.1)
    inside = z[depth.at(np.column_stack([np.full(len(z), x), np.full(len(z), y), z])) > 0.0]
    femoral = part.bone is FEMUR
    middle = (inside[0] + TOP_MM / 2) if femoral else (inside[-1] - TOP_MM / 2)
    return box_around((float(middle), float(y), float(x)), edge, voxel)


def _top(box: GridBox, region: Regions, made: BoneMaterial) -> NDArray[np.bool_]:
    """The voxels of a box that lie 0 to 5 mm under the plate, without cysts."""
    below = spanned(made.shell_mm.like(region.below_mm - made.shell_mm.values), box.axes())
    cyst = spanned(made.shell_mm.like((made.marrow.values == int(Tissue.FLUID)).astype(np.float32)), box.axes())
    return (below > 0.0) & (below <= TOP_MM) & (cyst < 0.5)


def _measured(box: GridBox, region: Regions, made: BoneMaterial) -> dict[str, float]:
    """Trabecular morphometry; bone goes on beyond the region, so that its border cuts nothing."""
    top = _top(box, region, made)
    if top.mean() < LEAST_SHARE:
        return dict.fromkeys(("bv_tv", *TRABECULAR), float("nan"))
    image = from_fraction(made.structure.fraction(box), box.spacing_mm, top)
    values = measure(image, options=OPTIONS).regions[0].values
    return {name: float(values[name].value) for name in ("bv_tv", *TRABECULAR)}


def _bone_fraction(box: GridBox, region: Regions, made: BoneMaterial) -> float:
    top = _top(box, region, made)
    return float(made.structure.fraction(box)[top].mean()) if top.mean() > LEAST_SHARE else float("nan")


def _plate(part: Compartment, shape: KneeShape, region: Regions, made: BoneMaterial) -> float:
    """Mean thickness over the compartment's surface."""
    depth = shape.bones[part.bone.name].depth.values
    surface = (np.abs(depth) < LATTICE_MM) & (region.articular > 0.5) & (region.centrality[part.key] > 0.0)[None]
    return float(made.shell_mm.values[surface].mean())


def _column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    return np.array([float(row[name]) for row in rows])


def _compared(rows: list[dict[str, str]], key: str, stage: str) -> list[Row]:
    """Means and standard deviations of one compartment and stage."""
    mine = [row for row in rows if row["compartment"] == key and row["stage"] == stage]
    verdicts: list[Row] = []
    for name in QUANTITIES:
        found, wanted = _column(mine, name), PUBLISHED[key, stage][name]
        mean, sd = float(found.mean()), float(found.std(ddof=1))
        verdicts.append(
            _verdict(f"{key} {stage}", name, "mean", mean, wanted.mean, wanted.sd, wanted.sd / len(mine) ** 0.5, mine)
        )
        if wanted.sd_given:
            unsure = wanted.sd / (2.0 * (len(mine) - 1)) ** 0.5
            verdicts.append(
                _verdict(f"{key} {stage}", name, "sd", sd, wanted.sd, SD_TOLERANCE * wanted.sd, unsure, mine)
            )
    return verdicts


def _correlations(rows: list[dict[str, str]]) -> list[Row]:
    """Between people of one stage and in one compartment, all of them together, by their deviations from the mean."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["compartment"], row["stage"]), []).append(row)

    def deviations(name: str) -> NDArray[np.float64]:
        parts = [_column(group, name) for group in groups.values()]
        return np.concatenate([(part - part.mean()) / part.std(ddof=1) for part in parts])

    verdicts = []
    for name, wanted in CORRELATIONS.items():
        found = float(np.corrcoef(deviations("boxes_bv_tv"), deviations(name))[0, 1])
        unsure = (1.0 - wanted**2) / len(rows) ** 0.5
        verdicts.append(_verdict("all", f"bv_tv and {name}", "r", found, wanted, CORRELATION_TOLERANCE, unsure, rows))
    return verdicts


def _within(rows: list[dict[str, str]]) -> list[Row]:
    """Variation of patches within a knee, relative to their mean: of all its patches, and within its compartments."""
    knees: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        knees.setdefault(row["seed"], []).append(row)
    knee, healthy, compartment = [], [], []
    for parts in knees.values():
        means, sds = _column(parts, "bv_tv"), _column(parts, "patches_sd")
        inner = float(np.mean(sds**2))
        compartment.append(float(np.mean(sds / means)))
        knee.append((inner + float(np.var(means, ddof=0))) ** 0.5 / float(means.mean()))
        healthy += knee[-1:] if int(parts[0]["grade"]) < 2 else []
    middle, half = (WITHIN[0] + WITHIN[1]) / 2, (WITHIN[1] - WITHIN[0]) / 2
    return [
        _verdict(
            "all", f"bv_tv, {what}", "sd/mean", float(np.mean(v)), middle, half, float(np.std(v)) / len(v) ** 0.5, v
        )
        for what, v in (
            ("within a compartment", compartment),
            ("within a knee of KL0-1", healthy),
            ("within a knee of any stage", knee),
        )
    ]


def _verdict(
    where: str, what: str, of: str, found: float, wanted: float, tolerance: float, unsure: float, n: Sized
) -> Row:
    return {
        "where": where,
        "quantity": what,
        "of": of,
        "n": len(n),
        "found": found,
        "wanted": wanted,
        "tolerance": tolerance,
        "standard_error": unsure,
        "within": "yes" if abs(found - wanted) <= tolerance else "no",
    }


def _write(path: Path, verdicts: list[Row]) -> None:
    """Write the table, and print what is not within tolerance."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(verdicts[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([{k: f"{v:.3f}" if isinstance(v, float) else v for k, v in row.items()} for row in verdicts])
    for row in verdicts:
        shown = {name: f"{value:.3f}" if isinstance(value, float) else value for name, value in row.items()}
        print("{within:>3}  {where} {quantity} {of}: {found}, wanted {wanted} +- {tolerance}".format(**shown))
    print(f"{sum(row['within'] == 'yes' for row in verdicts)} of {len(verdicts)} within tolerance")


if __name__ == "__main__":
    main()
