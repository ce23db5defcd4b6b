"""How much of the coil's sensitivity is made up for: the marrow surface beside N4, on whole virtual BFFE.

The sensitivity is known. At every patch of the learning grid the signal of pure marrow, or the field of N4, is divided
by the true sensitivity there. Its standard deviation over the patches, relative, is the error that a bone volume
fraction gets, times 1 - BV/TV. N4 gets a mask of the trabecular bone and the usual settings of SimpleITK, on voxels of
about 1 mm.

Usage::

    python -m Testing.benchmarks.apparent.coil [--knees N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.analysis.mr_levels import measure_levels
from CTSMALib.anatomy.given_bones import given_bones
from CTSMALib.anatomy.grids import labels_on, lps_to_index
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.virtual.body.acquisition import Scan, draw_acquisition
from CTSMALib.virtual.body.knee import virtual_knee
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.body.trabeculae import grow_trabeculae
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.coil import CoilField
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/apparent",)
FIRST_SEED = 12_200
RANGES = {"as drawn": None, "bias 30 %": 0.6}
SHRINK = (4, 4, 1)
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=3)
    table = ResultTable(RESULTS / "coil.csv", ("knee",), CODE, generator=GENERATOR, first_seed=FIRST_SEED)
    for number in range(parser.parse_args().knees):
        if not table.holds(knee=number):
            rows = list(_knee(number))
            table.add(rows)
            print(*rows, sep="\n", flush=True)


def _knee(number: int) -> Iterator[dict[str, object]]:
    knee = virtual_knee(draw_spec(FIRST_SEED + number, grade=number % 5))
    drawn = draw_acquisition(knee).mr["bffe"]
    assert isinstance(drawn.protocol, MRProtocol)
    grown = grow_trabeculae(knee, ("femur", "tibia"), None, drawn.protocol.broadening_mm)
    labels = given_bones(labels_of(knee, drawn))
    for name, range_ in RANGES.items():
        protocol = drawn.protocol if range_ is None else replace(drawn.protocol, bias_range=range_)
        scan = replace(drawn, protocol=protocol)
        image = image_of(tissue_of(knee, scan, grown), scan)
        anatomy = find_anatomy(image, find_knees(labels.as_ct)[0], given=labels)
        centers = np.array([p.center_lps_mm for p in anatomy.learning])
        true = _sensitivity(scan, image, centers)
        for method, read in {"none": _even, "marrow surface": _surface, "N4": _n4}.items():
            start = time.process_time()
            found = read(image, anatomy, centers) / true
            yield {
                "knee": number, "coil": name, "method": method, "patches": len(centers),
                "error": float(found.std() / found.mean()), "true_sd": float(true.std() / true.mean()),
                "cpu_s": f"{time.process_time() - start:.1f}",
            }  # fmt: skip


def _sensitivity(scan: Scan, image: sitk.Image, points_mm: Floats) -> Floats:
    """True sensitivity at points, as the scanner of virtual knees makes it."""
    assert isinstance(scan.protocol, MRProtocol)
    along = 2 - int(np.abs(np.reshape(scan.grid.direction, (3, 3))[2]).argmax())
    field = CoilField.of(scan.seed, scan.protocol.bias_range, scan.grid.size[::-1], along)
    index = np.rint(lps_to_index(image, points_mm)).astype(int)
    return np.array([float(field.factor(tuple((int(i), int(i) + 1) for i in place)).ravel()[0]) for place in index])


def _even(image: sitk.Image, anatomy: KneeAnatomy, points_mm: Floats) -> Floats:
    return np.ones(len(points_mm))


def _surface(image: sitk.Image, anatomy: KneeAnatomy, points_mm: Floats) -> Floats:
    return measure_levels(image, anatomy).marrow.at(points_mm)


def _n4(image: sitk.Image, anatomy: KneeAnatomy, points_mm: Floats) -> Floats:
    mask = sitk.Shrink(labels_on(anatomy.trabecular, anatomy.scan), SHRINK)
    signal = sitk.Shrink(sitk.Cast(anatomy.scan, sitk.sitkFloat32), SHRINK)
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.Execute(signal, mask)
    field = n4.GetLogBiasFieldAsImage(anatomy.scan)
    index = np.rint(lps_to_index(anatomy.scan, points_mm)).astype(int)
    values = sitk.GetArrayViewFromImage(field)
    return np.exp(np.array([float(values[tuple(np.clip(place, 0, np.array(values.shape) - 1))]) for place in index]))


if __name__ == "__main__":
    main()
