"""Patches of a virtual knee where one of its scans shows them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import Patch
from CTSMALib.morphometry.trabecular.regions import OrientedBox, Region, regions_of_boxes
from CTSMALib.virtual.body.acquisition import Scan
from CTSMALib.virtual.body.patch_scans import REACH_MM, boxes_around, center_in
from CTSMALib.virtual.body.trabeculae import Box3
from CTSMALib.virtual.scanners.scan_grid import Box, continuous_index


def needed_around(patches: Sequence[Patch], reach_mm: float = REACH_MM) -> dict[str, list[Box3]]:
    """Bone to the boxes in its frame where trabeculae are needed, so that patches can be scanned."""
    around: dict[str, list[Box3]] = {}
    for patch in patches:
        x, y, z = patch.center_anatomical_mm
        low, high = (x - reach_mm, y - reach_mm, z - reach_mm), (x + reach_mm, y + reach_mm, z + reach_mm)
        around.setdefault(patch.bone, []).append((low, high))
    return around


def box_of(scan: Scan, patch: Patch) -> Box:
    """(z, y, x) slices of the scan that hold a patch and what is around it."""
    return boxes_around(scan, [center_in(scan, patch)])[0]


def inside(scan: Scan, box: Box, patch: Patch, edge_mm: float) -> Region:
    """The voxels of a box of a scan that lie in the cube of a patch.

    Args:
        scan: of the knee.
        box: from :func:`box_of`.
        patch: with its center in the frame of its bone.
        edge_mm: of the cube.
    """
    spacing: NDArray[np.float64] = np.array(scan.grid.spacing_mm)
    index = continuous_index(scan.grid, center_in(scan, patch))[0] - [cut.start for cut in box[::-1]]
    axes = scan.pose.frame(patch.bone).axes @ np.reshape(scan.grid.direction, (3, 3))
    cube = OrientedBox(patch.id, (index * spacing)[::-1], axes[::-1, ::-1], (edge_mm,) * 3)
    z, y, x = (cut.stop - cut.start for cut in box)
    (region,) = regions_of_boxes([cube], (z, y, x), zyx_spacing(scan))
    return region


def anatomical_mm(scan: Scan, box: Box, bone: str) -> NDArray[np.float64]:
    """(z, y, x, 3) places of the voxels of a box in the frame of a bone: (lateral, anterior, proximal), mm."""
    index = np.stack(np.meshgrid(*(np.arange(cut.start, cut.stop) for cut in box), indexing="ij"), axis=-1)[..., ::-1]
    direction = np.reshape(scan.grid.direction, (3, 3))
    lps = (index * np.array(scan.grid.spacing_mm)) @ direction.T + np.array(scan.grid.origin_mm)
    return scan.pose.frame(bone).to_anatomical(lps)


def zyx_spacing(scan: Scan) -> tuple[float, float, float]:
    """Voxel edges (z, y, x), mm."""
    x, y, z = scan.grid.spacing_mm
    return z, y, x
