"""Boxes of virtual BFFE in two sessions and three protocols, with the measured truth, for comparing recipes.

Forty virtual knees of balanced grades, sixteen patches each. The second session is a new one: posture, place in the
scanner, coil, noise and signal-to-noise ratio are drawn again. A corner of every scan, which shows air, comes with
the boxes: noise cannot be told from structure within bone. Boxes lie where the patches truly are: errors of bone
labels and registration are left out. Trabecular bone counts from 0.5 mm below the plate, so that its blur stays out.

Files are large and not committed: one ``.npz`` for each knee in the folder given.

Usage::

    python -m Testing.benchmarks.apparent.dataset --cache DIR [--knees N]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import EDGE_MM, Patch
from CTSMALib.virtual.body.acquisition import Scan, draw_acquisition
from CTSMALib.virtual.body.knee import VirtualKnee, virtual_knee
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import Trabeculae, grow_trabeculae
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.scan_grid import Box
from Testing.benchmarks.virtual.patch_in_scan import anatomical_mm, box_of, needed_around, zyx_spacing

FIRST_SEED = 12_000
SESSIONS = {"first": "bffe", "second": "bffe_rescan"}
# Changes of the drawn protocol: pixel and acquired resolution in plane, slices, share of the signal-to-noise ratio.
PROTOCOLS = {
    "0.22 x 0.75": (0.21875, 0.35, 0.75, 1.0),
    "0.20 x 0.5": (0.1953125, 0.30, 0.5, 0.85),
    "0.20 x 1.0": (0.1953125, 0.39, 1.0, 1.1),
}
ROWS, COLUMNS = (2,), (2, 3)
BELOW_PLATE_MM = 0.5
AIR = (slice(4, 12), slice(4, 44), slice(4, 44))
TRUTH = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm", "bs_tv_per_mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="where the boxes go")
    parser.add_argument("--knees", type=int, default=40)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    for number in range(options.knees):
        file = options.cache / f"knee{number:03d}.npz"
        if not file.exists():
            parts = _knee(number)
            unfinished = file.with_suffix(".part.npz")
            np.savez_compressed(unfinished, **parts)
            unfinished.rename(file)
            print(file.name, flush=True)


def _knee(number: int) -> dict[str, NDArray]:
    """Truth, and the boxes of every session and protocol, of one knee."""
    knee = virtual_knee(draw_spec(FIRST_SEED + number, grade=number % 5))
    patches = [p for p in learning_boxes(knee.shape) if p.row in ROWS and p.column in COLUMNS]
    plan = draw_acquisition(knee, rescan=True)
    around = needed_around(patches)
    broadening = plan.mr["bffe"].protocol
    assert isinstance(broadening, MRProtocol)
    grown = grow_trabeculae(knee, tuple(around), around, broadening.broadening_mm)
    truth = patch_truth(knee, patches)
    parts: dict[str, NDArray] = {
        "ids": np.array([p.id for p in patches]),
        "grade": np.array(knee.spec.grade),
        "truth": np.array([[truth[p.id][key] for key in (*TRUTH, "valid_fraction")] for p in patches]),
    }
    for session, series in SESSIONS.items():
        for name, (pixel, acquired, slices, share) in PROTOCOLS.items():
            scan = plan.mr[series]
            assert isinstance(scan.protocol, MRProtocol)
            protocol = replace(
                scan.protocol, pixel_mm=pixel, acquired_mm=acquired, slice_mm=slices, increment_mm=slices,
                snr=share * scan.protocol.snr,
            )  # fmt: skip
            extent = np.array(scan.grid.size) * scan.grid.spacing_mm
            center = np.array(scan.grid.origin_mm) + np.reshape(scan.grid.direction, (3, 3)) @ (
                0.5 * (np.array(scan.grid.size) - 1) * scan.grid.spacing_mm
            )
            other = replace(scan, protocol=protocol, grid=protocol.grid(center, tuple(extent), scan.grid.direction))
            parts |= {f"{session}|{name}|{key}": part for key, part in _boxes(knee, other, grown, patches).items()}
    return parts


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
