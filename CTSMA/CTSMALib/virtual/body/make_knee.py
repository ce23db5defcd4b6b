"""Make one virtual knee as it goes to disk: shape it, scan it, and measure what is true of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES, FEMUR, PATELLA, TIBIA
from CTSMALib.anatomy.patch import Patch
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.virtual.body import acquisition
from CTSMALib.virtual.body.acquisition import Acquisition, Coverage, Scan, draw_acquisition
from CTSMALib.virtual.body.knee import COARSE, STANDARD, TINY, Detail, VirtualKnee, virtual_knee
from CTSMALib.virtual.body.knee_data import KneeData, Landmarks
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import BFFE, NO_TRUTH, PATCHES, REGISTRATION, RESCAN, KneeOrder
from CTSMALib.virtual.body.order import TINY as TINY_PRESET
from CTSMALib.virtual.body.patch_scans import REACH_MM, patch_images
from CTSMALib.virtual.body.pose import moved
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, Box3, Trabeculae, grow_trabeculae
from CTSMALib.virtual.body.truth import patch_truth
from CTSMALib.virtual.bones.shape import FRAME_OF
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.spec import KneeSpec

WITH_STRUCTURE = (FEMUR.name, TIBIA.name, PATELLA.name)
FEW_PATCHES_SEED = 43
LARGEST_ERROR = 4.0  # standard deviations of the misregistration

Truth = list[dict[str, str | float]]


def make_knee(spec: KneeSpec, order: KneeOrder, progress: Progress = silent) -> KneeData:
    """Make a knee.

    Args:
        spec: which.
        order: what of it.
        progress: told of every step; may cancel.
    """
    detail, coverage = _how_fine(order)
    knee = virtual_knee(spec, detail, part_of(progress, 0.0, 0.2))
    plan = draw_acquisition(knee, order.scan_seed, order.series, order.rescan, coverage)
    boxes = _chosen(learning_boxes(knee.shape), order.patches, spec.seed)
    grown = _grown(knee, plan, order, boxes, part_of(progress, 0.2, 0.45))
    scans = _whole(knee, plan, grown, part_of(progress, 0.45, 0.75)) if order.mode != PATCHES else {}
    truth = _truth(knee, plan, boxes, order, part_of(progress, 0.75, 1.0))
    patches = None
    if order.mode == PATCHES:
        patches = patch_images(knee, plan, boxes, grown, order.registration_error_mm)
    rescan = plan.mr.get(RESCAN)
    progress("Made the knee", 1.0)
    whole = order.mode != PATCHES
    return KneeData(
        spec=spec,
        ct_protocol=plan.ct.protocol,  # type: ignore[arg-type]
        mr_protocols={name: s.protocol for name, s in plan.mr.items()},  # type: ignore[misc]
        ct=scans.pop("ct", None),
        mr=scans,
        ct_labels=labels_of(knee, plan.ct) if whole else None,
        mr_labels=labels_of(knee, plan.mr[BFFE]) if whole else None,
        transforms=_transforms(plan.ct, plan.mr[BFFE]),
        rescan_transforms=_transforms(plan.ct, rescan) if rescan is not None else {},
        landmarks={b.name: _landmarks(knee, plan, b.name) for b in BONES},
        frames=_frames(plan.ct),
        truth=truth,
        patches=patches,
    )


def _how_fine(order: KneeOrder) -> tuple[Detail, Coverage]:
    if order.preset == TINY_PRESET:
        return TINY, acquisition.TINY
    if order.mode == REGISTRATION:
        return COARSE, acquisition.TO_REGISTER
    return STANDARD, acquisition.AS_MADE


def _chosen(boxes: list[Patch], most: int | None, seed: int) -> list[Patch]:
    """All boxes, or some of them drawn anew for every knee, in grid order."""
    if most is None or most >= len(boxes):
        return boxes
    drawn = np.random.default_rng([seed, FEW_PATCHES_SEED]).permutation(len(boxes))[:most]
    return [boxes[n] for n in sorted(drawn)]


def _grown(
    knee: VirtualKnee, plan: Acquisition, order: KneeOrder, boxes: Sequence[Patch], progress: Progress
) -> Trabeculae:
    """Trabeculae where they are needed: around the boxes, everywhere, or nowhere."""
    if order.mode == REGISTRATION or (order.preset == TINY_PRESET and order.mode != PATCHES):
        return NO_TRABECULAE
    around = None
    if order.mode == PATCHES:
        around = {
            bone.name: [_around(b, order.registration_error_mm) for b in boxes if b.bone == bone.name]
            for bone in (FEMUR, TIBIA)
        }
    broadening = max(scan.protocol.broadening_mm for scan in plan.mr.values() if isinstance(scan.protocol, MRProtocol))
    return grow_trabeculae(knee, WITH_STRUCTURE, around, broadening, progress)


def _around(box: Patch, error_mm: float) -> Box3:
    center, reach = np.array(box.center_anatomical_mm), REACH_MM + LARGEST_ERROR * error_mm
    low, high = center - reach, center + reach
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _whole(knee: VirtualKnee, plan: Acquisition, grown: Trabeculae, progress: Progress) -> dict:
    progress("Scanning", 0.0)
    found = {"ct": image_of(tissue_of(knee, plan.ct, grown), plan.ct)}
    for number, (name, scan) in enumerate(plan.mr.items()):
        progress("Scanning", (number + 1) / (len(plan.mr) + 1))
        found[name] = image_of(tissue_of(knee, scan, grown), scan)
    return found


def _truth(knee: VirtualKnee, plan: Acquisition, boxes: list[Patch], order: KneeOrder, progress: Progress) -> Truth:
    if order.truth == NO_TRUTH:
        return []
    values = patch_truth(knee, boxes, order.truth, progress)
    rows: Truth = []
    for box in boxes:
        centers = {"ct": plan.ct.pose.frame(box.bone).to_lps(np.array(box.center_anatomical_mm))}
        mr = plan.mr[BFFE]
        centers["mr"] = shown(mr, mr.pose.frame(box.bone).to_lps(np.array(box.center_anatomical_mm)))
        places = {
            f"{scan}_{axis}_mm": float(v) for scan, c in centers.items() for axis, v in zip("xyz", c, strict=True)
        }
        rows.append({"id": box.id, "bone": box.bone, "compartment": box.compartment, **places, **values[box.id]})
    return rows


def shown(scan: Scan, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where points of the body, (..., 3) LPS, appear in a scan."""
    if not isinstance(scan.protocol, MRProtocol) or scan.protocol.distortion.is_off:
        return points_mm
    return scan.protocol.distortion.shown_at(points_mm.reshape(-1, 3)).reshape(points_mm.shape)


def _transforms(fixed: Scan, moving: Scan) -> dict[str, NDArray[np.float64]]:
    return {b.name: moved(fixed.pose, moving.pose, FRAME_OF[b.name]) for b in BONES}


def _landmarks(knee: VirtualKnee, plan: Acquisition, bone: str) -> Landmarks:
    shape, mr = knee.shape.bones[bone], plan.mr[BFFE]
    ct_mm = plan.ct.pose.frame(FRAME_OF[bone]).to_lps(shape.landmarks_mm)
    mr_mm = mr.pose.frame(FRAME_OF[bone]).to_lps(shape.landmarks_mm)
    return Landmarks(shape.landmark_names, ct_mm, shown(mr, mr_mm))


def _frames(scan: Scan) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64], bool]]:
    frames = {bone.name: scan.pose.frame(bone.name) for bone in (FEMUR, TIBIA, PATELLA)}
    return {name: (frame.origin_mm, frame.axes, frame.mirrored) for name, frame in frames.items()}
