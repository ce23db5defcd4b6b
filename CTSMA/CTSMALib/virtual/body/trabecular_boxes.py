"""Where boxes of a scan show trabecular bone, from the true surfaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import Patch
from CTSMALib.virtual.body.acquisition import Scan
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.scanners.scan_grid import Box

BELOW_SHELL_MM = 0.5  # the blur of plate and shell stays out


def trabecular_box(
    knee: VirtualKnee, scan: Scan, patch: Patch, box: Box, shown_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """The voxels of a box that lie in trabecular bone, :data:`BELOW_SHELL_MM` and more below the plate or shell.

    Args:
        knee: whose.
        scan: that the box is part of.
        patch: about which it lies, its center in the frame of the bone.
        box: voxels (z, y, x) of the scan.
        shown_mm: (3,) LPS where the center of the patch appears in the scan: gradient distortion, which is smooth,
            displaces the surroundings of a patch as a whole.
    """
    frame, center = scan.pose.frame(patch.bone), np.array(patch.center_anatomical_mm)
    places = frame.to_anatomical(_lps(scan, box)) - (frame.to_anatomical(shown_mm) - center)
    points = places.reshape(-1, 3)
    depth = knee.shape.bones[patch.bone].depth.at(points) - knee.materials[patch.bone].shell_mm.at(points)
    found: NDArray[np.bool_] = (depth > BELOW_SHELL_MM).reshape(places.shape[:-1])
    return found


def _lps(scan: Scan, box: Box) -> NDArray[np.float64]:
    """(z, y, x, 3) LPS of the voxels of a box."""
    index = np.stack(np.meshgrid(*(np.arange(cut.start, cut.stop) for cut in box), indexing="ij"), axis=-1)[..., ::-1]
    direction = np.reshape(scan.grid.direction, (3, 3))
    found: NDArray[np.float64] = (index * np.array(scan.grid.spacing_mm)) @ direction.T + np.array(scan.grid.origin_mm)
    return found
