"""The learning grid's boxes, scanned one by one: equal to what is cut out of the whole scans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import Patch
from CTSMALib.virtual.body.acquisition import Acquisition, Scan
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.body.knee_data import PatchImages
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import Trabeculae
from CTSMALib.virtual.body.trabecular_boxes import trabecular_box
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.scan_grid import Box, continuous_index

BOX_MM = 12.0  # holds an 8 mm patch turned by up to 25 degrees
REACH_MM = 11.5  # of trabeculae around the middle of a patch: half a turned box, and the reach of the scanner
SHIFT_STREAM = 44

Points = NDArray[np.float64]


def patch_images(
    knee: VirtualKnee,
    plan: Acquisition,
    patches: Sequence[Patch],
    grown: Trabeculae,
    error_mm: float = 0.0,
) -> PatchImages:
    """Scan the boxes around patches in CT and BFFE.

    Args:
        knee: whose.
        plan: its scans.
        patches: with centers in the frame of their bone.
        grown: trabeculae around them.
        error_mm: standard deviation, along each axis, by which MR boxes miss their place.
    """
    mr = plan.mr[BFFE]
    rng = np.random.default_rng([knee.spec.seed, SHIFT_STREAM, mr.seed])
    shift = error_mm * rng.standard_normal((len(patches), 3))
    ct_boxes = boxes_around(plan.ct, [center_in(plan.ct, p) for p in patches])
    mr_boxes = boxes_around(mr, [center_in(mr, p) + s for p, s in zip(patches, shift, strict=True)])
    return PatchImages(
        ids=tuple(p.id for p in patches),
        ct=_cut(knee, plan.ct, ct_boxes, grown),
        mr=_cut(knee, mr, mr_boxes, grown),
        ct_trabecular=_trabecular(knee, plan.ct, patches, ct_boxes),
        mr_trabecular=_trabecular(knee, mr, patches, mr_boxes),
        ct_spacing_mm=_zyx(plan.ct),
        mr_spacing_mm=_zyx(mr),
        ct_first_mm=_first_mm(plan.ct, ct_boxes),
        mr_first_mm=_first_mm(mr, mr_boxes),
        ct_direction=np.reshape(plan.ct.grid.direction, (3, 3)),
        mr_direction=np.reshape(mr.grid.direction, (3, 3)),
        shift_mm=shift,
    )


def center_in(scan: Scan, patch: Patch) -> Points:
    """(3,) LPS where the center of a patch, given in the frame of its bone, appears in a scan."""
    body = scan.pose.frame(patch.bone).to_lps(np.array(patch.center_anatomical_mm))
    if isinstance(scan.protocol, MRProtocol) and not scan.protocol.distortion.is_off:
        return scan.protocol.distortion.shown_at(body)[0]
    return body


def boxes_around(scan: Scan, centers_mm: Sequence[Points]) -> list[Box]:
    """Boxes of voxels (z, y, x) of one shape, :data:`BOX_MM` wide, around points; moved inward at the scan's border."""
    count = np.minimum(np.ceil(BOX_MM / np.array(scan.grid.spacing_mm)).astype(int), scan.grid.size)
    boxes: list[Box] = []
    for center in centers_mm:
        middle = continuous_index(scan.grid, center)[0]
        start = np.clip(np.rint(middle - 0.5 * (count - 1)).astype(int), 0, np.array(scan.grid.size) - count)
        x, y, z = (slice(int(a), int(a + n)) for a, n in zip(start, count, strict=True))
        boxes.append((z, y, x))
    return boxes


def _cut(knee: VirtualKnee, scan: Scan, boxes: Sequence[Box], grown: Trabeculae) -> NDArray[np.int16]:
    tissue = tissue_of(knee, scan, grown)
    if not boxes:
        return np.zeros((0, 1, 1, 1), np.int16)
    return np.stack([scanned(tissue, scan, box) for box in boxes])


def _trabecular(
    knee: VirtualKnee, scan: Scan, patches: Sequence[Patch], boxes: Sequence[Box]
) -> NDArray[np.bool_]:  # fmt: skip
    if not boxes:
        return np.zeros((0, 1, 1, 1), np.bool_)
    return np.stack([trabecular_box(knee, scan, p, b, center_in(scan, p)) for p, b in zip(patches, boxes, strict=True)])


def _first_mm(scan: Scan, boxes: Sequence[Box]) -> Points:
    """(n, 3) LPS centers of the first voxels of boxes."""
    first = np.array([[cut.start for cut in box[::-1]] for box in boxes], dtype=float).reshape(-1, 3)
    grid = scan.grid
    return (first * grid.spacing_mm) @ np.reshape(grid.direction, (3, 3)).T + np.array(grid.origin_mm)


def _zyx(scan: Scan) -> tuple[float, float, float]:
    x, y, z = scan.grid.spacing_mm
    return z, y, x
