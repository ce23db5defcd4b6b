"""The fractal dimension of the bone surface by counting boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled
from CTSMALib.morphometry.trabecular.surface import Bounds, bounds_of

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.bone_image import BoneImage

SMALLEST_BOX = 2  # voxels
LARGEST_SHARE = 0.25  # of the shortest edge of the region
SIZES_PER_DOUBLING = 2
OFFSETS = ((0.0, 0.0, 0.0), (0.5, 0.25, 0.75), (0.25, 0.75, 0.5), (0.75, 0.5, 0.25))  # of a box
FEWEST_SIZES = 3


@dataclass(frozen=True)
class FractalFit:
    """A line through the logarithms of box counts.

    Attributes:
        dimension: its slope, 2 for a smooth surface up to 3; NaN where it cannot be found.
        r2: share of the variance that the line explains; NaN likewise.
        boxes_mm: (k,) edges of the boxes used, ascending.
        counts: (k,) boxes that hold surface, as if the whole region consisted of boxes.
    """

    dimension: float
    r2: float
    boxes_mm: NDArray[np.float64]
    counts: NDArray[np.float64]


def fractal_dimension(image: BoneImage) -> FractalFit:
    """Count boxes that hold surface voxels: bone voxels with marrow behind one of their faces.

    Boxes are cubes in mm whatever the voxels are, from two voxels (the longest edge of a voxel) to a quarter of the
    shortest edge of the region. Only boxes that lie in the mask as a whole are looked at, in several positions of the
    grid; the share of them that holds surface, times the boxes that would fill the region, is the count. So neither the
    border of the region nor the place of the grid decides.

    The result describes one scan at one resolution: trabecular bone is no fractal, the range of sizes is hardly one
    decade, the largest boxes nearly always hold surface, which draws the slope toward 3, and noise does likewise.
    Compare it only between volumes of the same voxel and region size (Fazzalari and Parkinson, 1996).

    Args:
        image: what to look at.
    """
    bounds = bounds_of(image.mask)
    if bounds is None:
        return _fit([], [])
    region = tuple(slice(*pair) for pair in bounds)
    surface = surface_voxels(image, bounds)
    mask = image.mask[region]
    spacing = np.array(image.spacing_mm)
    sizes: list[float] = []
    counts: list[float] = []
    for edge in _box_edges(np.array(mask.shape) * spacing, float(spacing.max())):
        share = _share_with_surface(surface, None if mask.all() else mask, edge / spacing)
        if share > 0:
            sizes.append(edge)
            counts.append(share * float(np.count_nonzero(mask)) * image.voxel_mm3 / edge**3)
    return _fit(sizes, counts)


def surface_voxels(image: BoneImage, bounds: Bounds) -> NDArray[np.bool_]:
    """Bone voxels of the mask with marrow behind a face, within bounds; beyond the image, bone goes on."""
    box = tuple(slice(max(low - 1, 0), high + 1) for low, high in bounds)
    bone = image.fraction[box] > np.float32(0.5)
    buried = bone.copy()
    for axis in range(3):
        view, inside = np.moveaxis(bone, axis, 0), np.moveaxis(buried, axis, 0)
        inside[1:] &= view[:-1]
        inside[:-1] &= view[1:]
    found = bone & ~buried & image.mask[box]
    return found[
        tuple(slice(low - part.start, high - part.start) for (low, high), part in zip(bounds, box, strict=True))
    ]


def _box_edges(region_mm: NDArray[np.float64], voxel_mm: float) -> list[float]:
    """Edges of boxes in mm: whole voxels along the longest edge of a voxel, so that they fit as well as they can."""
    most = LARGEST_SHARE * float(region_mm.min()) / voxel_mm
    if most < SMALLEST_BOX:
        return []
    steps = int(SIZES_PER_DOUBLING * np.log2(most / SMALLEST_BOX) + 1e-9) + 1
    voxels = np.unique(np.round(SMALLEST_BOX * 2.0 ** (np.arange(steps) / SIZES_PER_DOUBLING)))
    return [float(count) * voxel_mm for count in voxels]


def _share_with_surface(surface: NDArray[np.bool_], mask: NDArray[np.bool_] | None, edge: NDArray[np.float64]) -> float:
    """Share of whole boxes that hold surface, ``edge`` (3,) being their size in voxels; 0 where none is whole."""
    held = whole = 0
    for offset in OFFSETS:
        z, y, x = (_box_of(size, step, part) for size, step, part in zip(surface.shape, edge, offset, strict=True))
        hit = np.zeros((z.max() + 1, y.max() + 1, x.max() + 1), bool)
        _mark(surface, z, y, x, True, hit)
        full = np.ones_like(hit)
        if mask is not None:
            _mark(mask, z, y, x, False, full)
        held += int(np.count_nonzero(hit & full))
        whole += int(np.count_nonzero(full))
    return held / whole if whole else 0.0


def _box_of(size: int, edge: float, offset: float) -> NDArray[np.int64]:
    """(size,) the box that a voxel along an axis belongs to, -1 for those of boxes that are not whole."""
    limits = np.round(np.arange(offset * edge, size + 1e-6, edge)).astype(np.int64)
    box = np.searchsorted(limits, np.arange(size), side="right") - 1
    box[box == len(limits) - 1] = -1
    return box


@compiled
def _mark(voxels: Any, box_z: Any, box_y: Any, box_x: Any, sought: bool, boxes: Any) -> None:
    """Set the boxes that hold a voxel of the value sought to that value."""
    for z in range(voxels.shape[0]):
        for y in range(voxels.shape[1]):
            if box_z[z] >= 0 and box_y[y] >= 0:
                for x in range(voxels.shape[2]):
                    if voxels[z, y, x] == sought and box_x[x] >= 0:
                        boxes[box_z[z], box_y[y], box_x[x]] = sought


def _fit(sizes: list[float], counts: list[float]) -> FractalFit:
    boxes, numbers = np.array(sizes, float), np.array(counts, float)
    if len(boxes) < FEWEST_SIZES:
        return FractalFit(float("nan"), float("nan"), boxes, numbers)
    size, count = np.log(boxes) - np.log(boxes).mean(), np.log(numbers) - np.log(numbers).mean()
    slope = float(size @ count / (size @ size))
    spread = float(count @ count)
    r2 = 1.0 - float(((count - slope * size) ** 2).sum()) / spread if spread > 0 else float("nan")
    return FractalFit(-slope, r2, boxes, numbers)
