"""Real MRs: what the network makes of them, against the CT of the same knee where there is one.

Pairs of the collection Soft-tissue-Sarcoma (CC BY 3.0): T1 with slices of 3.3 mm, resampled to the CT by the authors of
the collection and aligned by them to about 2 mm. ``mese``: both echoes of a sagittal spin echo of the mskt package
(MIT), slices of 4 mm, without a CT. None is a BFFE: no real one was available.

Bones of the MR are compared with those of the CT, found by the analysis of the CT, twice: as the scans were given
(``given``) and after a registration led by the MR alone (``registered``; only bones that did not fail there). Dice and
mean symmetric surface distance (mm) count what both scans see. ``soft_mae_hu`` and ``bone_mae_hu`` compare the
synthetic CT, smoothed to the slices of the pair, with the CT in its own place; the CT has noise of its own.

Usage::

    python -m Testing.benchmarks.synthesis.real --data DIR [--model DIR] [--pictures DIR]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.errors import CTSMAError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.record import FAILED
from CTSMALib.registration.register import register
from CTSMALib.registration.review.bone_overlap import bone_overlap
from CTSMALib.report.figures.synthesis import synthesis_figure
from CTSMALib.synthesis.model import TASK, SynthesisModel, load_model
from CTSMALib.synthesis.synthesize import synthesize
from CTSMALib.synthesis.synthetic_knee import SyntheticKnee
from CTSMALib.volumes import read_mr, read_scan
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.registration.real_pairs import BY_THRESHOLD, PAIRS, by_threshold
from Testing.benchmarks.synthesis.held_out import RESULTS, errors

CODE = ("CTSMA/CTSMALib/synthesis", "CTSMA/CTSMALib/registration")
ALONE = {
    "mese 6.3 ms": "pymskt_knee_mese_mr/MESE_TE6.3ms.nii.gz",
    "mese 25.2 ms": "pymskt_knee_mese_mr/MESE_TE25.2ms.nii.gz",
}
GIVEN, REGISTERED = "given", "registered"
COLUMNS = ("mr", "place", "bone", "dice", "assd_mm", "compared", "volume_ml", "soft_mae_hu", "bone_mae_hu", "distance")
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real data")
    parser.add_argument("--model", type=Path, help="bundle; the shipped one where it is left out")
    parser.add_argument("--pictures", type=Path, help="where to write a picture of each MR")
    options = parser.parse_args()
    model = load_model(None if options.model is None else read_bundle(options.model, TASK))
    table = ResultTable(RESULTS / "real.csv", ("mr",), CODE, model=model.identity)
    for name, path in {**{pair: mr for pair, (_, mr) in PAIRS.items()}, **ALONE}.items():
        if table.holds(mr=name):
            continue
        rows = list(_rows(name, path, model, options))
        table.add([{**dict.fromkeys(COLUMNS, ""), **row} for row in rows])
        for row in rows:
            print(row, flush=True)


def _rows(name: str, path: str, model: SynthesisModel, options: argparse.Namespace) -> Iterator[Row]:
    mr = read_mr(options.data / path)
    began = time.monotonic()
    try:
        found = synthesize(mr.image, model)
    except CTSMAError as error:
        print(name, error)
        yield {"mr": name, "place": "refused"}
        return
    print(name, f"{time.monotonic() - began:.0f} s", *(n.text for n in found.notices), flush=True)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        picture = synthesis_figure(mr.image, found)
        (options.pictures / f"synthesis_{name.replace(' ', '_')}.png").write_bytes(picture.png)
    yield {"mr": name, "distance": f"{found.distance:.2f} of {found.limit:.2f}", **_hu(name, found, options.data)}
    voxel_ml = found.grid.spacing_mm[0] ** 3 / 1000.0
    for bone in BONES:
        yield {"mr": name, "bone": bone.name, "volume_ml": float((found.bones == bone.label).sum()) * voxel_ml}
    if name in PAIRS:
        yield from _against_ct(name, mr.image, found, options.data)


def _against_ct(name: str, mr: sitk.Image, found: SyntheticKnee, data: Path) -> Iterator[Row]:
    from CTSMALib.analysis.registration_input import knee_of_scan

    scan = read_scan(data / PAIRS[name][0])
    labels = by_threshold(scan.image) if name in BY_THRESHOLD else knee_of_scan(scan).labels
    motions = {GIVEN: {bone.name: np.eye(4) for bone in BONES}, REGISTERED: {}}
    try:
        registered = register(FixedKnee(scan.image, labels), MovingKnee(mr))
        motions[REGISTERED] = {b.name: b.moving_to_fixed_ras for b in registered.bones if b.verdict != FAILED}
    except CTSMAError as error:
        print(name, error)
    for place, by_bone in motions.items():
        for bone, matrix in by_bone.items():
            both = bone_overlap(labels, found.bones_image(), bone, matrix)
            if both is not None:
                assd = "" if both.assd_mm is None else both.assd_mm
                yield {
                    "mr": name, "place": place, "bone": bone, "dice": both.dice, "assd_mm": assd,
                    "compared": both.compared,
                }  # fmt: skip


def _hu(name: str, found: SyntheticKnee, data: Path) -> Row:
    """Errors of CT numbers where the CT lies as it was given."""
    if name not in PAIRS:
        return {}
    ct = read_scan(data / PAIRS[name][0]).image
    on_grid = sitk.Resample(ct, found.ct_image(), sitk.Transform(), sitk.sitkLinear, -2000.0, sitk.sitkFloat32)
    truth = sitk.GetArrayFromImage(on_grid)
    known = found.known & (truth > -1500.0)
    made = found.grid.image(found.hu.astype(np.float32))
    thick = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(made, [0.5, 0.5, 1.2]))
    return {k: v for k, v in errors(thick, truth, found.bones, known).items() if k in COLUMNS}


if __name__ == "__main__":
    main()
