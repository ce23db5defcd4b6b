"""Boxes of virtual BFFE in two sessions, under several conditions, with the measured truth, for comparing recipes.

Forty virtual knees of balanced grades, sixteen patches each. The second session is a new one: posture, place in the
scanner, coil, noise and signal-to-noise ratio are drawn again. Conditions are three protocols, then the first of them
with a signal-to-noise ratio of 10 and of 20, with a coil whose sensitivity differs by 30 % from its mean, and with
boxes placed 0.5 mm off (standard deviation along each axis) in both sessions. Otherwise boxes lie where the patches
truly are: errors of bone labels and registration are left out.

Trabecular bone counts from 0.5 mm below the plate, so that its blur stays out.

Files are large and not committed: ``knee000.npz`` and ``truth000.npz`` for each knee, in the folder given. Boxes of all
knees are made first, then the truth.

Usage::

    python -m Testing.benchmarks.apparent.dataset --cache DIR [--knees N]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import EDGE_MM, Patch
from CTSMALib.virtual.body.acquisition import Scan, draw_acquisition
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import THICKNESS
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import Trabeculae, grow_trabeculae
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.scan_grid import Box
from Testing.benchmarks.virtual.patch_in_scan import anatomical_mm, box_of, needed_around, zyx_spacing

FIRST_SEED = 12_000
SESSIONS = {"first": "bffe", "second": "bffe_rescan"}
CLINICAL = {"pixel_mm": 0.21875, "acquired_mm": 0.35, "slice_mm": 0.75, "increment_mm": 0.75}
PROTOCOLS = {
    "0.22 x 0.75": CLINICAL,
    "0.20 x 0.5": {"pixel_mm": 0.1953125, "acquired_mm": 0.30, "slice_mm": 0.5, "increment_mm": 0.5},
    "0.20 x 1.0": {"pixel_mm": 0.1953125, "acquired_mm": 0.39, "slice_mm": 1.0, "increment_mm": 1.0},
}
PLACED_OFF = "placed 0.5 mm off"
CONDITIONS = PROTOCOLS | {
    "SNR 10": CLINICAL | {"snr": 10.0},
    "SNR 20": CLINICAL | {"snr": 20.0},
    "bias 30 %": CLINICAL | {"bias_range": 0.6},
    PLACED_OFF: CLINICAL,
}
OFF_MM = 0.5
ROWS, COLUMNS = (2,), (2, 3)
BELOW_PLATE_MM = 0.5
AIR = (slice(4, 12), slice(4, 44), slice(4, 44))
TRUTH = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="where the boxes go")
    parser.add_argument("--knees", type=int, default=40)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    for name, make in (("knee", _knee), ("truth", _truth)):
        for number in range(options.knees):
            file = options.cache / f"{name}{number:03d}.npz"
            if not file.exists():
                unfinished = file.with_suffix(".part.npz")
                np.savez_compressed(unfinished, **make(number))
                unfinished.rename(file)
                print(file.name, flush=True)


def _drawn(number: int) -> tuple[VirtualKnee, list[Patch]]:
    knee = virtual_knee(draw_spec(FIRST_SEED + number, grade=number % 5))
    return knee, [p for p in learning_boxes(knee.shape) if p.row in ROWS and p.column in COLUMNS]


def _truth(number: int) -> dict[str, NDArray]:
    """Of half of the patches, at either depth: measuring takes much longer than scanning."""
    knee, patches = _drawn(number)
    chosen = [p for p in patches if p.column == COLUMNS[p.layer - 1]]
    truth = patch_truth(knee, chosen, THICKNESS)
    rows = [[truth[p.id][key] for key in (*TRUTH, "valid_fraction")] for p in chosen]
    return {"ids": np.array([p.id for p in chosen]), "truth": np.array(rows)}


def _knee(number: int) -> dict[str, NDArray]:
    """The boxes of every session and condition of one knee."""
    knee, patches = _drawn(number)
    plan = draw_acquisition(knee, rescan=True)
    around = needed_around(patches)
    drawn = plan.mr["bffe"].protocol
    assert isinstance(drawn, MRProtocol)
    grown = grow_trabeculae(knee, tuple(around), around, drawn.broadening_mm)
    parts: dict[str, NDArray] = {"ids": np.array([p.id for p in patches]), "grade": np.array(knee.spec.grade)}
    rng = np.random.default_rng([FIRST_SEED, number])
    for session, series in SESSIONS.items():
        for name, changes in CONDITIONS.items():
            placed = [_moved(patch, rng) for patch in patches] if name == PLACED_OFF else patches
            found = _boxes(knee, _changed(plan.mr[series], changes), grown, placed)
            parts |= {f"{session}|{name}|{key}": part for key, part in found.items()}
    return parts


def _moved(patch: Patch, rng: np.random.Generator) -> Patch:
    lateral, anterior, proximal = np.array(patch.center_anatomical_mm) + rng.normal(0.0, OFF_MM, 3)
    return replace(patch, center_anatomical_mm=(float(lateral), float(anterior), float(proximal)))


def _changed(scan: Scan, changes: Mapping[str, float]) -> Scan:
    """The scan with another protocol, over the same place."""
    assert isinstance(scan.protocol, MRProtocol)
    protocol = replace(scan.protocol, **changes)  # type: ignore[arg-type]
    extent = np.array(scan.grid.size) * scan.grid.spacing_mm
    half = 0.5 * (np.array(scan.grid.size) - 1) * scan.grid.spacing_mm
    center = np.array(scan.grid.origin_mm) + np.reshape(scan.grid.direction, (3, 3)) @ half
    return replace(scan, protocol=protocol, grid=protocol.grid(center, tuple(extent), scan.grid.direction))


def _boxes(knee: VirtualKnee, scan: Scan, grown: Trabeculae, patches: list[Patch]) -> dict[str, NDArray]:
    """Signal, cube and trabecular bone of every patch in one scan."""
    tissue = tissue_of(knee, scan, grown)
    signal, inside, bone, centers = [], [], [], []
    for patch in patches:
        box = box_of(scan, patch)
        signal.append(scanned(tissue, scan, box))
        centers.append(scan.pose.frame(patch.bone).to_lps(np.array(patch.center_anatomical_mm)))
        places = _places_mm(scan, box, patch)
        trabecular = _trabecular(knee, patch.bone, places)
        cube = np.abs(places - np.array(patch.center_anatomical_mm)).max(axis=-1) <= EDGE_MM / 2
        bone.append(trabecular)
        inside.append(trabecular & cube)
    protocol = scan.protocol
    assert isinstance(protocol, MRProtocol)
    return {
        "signal": np.stack(signal), "inside": np.stack(inside), "bone": np.stack(bone),
        "spacing": np.array(zyx_spacing(scan)), "snr": np.array(protocol.snr), "bias": np.array(protocol.bias_range),
        "acquired": np.array(protocol.acquired_mm), "center": np.stack(centers),
        "air": scanned(tissue, scan, AIR),
    }  # fmt: skip


def _places_mm(scan: Scan, box: Box, patch: Patch) -> NDArray[np.float64]:
    """Places of voxels in the frame of the bone; distortion, which is smooth, shifts a box as a whole."""
    places = anatomical_mm(scan, box, patch.bone)
    protocol, body = scan.protocol, scan.pose.frame(patch.bone).to_lps(np.array(patch.center_anatomical_mm))
    assert isinstance(protocol, MRProtocol)
    shown = body if protocol.distortion.is_off else protocol.distortion.shown_at(body)[0]
    moved = scan.pose.frame(patch.bone).to_anatomical(shown) - np.array(patch.center_anatomical_mm)
    return places - moved


def _trabecular(knee: VirtualKnee, bone: str, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    points = places.reshape(-1, 3)
    below = knee.shape.bones[bone].depth.at(points) - knee.materials[bone].shell_mm.at(points)
    found: NDArray[np.bool_] = (below > BELOW_PLATE_MM).reshape(places.shape[:-1])
    return found


if __name__ == "__main__":
    main()
