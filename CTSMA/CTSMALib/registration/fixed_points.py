"""Points of the CT in and around bones, spread evenly and off the voxel grid, with binned CT values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import qmc

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.registration.moving_levels import MovingLevel, level_of
from CTSMALib.registration.rigid_fit import FixedPoints
from CTSMALib.registration.similarity import sampled
from CTSMALib.volumes.grid import Grid

FIXED_BINS = 32
LOWEST_HU, HIGHEST_HU = -250.0, 1000.0
AROUND_MM = 4.0  # beyond the surface of the bone, so that its outline counts from both sides
APART_MM = 5.0  # from other bones: between bones, cartilage and fluid move with either
MARGIN_MM = 12.0  # of what is kept around a bone


@dataclass(frozen=True, eq=False)
class FixedBone:
    """One bone of the CT.

    Attributes:
        name: of the bone.
        depth_mm: (z, y, x) depth inside the bone, negative outside.
        other_mm: likewise of all other bones together.
        region: the grid of both, an image without values of its own.
    """

    name: str
    depth_mm: NDArray[np.float32]
    other_mm: NDArray[np.float32]
    region: sitk.Image

    @property
    def center_mm(self) -> NDArray[np.float64]:
        """(3,) LPS middle of the bone."""
        return index_to_lps(self.region, np.argwhere(self.depth_mm > 0).mean(axis=0))

    @property
    def volume_ml(self) -> float:
        """Of the bone."""
        return float(np.count_nonzero(self.depth_mm > 0) * np.prod(self.region.GetSpacing()) / 1000.0)


def fixed_bone(labels: sitk.Image, values: Sequence[int], name: str) -> FixedBone:
    """Bones of a label map, taken for one.

    Args:
        labels: isotropic or nearly so.
        values: labels of the bones.
        name: what to call them.

    Raises:
        ValueError: none of the labels occurs.
    """
    array = np.isin(sitk.GetArrayViewFromImage(labels), list(values))
    if not array.any():
        raise ValueError(f"there is no {name} in the labels")
    margin = np.ceil(MARGIN_MM / np.array(labels.GetSpacing())).astype(int)
    box = ndimage.find_objects(array.astype(np.uint8))[0][::-1]
    start = [max(s.start - m, 0) for s, m in zip(box, margin, strict=True)]
    stop = [min(s.stop + m, n) for s, m, n in zip(box, margin, labels.GetSize(), strict=True)]
    region = labels[tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))]
    cropped = sitk.GetArrayFromImage(region)
    own = np.isin(cropped, list(values))
    spacing = region.GetSpacing()[::-1]
    return FixedBone(name, signed_depth(own, spacing), signed_depth((cropped > 0) & ~own, spacing), region)


def signed_depth(mask: NDArray[np.bool_], spacing_zyx: Sequence[float]) -> NDArray[np.float32]:
    """Depth (mm) inside a mask, negative outside, 0 halfway between the last voxel inside and the first outside.

    Where the mask reaches the border it goes on beyond it.
    """
    if not mask.any():
        return np.full(mask.shape, -1e3, dtype=np.float32)
    padded = np.pad(mask, 1, mode="edge")
    inner = (slice(1, -1),) * 3
    inside = ndimage.distance_transform_edt(padded, spacing_zyx)[inner]
    outside = ndimage.distance_transform_edt(~mask, spacing_zyx)
    half = 0.5 * min(spacing_zyx)
    depth: NDArray[np.float32] = np.where(mask, inside - half, half - outside).astype(np.float32)
    return depth


class FixedLevels:
    """The CT around the bones at several scales; each is made when first asked for."""

    def __init__(self, ct: sitk.Image, labels: sitk.Image) -> None:
        """Keep the CT around what is labelled."""
        self._cropped = _around_labels(ct, labels)
        self._made: dict[float, MovingLevel] = {}

    def level(self, sigma_mm: float) -> MovingLevel:
        """The CT at one scale."""
        if sigma_mm not in self._made:
            array = sitk.GetArrayFromImage(self._cropped).astype(np.float32)
            self._made[sigma_mm] = level_of(array, Grid.of(self._cropped), sigma_mm)
        return self._made[sigma_mm]


def _around_labels(ct: sitk.Image, labels: sitk.Image) -> sitk.Image:
    inside = np.argwhere(sitk.GetArrayFromImage(labels) > 0)
    corners = index_to_lps(labels, np.array([inside.min(axis=0), inside.max(axis=0)]))
    box = np.array(np.meshgrid(*corners.T)).reshape(3, -1).T
    index = np.array([ct.TransformPhysicalPointToContinuousIndex(p.tolist()) for p in box])
    margin = MARGIN_MM / np.array(ct.GetSpacing())
    start = np.clip(np.floor(index.min(axis=0) - margin), 0, np.array(ct.GetSize()) - 2).astype(int)
    stop = np.clip(np.ceil(index.max(axis=0) + margin) + 1, start + 2, ct.GetSize()).astype(int)
    return ct[tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))]


def points_around(
    levels: FixedLevels, bone: FixedBone, count: int, sigma_mm: float, around_mm: float = AROUND_MM
) -> FixedPoints:  # fmt: skip
    """Points in and around a bone; what lies between bones is left out.

    Args:
        levels: the CT.
        bone: that counts.
        count: how many points about.
        sigma_mm: of the Gaussian that smooths the CT; 0 leaves it as it is.
        around_mm: how far around the bone points lie.
    """
    wanted = bone.depth_mm > -around_mm
    wanted &= (bone.depth_mm > 0) | (bone.other_mm < -APART_MM)
    places = np.argwhere(wanted)
    low, high = places.min(axis=0) - 0.5, places.max(axis=0) + 0.5
    share = len(places) / float(np.prod(high - low))
    # A low-discrepancy sequence covers space more evenly than chance, and is the same every time.
    index = low + qmc.Halton(3, scramble=False).random(int(count / share)) * (high - low)
    nearest = np.rint(index).astype(int).clip(0, np.array(wanted.shape) - 1)
    points = index_to_lps(bone.region, index[wanted[tuple(nearest.T)]])
    level = levels.level(sigma_mm)
    hu = sampled(level.signal, level.to_index, points)
    known = np.isfinite(hu)
    return FixedPoints.of(points[known], bins_of(hu[known]), FIXED_BINS)


def bins_of(hu: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Bins of CT values: equally wide between fat and cortex."""
    share = (np.clip(hu, LOWEST_HU, HIGHEST_HU) - LOWEST_HU) / (HIGHEST_HU - LOWEST_HU)
    return np.minimum(share * FIXED_BINS, FIXED_BINS - 1).astype(np.uint8)
