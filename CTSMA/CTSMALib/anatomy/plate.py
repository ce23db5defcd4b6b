"""The subchondral plate of femur and tibia: the outer surface under the cartilage, and how thick it appears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.extent import Extent, measure_extent
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.anatomy.labels import FEMUR, Bone

LATTICE_MM = 1.0
HALF_WIDTH_MM, HALF_LENGTH_MM = 52.0, 48.0  # the largest plateau fits in here
SEARCH_MM = (25.0, 40.0)  # beyond the articular level, and behind it
STEP_MM = 0.5
PROFILE_MM = np.arange(-4.0, 9.01, 0.25)  # along the inward normal, 0 at the label's surface
OUTER_SEARCH_MM, PEAK_SEARCH_MM = 4.0, (-2.5, 3.5)
TRABECULAR_MM = (2.5, 6.0)  # behind the peak
LEAST_CONTRAST_HU = 60.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plate:
    """The articular surface of one bone as a height map over its joint frame.

    All arrays share the lattice axes (i, j): i along lateral, j along anterior, :data:`LATTICE_MM` apart.

    Attributes:
        bone: femur or tibia.
        lateral_mm: (ni,) lattice coordinates.
        anterior_mm: (nj,) lattice coordinates.
        points_mm: (ni, nj, 3) outer surface, (lateral, anterior, proximal); NaN where there is none.
        inward: (ni, nj, 3) unit vectors into the bone, same axes.
        extent: width and length of the bone's articular end.
        thickness_mm: (ni, nj) apparent thickness: distance between the half-maximum points of the HU
            profile across the plate. Blur widens it; NaN where no plate stands out.
    """

    bone: Bone
    lateral_mm: Array
    anterior_mm: Array
    points_mm: Array
    inward: Array
    extent: Extent
    thickness_mm: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """(ni, nj) where there is a surface."""
        return np.isfinite(self.points_mm[..., 2])


def find_plate(
    image: sitk.Image | None, labels: sitk.Image, bone: Bone, frame: JointFrame, usual: Extent | None = None
) -> Plate:
    """Find the plate of a bone.

    Args:
        image: HU, at the scan's own resolution; ``None`` to take the label's surface as it is.
        labels: bone labels on an axis-aligned grid.
        bone: femur or tibia.
        frame: its joint frame.
        usual: extent to take where the bone is cut by the edge of the image.

    Returns:
        The plate; all NaN where the bone has no articular surface in the image.
    """
    lateral = np.arange(-HALF_WIDTH_MM, HALF_WIDTH_MM + 0.1, LATTICE_MM)
    anterior = np.arange(-HALF_LENGTH_MM, HALF_LENGTH_MM + 0.1, LATTICE_MM)
    height = _surface_height(labels, bone, frame, lateral, anterior)
    points = np.stack([*np.meshgrid(lateral, anterior, indexing="ij"), height], axis=-1)
    inward = _inward_normals(height, bone)
    extent = measure_extent(labels, bone, frame, usual)
    if image is None:
        return Plate(bone, lateral, anterior, points, inward, extent, np.full(height.shape, np.nan))
    profiles = _profiles(image, frame, points, inward)
    offset, thickness = _edges(profiles)
    return Plate(bone, lateral, anterior, points + offset[..., None] * inward, inward, extent, thickness)


def _surface_height(labels: sitk.Image, bone: Bone, frame: JointFrame, lateral: Array, anterior: Array) -> Array:
    """Height (mm along proximal) at which a column first meets the bone, coming from the joint; NaN if never."""
    inwards = 1.0 if bone is FEMUR else -1.0
    steps = inwards * np.arange(-SEARCH_MM[0], SEARCH_MM[1] + 0.1, STEP_MM)
    solid = sitk.GetArrayViewFromImage(labels) == bone.label
    smooth = ndimage.gaussian_filter(solid.astype(np.float32), 0.7)
    columns = np.stack(np.meshgrid(lateral, anterior, steps, indexing="ij"), axis=-1)
    index = lps_to_index(labels, frame.to_lps(columns))
    inside = ndimage.map_coordinates(smooth, np.moveaxis(index, -1, 0), order=1, cval=0.0)
    bony = inside >= 0.5
    first = np.argmax(bony, axis=-1)
    met = np.take_along_axis(bony, first[..., None], -1)[..., 0] & (first > 0)
    after = np.take_along_axis(inside, first[..., None], -1)[..., 0]
    before = np.take_along_axis(inside, np.maximum(first - 1, 0)[..., None], -1)[..., 0]
    part = np.divide(0.5 - before, after - before, out=np.ones_like(after), where=after > before)
    return np.where(met, steps[np.maximum(first - 1, 0)] + inwards * STEP_MM * part, np.nan)


def _inward_normals(height: Array, bone: Bone, sigma_mm: float = 2.0) -> Array:
    known = np.isfinite(height)
    weight = ndimage.gaussian_filter(known.astype(float), sigma_mm / LATTICE_MM)
    filled = ndimage.gaussian_filter(np.where(known, height, 0.0), sigma_mm / LATTICE_MM)
    smooth = np.divide(filled, weight, out=np.full_like(filled, np.nan), where=weight > 0.2)
    by_lateral, by_anterior = np.gradient(smooth, LATTICE_MM)
    normal = np.stack([-by_lateral, -by_anterior, np.ones_like(smooth)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.where(known[..., None], normal if bone is FEMUR else -normal, np.nan)


def _profiles(image: sitk.Image, frame: JointFrame, points: Array, inward: Array) -> Array:
    """HU along the inward normal, averaged over about 2 mm of surface: (ni, nj, len(PROFILE_MM))."""
    positions = points[..., None, :] + PROFILE_MM[:, None] * inward[..., None, :]
    index = lps_to_index(image, frame.to_lps(positions))
    known: NDArray[np.bool_] = np.isfinite(index[..., :1])[..., 0]
    hu = np.full(known.shape, np.nan)
    field = sitk.GetArrayViewFromImage(image)
    hu[known] = ndimage.map_coordinates(field, index[known].T, order=1, output=np.float32, cval=np.nan)
    known = np.isfinite(hu)
    sigma = (1.0 / LATTICE_MM, 1.0 / LATTICE_MM, 0.0)
    weight = ndimage.gaussian_filter(known.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(known, hu, 0.0).astype(np.float32), sigma)
    return np.where(known, np.divide(total, weight, out=np.zeros_like(total), where=weight > 0), np.nan)


def _edges(profiles: Array) -> tuple[Array, Array]:
    """Outer half-maximum position, relative to the label's surface (0 where unclear), and apparent thickness."""
    t = PROFILE_MM
    usable = ~np.isnan(profiles.sum(axis=-1))
    hu = np.where(usable[..., None], profiles, 0.0)
    near = (t >= PEAK_SEARCH_MM[0]) & (t <= PEAK_SEARCH_MM[1])
    peak_at = np.argmax(np.where(near, hu, -np.inf), axis=-1)
    peak = np.take_along_axis(hu, peak_at[..., None], -1)[..., 0]
    behind = t - t[peak_at][..., None]
    outside = np.where((behind <= 0) & (behind >= -OUTER_SEARCH_MM), hu, np.inf).min(axis=-1)
    deep = (behind >= TRABECULAR_MM[0]) & (behind <= TRABECULAR_MM[1])
    trabecular = np.where(deep, hu, 0.0).sum(axis=-1) / np.maximum(deep.sum(axis=-1), 1)
    outer = _crossing(hu, peak_at, (peak + outside) / 2, -1)
    inner = _crossing(hu, peak_at, (peak + trabecular) / 2, 1)
    clear = usable & (peak - outside > LEAST_CONTRAST_HU) & np.isfinite(outer)
    distinct = clear & (peak - trabecular > LEAST_CONTRAST_HU) & np.isfinite(inner)
    offset = np.where(clear, outer, np.nan)
    smooth = ndimage.median_filter(np.where(clear, offset, 0.0), size=5)
    return np.clip(smooth, -2.0, 2.0), np.where(distinct, inner - outer, np.nan)


def _crossing(hu: Array, start: NDArray[np.intp], level: Array, direction: int) -> Array:
    """Position (mm) where the profile first falls below a level, walking from ``start``; NaN if it does not."""
    ahead = (np.arange(hu.shape[-1]) - start[..., None]) * direction > 0
    below = ahead & (hu < level[..., None])
    found = below.any(axis=-1)
    at = np.argmax(below, axis=-1) if direction > 0 else hu.shape[-1] - 1 - np.argmax(below[..., ::-1], axis=-1)
    before = np.clip(at - direction, 0, hu.shape[-1] - 1)
    low = np.take_along_axis(hu, at[..., None], -1)[..., 0]
    high = np.take_along_axis(hu, before[..., None], -1)[..., 0]
    part = np.divide(high - level, high - low, out=np.zeros_like(level), where=high > low)
    position = PROFILE_MM[before] + direction * part * (PROFILE_MM[1] - PROFILE_MM[0])
    return np.where(found, position, np.nan)
