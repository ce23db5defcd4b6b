"""How well found bones agree with known ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from CTSMALib.anatomy.grids import index_to_lps, physical_box
from CTSMALib.anatomy.labels import Bone
from Testing.benchmarks.anatomy.truth import Truth

BORDER_MM = 3.0  # where the image cuts a bone there is no surface to compare


@dataclass(frozen=True)
class Agreement:
    """Dice coefficient, average symmetric surface distance and 95th percentile of the surface distance (mm)."""

    dice: float
    assd_mm: float
    hd95_mm: float


def compare(labels: sitk.Image, truth: Truth, bone: Bone) -> Agreement:
    """Compare one bone.

    Args:
        labels: found bones on an axis-aligned grid.
        truth: the known ones.
        bone: which one; must be in ``truth``.

    Returns:
        Agreement; distances are NaN where the bone was not found.
    """
    found = sitk.GetArrayViewFromImage(labels) == bone.label
    depth = sitk.Resample(truth.depth[bone], labels, sitk.Transform(), sitk.sitkLinear, -99.0, sitk.sitkFloat32)
    known = sitk.GetArrayViewFromImage(depth) > 0
    dice = 2.0 * (found & known).sum() / max(found.sum() + known.sum(), 1)
    if not found.any():
        return Agreement(0.0, float("nan"), float("nan"))
    low, high = physical_box(truth.grid)
    surfaces = [_surface(labels, found), truth.surface(bone)]
    ours, theirs = (s[((s > low + BORDER_MM) & (s < high - BORDER_MM)).all(axis=1)] for s in surfaces)
    # The cut-off surface still serves as a target, so that points near the border find their true neighbor.
    away = np.concatenate([cKDTree(surfaces[1]).query(ours)[0], cKDTree(surfaces[0]).query(theirs)[0]])
    halves = [away[: len(ours)].mean(), away[len(ours) :].mean()]
    return Agreement(float(dice), float(np.mean(halves)), float(np.quantile(away, 0.95)))


def _surface(labels: sitk.Image, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Points on the outline of a mask, its steps smoothed by half a voxel."""
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 0.5, mode="nearest")
    return index_to_lps(labels, marching_cubes(soft, 0.5)[0])
