"""How well the voxels of a bone agree with the true ones."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from CTSMALib.anatomy.grids import index_to_lps, physical_box

BORDER_MM = 3.0  # where the image cuts a bone there is no surface to compare
MOST_POINTS = 20000
MARGIN = 4


def compare(found: sitk.Image, truth: sitk.Image, label: int) -> dict[str, float]:
    """Compare one bone on one grid.

    Args:
        found: labels.
        truth: labels, same axis-aligned grid.
        label: the bone; must be in ``truth``.

    Returns:
        ``dice``; ``mean_mm``, the mean symmetric surface distance; ``p95_mm``, 95 % of both surfaces are nearer than
        that; ``outward_mm``, by how much the found surface lies outside the true one on average.
    """
    ours, theirs = (sitk.GetArrayViewFromImage(image) == label for image in (found, truth))
    dice = 2.0 * float((ours & theirs).sum()) / max(int(ours.sum() + theirs.sum()), 1)
    if not ours.any():
        return dict.fromkeys(("mean_mm", "p95_mm", "outward_mm"), float("nan")) | {"dice": 0.0}
    surfaces = [_surface(found, mask) for mask in (ours, theirs)]
    # The cut-off surface still serves as a target, so that points near the border find their true neighbor.
    points = [_some(_within(surface, found)) for surface in surfaces]
    away = [cKDTree(surfaces[1 - n]).query(points[n])[0] for n in (0, 1)]
    index = np.rint((points[0] - found.GetOrigin()) / found.GetSpacing()).astype(int)[:, ::-1]
    outward = np.where(theirs[tuple(index.T)], -away[0], away[0])
    return {
        "dice": dice,
        "mean_mm": float(0.5 * (away[0].mean() + away[1].mean())),
        "p95_mm": float(np.quantile(np.concatenate(away), 0.95)),
        "outward_mm": float(outward.mean()),
    }


def _surface(image: sitk.Image, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Points on the outline of a mask, LPS, its steps smoothed by half a voxel."""
    cuts = ndimage.find_objects(mask.astype(np.uint8))[0]
    box = tuple(slice(max(cut.start - MARGIN, 0), cut.stop + MARGIN) for cut in cuts)
    soft = ndimage.gaussian_filter(mask[box].astype(np.float32), 0.5, mode="nearest")
    return index_to_lps(image, marching_cubes(soft, 0.5)[0] + [cut.start for cut in box])


def _within(points: NDArray[np.float64], image: sitk.Image) -> NDArray[np.float64]:
    low, high = physical_box(image)
    return points[((points > low + BORDER_MM) & (points < high - BORDER_MM)).all(axis=1)]


def _some(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[np.random.default_rng(0).permutation(len(points))[:MOST_POINTS]]
