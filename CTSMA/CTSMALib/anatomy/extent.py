"""How wide and how long the articular end of a bone is: the yardstick of normalized coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.anatomy.labels import FEMUR, TIBIA, Bone

# Along the proximal axis from the joint frame's origin: where the outline is widest and needs no sharp surface.
SLAB_MM = {FEMUR.name: (8.0, 18.0), TIBIA.name: (-13.0, -7.0)}
REACH_MM = 60.0
TAIL = 0.01  # share cut off at either end, so that single voxels do not count
LARGEST_SHARE_AT_EDGE = 0.01

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Extent:
    """Rectangle around the articular end of a bone, in its joint frame (mm).

    Attributes:
        center: (lateral, anterior).
        half: half width and half length.
    """

    center: tuple[float, float]
    half: tuple[float, float]

    def normalized(self, lateral_mm: Array, anterior_mm: Array) -> tuple[Array, Array]:
        """Frame positions to shares of the half width and half length."""
        return (lateral_mm - self.center[0]) / self.half[0], (anterior_mm - self.center[1]) / self.half[1]

    def position_mm(self, lateral: float, anterior: float) -> Array:
        """Shares to a frame position (2,)."""
        return np.array([self.center[0] + lateral * self.half[0], self.center[1] + anterior * self.half[1]])

    def scaled(self, factor: float) -> Extent:
        """The extent of a bone ``factor`` times as large."""
        c, h = self.center, self.half
        return Extent((c[0] * factor, c[1] * factor), (h[0] * factor, h[1] * factor))


def measure_extent(labels: sitk.Image, bone: Bone, frame: JointFrame, usual: Extent | None = None) -> Extent:
    """Measure the extent of a bone.

    Args:
        labels: bone labels on an axis-aligned grid.
        bone: femur or tibia.
        frame: its joint frame.
        usual: what to take where the bone is cut by the edge of the image.

    Raises:
        ValueError: the bone is cut or absent, and there is no ``usual``.
    """
    across = np.arange(-REACH_MM, REACH_MM + 0.1, 1.0)
    heights = np.arange(SLAB_MM[bone.name][0], SLAB_MM[bone.name][1] + 0.1, 1.0)
    points = np.stack(np.meshgrid(across, across, heights, indexing="ij"), axis=-1)
    solid = (sitk.GetArrayViewFromImage(labels) == bone.label).astype(np.float32)
    index = lps_to_index(labels, frame.to_lps(points))
    inside = ndimage.map_coordinates(solid, np.moveaxis(index, -1, 0), order=1) > 0.5
    i, j, _ = np.nonzero(inside)
    if len(i) == 0 or _share_at_edge(index[inside], solid.shape) > LARGEST_SHARE_AT_EDGE:
        if usual is None:
            raise ValueError(f"the {bone.name} is cut by the edge of the image")
        return usual
    (left, right), (back, front) = (np.quantile(across[k], (TAIL, 1 - TAIL)) for k in (i, j))
    return Extent(
        (float(left + right) / 2, float(back + front) / 2), (float(right - left) / 2, float(front - back) / 2)
    )


def _share_at_edge(index: Array, shape: tuple[int, ...]) -> float:
    at_edge = (index < 1.5) | (index > np.array(shape) - 2.5)
    return float(at_edge.any(axis=-1).mean())
