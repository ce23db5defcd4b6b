"""Where the bones end at the scan's own resolution: the working grid's outlines, moved to the edges in the image."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from CTSMALib.anatomy.grids import index_to_lps, labels_on, lps_to_index
from CTSMALib.anatomy.labels import BONES, FIBULA, PATELLA

COARSEST_MM = 1.5  # voxels larger than this show no more than the working grid
STEP_MM = 0.2
PROFILE_MM = np.arange(-3.4, 6.01, STEP_MM)  # along the inward normal, 0 at the working grid's outline
# How far inward an outline may be off, and how far it usually is; patella and fibula are as hollow as they are, but
# convex on the working grid.
SEARCH_MM, USUAL_MM = 2.0, 1.2
SEARCH_OF_CONVEX_MM, USUAL_OF_CONVEX_MM = 4.4, 2.0
BESIDE_MM = 1.4  # the edge's foot and top lie this near to its steepest place
STEEPEST_MM = 0.4  # Gaussian scale at which the steepest place is sought
LEAST_RISE_HU = 80.0
SMOOTHING_MM = 0.7  # of the working grid's outline
NEIGHBORS, ROUNDS = 9, 2  # over which displacements are made consistent
MARGIN_MM = 0.5

Array = NDArray[np.float64]


def sharp_labels(labels: sitk.Image, scan: sitk.Image, on_scan: sitk.Image | None = None) -> sitk.Image:
    """Bone labels on the grid of a scan, each outline at half the rise from soft tissue to cortex.

    Args:
        labels: ``uint8`` bone labels on the axis-aligned working grid.
        scan: HU, any orientation.
        on_scan: the labels brought to the grid of the scan by :func:`~CTSMALib.anatomy.grids.labels_on`, to spare that.

    Returns:
        ``uint8`` label map on the grid of ``scan``. Where voxels are coarse, or an edge is not clear, outlines are
        those of the working grid.
    """
    result = labels_on(labels, scan) if on_scan is None else on_scan
    if max(scan.GetSpacing()) > COARSEST_MM:
        return result
    found = sitk.GetArrayFromImage(result)
    best = np.full(found.shape, -np.inf, np.float32)  # depth under the outline of the bone that a voxel is given to
    for bone in BONES:
        mask = sitk.GetArrayViewFromImage(labels) == bone.label
        if mask.any():
            _redraw(found, best, bone.label, _outline(labels, mask), scan)
    sharp = sitk.GetImageFromArray(found)
    sharp.CopyInformation(scan)
    return sharp


def _outline(labels: sitk.Image, mask: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Points (n, 3) of a smooth outline of a mask and inward unit normals there, LPS."""
    spacing = labels.GetSpacing()[0]
    box = tuple(slice(max(cut.start - 4, 0), cut.stop + 4) for cut in ndimage.find_objects(mask.astype(np.uint8))[0])
    smooth = ndimage.gaussian_filter(mask[box].astype(np.float32), SMOOTHING_MM / spacing, mode="nearest")
    if smooth.min() > 0.5 or smooth.max() < 0.5:
        return np.zeros((0, 3)), np.zeros((0, 3))
    index = marching_cubes(smooth, 0.5)[0].astype(float)
    slope = np.stack([ndimage.map_coordinates(g, index.T, order=1) for g in np.gradient(smooth)], axis=-1)
    normal = slope[:, ::-1] / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-6)
    return index_to_lps(labels, index + [cut.start for cut in box]), normal


def _redraw(
    found: NDArray[np.uint8], best: NDArray[np.float32], label: int, outline: tuple[Array, Array], scan: sitk.Image
) -> None:
    """Give the voxels around the outline of a bone to it or take them away."""
    points, normals = outline
    if len(points) == 0:
        return
    search, usual = (SEARCH_MM, USUAL_MM)
    if label in (PATELLA.label, FIBULA.label):
        search, usual = SEARCH_OF_CONVEX_MM, USUAL_OF_CONVEX_MM
    moved = _displacements(points, normals, scan, search, usual)
    index = _band(points, scan, search + MARGIN_MM)
    tree = cKDTree(points)
    places = index_to_lps(scan, index)
    distance, nearest = tree.query(places, distance_upper_bound=search + MARGIN_MM)
    near = np.isfinite(distance)
    index, places, nearest = index[near], places[near], nearest[near]
    depth = ((places - points[nearest]) * normals[nearest]).sum(axis=1) - moved[nearest]
    at = tuple(index.T)
    inside, own = depth > 0, found[at] == label
    wins = inside & ((found[at] == 0) | own | (depth > best[at]))
    found[tuple(index[own & ~inside].T)] = 0
    taken = tuple(index[wins].T)
    found[taken], best[taken] = label, depth[wins]


def _band(points: Array, scan: sitk.Image, reach_mm: float) -> NDArray[np.intp]:
    """Indices (z, y, x) of the voxels near an outline, some more than those."""
    shape = scan.GetSize()[::-1]
    at = np.rint(lps_to_index(scan, points)).astype(int)
    at = at[np.all((at >= 0) & (at < shape), axis=1)]
    marked = np.zeros(shape, bool)
    marked[tuple(at.T)] = True
    reach = [2 * int(np.ceil(reach_mm / s)) + 1 for s in scan.GetSpacing()[::-1]]
    # boxes, axis by axis: quicker than distances, which are asked for later
    for axis, size in enumerate(reach):
        marked = ndimage.maximum_filter1d(marked, size, axis=axis)
    return np.argwhere(marked)


def _displacements(points: Array, normals: Array, scan: sitk.Image, search_mm: float, usual_mm: float) -> Array:
    """How far inward (mm) the edge in the image lies from each point of an outline; 0 where nothing is clear."""
    along = points[:, None] + PROFILE_MM[:, None] * normals[:, None]
    index = lps_to_index(scan, along)
    hu = ndimage.map_coordinates(
        sitk.GetArrayViewFromImage(scan), index.reshape(-1, 3).T, order=1, output=np.float32, cval=np.nan
    ).reshape(index.shape[:2])
    edge = _edge(np.nan_to_num(hu, nan=-1000.0), search_mm, usual_mm)
    edge[np.isnan(hu).any(axis=1)] = np.nan
    return _consistent(points, edge)


def _edge(hu: NDArray[np.float32], search_mm: float, usual_mm: float) -> Array:
    """Position (mm) of half the rise at the most likely outer edge of each profile (n, m); NaN without one."""
    rise = ndimage.gaussian_filter1d(hu, STEEPEST_MM / STEP_MM, axis=1, order=1)
    allowed = (PROFILE_MM >= -SEARCH_MM) & (PROFILE_MM - search_mm <= 0.0)
    likely = np.where(allowed, np.exp(-0.5 * (PROFILE_MM / usual_mm) ** 2), 0.0)
    steepest = np.argmax(rise * likely, axis=1)
    beside = round(BESIDE_MM / STEP_MM)
    offsets = np.arange(-beside, beside + 1)
    around = np.clip(steepest[:, None] + offsets, 0, hu.shape[1] - 1)
    part = np.take_along_axis(hu, around, axis=1)
    foot, top = part[:, : beside + 1].min(axis=1), part[:, beside:].max(axis=1)
    level = 0.5 * (foot + top)
    # walk from the foot to the top: the last crossing before the top, seen from the steepest place
    below = part <= level[:, None]
    crossing = below[:, :-1] & ~below[:, 1:]
    far = np.where(crossing, np.abs(offsets[:-1] + 0.5), np.inf)
    at = np.argmin(far, axis=1)
    rows = np.arange(len(part))
    low, high = part[rows, at], part[rows, at + 1]
    share = np.divide(level - low, high - low, out=np.zeros_like(level), where=high > low)
    position = PROFILE_MM[0] + STEP_MM * (steepest + offsets[at] + share)
    clear = (
        np.isfinite(far.min(axis=1))
        & (top - foot >= LEAST_RISE_HU)
        & (position >= -SEARCH_MM)
        & (position <= search_mm)
    )
    return np.where(clear, position, np.nan)


def _consistent(points: Array, edge: Array) -> Array:
    """Displacements that agree with those around: medians, then means, over the nearest points."""
    nearest = cKDTree(points).query(points, NEIGHBORS)[1]
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            around = edge[nearest]
            known = np.isfinite(around).any(axis=1)
            median = np.full(len(edge), np.nan)
            median[known] = np.nanmedian(around[known], axis=1)
            edge = median
    edge = np.nan_to_num(edge)
    return edge[nearest].mean(axis=1)
