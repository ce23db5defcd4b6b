"""Virtual trabecular structure beside real micro-CT, and how fine it must be sampled for its truth to be known.

Two tables. ``agreement``: the morphometry of each specimen, and of structures of the ``field`` family with the same
bone volume fraction and trabecular number, over a grid of the family's other parameters, which was set beforehand.
``spacing``: the same thin structures at 0.025, 0.05 (as the truth of virtual knees), 0.06 and 0.1 mm.

Usage::

    python -m Testing.benchmarks.virtual.microstructure [--quick]
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np

from CTSMALib.morphometry.trabecular.bone_image import from_fraction
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.virtual.microstructure.families import Family, field_family
from CTSMALib.virtual.microstructure.specimens import SPECIMENS, specimen_values
from CTSMALib.virtual.microstructure.structure import Microstructure, box_around
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
QUANTITIES = (
    "bv_tv",
    "tb_th_mm",
    "tb_th_sd_mm",
    "tb_sp_mm",
    "tb_sp_sd_mm",
    "tb_n_per_mm",
    "bs_bv_per_mm",
    "da_norm",
    "smi",
    "conn_d_per_mm3",
)
RODNESS, BANDWIDTH, STRETCH = (0.05, 0.2, 0.5), (0.2, 0.35, 0.55), (1.3, 1.8)
NUMBER_OF_A_WAVE = 1.35  # trabecular number times wavelength of the field family, about
EDGE_MM, VOXEL_MM, SEED = 7.0, 0.06, 11
THIN = {"bone": (0.10, 0.16), "wave_mm": (1.0, 1.2)}  # the thinnest class: Tb.Th of about 0.14 mm
THIN_EDGE_MM, THIN_VOXELS_MM = 4.0, (0.025, 0.05, 0.06, 0.1)
OPTIONS = MeasureOptions(denoise=False, maps=False)
Values = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one specimen and two thin structures")
    quick = parser.parse_args().quick
    prefix = "quick_" if quick else ""
    _agreement(RESULTS / f"{prefix}agreement.csv", SPECIMENS[:1] if quick else SPECIMENS)
    _spacing(RESULTS / f"{prefix}spacing.csv", 2 if quick else 50)


def _agreement(path: Path, names: tuple[str, ...]) -> None:
    keys = ("specimen", "structure", "rodness", "bandwidth", "stretch")
    table = ResultTable(path, keys, CODE, generator=GENERATOR, seed=SEED, edge_mm=EDGE_MM, voxel_mm=VOXEL_MM)
    for name in names:
        real = specimen_values(name)
        if not table.holds(specimen=name, structure="micro-CT"):
            row = {"specimen": name, "structure": "micro-CT", "rodness": "", "bandwidth": "", "stretch": ""}
            table.add([{**row, **{key: float(real[key]) for key in QUANTITIES}, "distance": ""}])
        for rodness, bandwidth, stretch in product(RODNESS, BANDWIDTH, STRETCH):
            work = {"rodness": rodness, "bandwidth": bandwidth, "stretch": stretch}
            shown = {key: f"{value:.3f}" for key, value in work.items()}
            if not table.holds(specimen=name, structure="field", **shown):
                values = _like(real, field_family(SEED, **work))
                row = {"specimen": name, "structure": "field", **work}
                table.add([{**row, **values, "distance": _distance(values, real)}])


def _like(real: Values, family: Family) -> Values:
    """A structure with the bone volume fraction and, after one correction, the trabecular number of a specimen."""
    wave = NUMBER_OF_A_WAVE / real["tb_n_per_mm"]
    first = _measured(family, real["bv_tv"], wave, (9.0, 9.0, 9.0), EDGE_MM, VOXEL_MM)
    wave *= first["tb_n_per_mm"] / real["tb_n_per_mm"]
    return _measured(family, real["bv_tv"], wave, (9.0, 9.0, 9.0), EDGE_MM, VOXEL_MM)


def _distance(values: Values, real: Values) -> float:
    """Root mean square of the relative differences."""
    return float(np.sqrt(np.mean([(values[key] / real[key] - 1.0) ** 2 for key in QUANTITIES])))


def _spacing(path: Path, count: int) -> None:
    table = ResultTable(path, ("structure", "voxel_mm"), CODE, generator=GENERATOR, seed=SEED, edge_mm=THIN_EDGE_MM)
    family = field_family(SEED, 0.25, 0.45, 1.6)
    rng = np.random.default_rng(SEED)
    for index in range(count):
        center = tuple(rng.uniform(0.0, 20.0, 3))
        bone, wave = rng.uniform(*THIN["bone"]), rng.uniform(*THIN["wave_mm"])
        if not table.holds(structure=index):
            table.add(
                [
                    {
                        "structure": index,
                        "voxel_mm": voxel,
                        **_measured(family, bone, wave, center, THIN_EDGE_MM, voxel),
                    }
                    for voxel in THIN_VOXELS_MM
                ]
            )


def _measured(
    family: Family, bone: float, wave_mm: float, center: tuple[float, ...], edge_mm: float, voxel_mm: float
) -> Values:
    structure = Microstructure(
        family,
        lambda axes: tuple(values / wave_mm for values in axes),
        lambda axes: np.full(tuple(len(values) for values in axes), bone, np.float32),
    )
    fraction = structure.fraction(box_around(center, edge_mm, voxel_mm))
    values = measure(from_fraction(fraction, voxel_mm), options=OPTIONS).regions[0].values
    return {key: values[key].value for key in QUANTITIES}


if __name__ == "__main__":
    main()
