"""The methods that the shipped one is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import disk
from skimage.segmentation import random_walker, watershed

from CTSMALib.anatomy.atlas import depth_inside, has_bone
from CTSMALib.anatomy.bones import BonePoses
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import BONES, FEMUR, FIBULA, PATELLA, TIBIA, Bone
from CTSMALib.anatomy.pose import Pose

THRESHOLD_HU, MARKER_MM, GAP_MM = 200.0, 4.0, 8.0  # best of 120 to 200 HU, 2 to 4 mm, 4 to 8 mm on the simulated knees
SMALLEST_ML = 1.0
WALKER_BAND_MM, WALKER_BETA, BRIGHT_HU = 5.0, 90.0, 250.0

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Fit:
    """The fitted atlas: one pose for each weight-bearing bone, one of the whole knee for the others."""

    bones: BonePoses
    knee: Pose

    def depth(self, bone: Bone, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Depth (mm) of patient points under the fitted surface; the shaft goes on where the atlas ends."""
        pose = {FEMUR: self.bones.femur, TIBIA: self.bones.tibia}.get(bone, self.knee)
        local = pose.to_atlas(points_mm)
        low = pose.atlas.labels.GetOrigin()[2]
        high = low + (pose.atlas.labels.GetSize()[2] - 1) * pose.atlas.labels.GetSpacing()[2]
        local[..., 2] = np.clip(local[..., 2], low + 4.0, high - 4.0)
        return depth_inside(pose.atlas, bone, local) * pose.scale


def atlas_alone(image: sitk.Image, fit: Fit) -> Labels:
    """Every voxel inside a fitted atlas bone; the image has no say."""
    depth = np.stack([d for _, d in _depths(image, fit)])
    numbers = np.array([b.label for b, _ in _depths(image, fit)], dtype=np.uint8)
    return np.where(depth.max(axis=0) > 0, numbers[depth.argmax(axis=0)], 0).astype(np.uint8)


def walker_from_atlas(image: sitk.Image, fit: Fit) -> Labels:
    """Random walks (Grady 2006) between what the fitted atlas is sure of, in a band around its surfaces."""
    hu = sitk.GetArrayViewFromImage(image)
    depths = _depths(image, fit)
    deepest = np.max([d for _, d in depths], axis=0)
    seeds = np.full(hu.shape, -1, dtype=np.int32)
    near = np.abs(deepest) <= WALKER_BAND_MM
    seeds[near] = 0
    background = max(b.label for b, _ in depths) + 1
    rim = (deepest < -WALKER_BAND_MM) & (deepest >= -WALKER_BAND_MM - 2.0)
    seeds[rim] = background
    for bone, depth in depths:
        seeds[(depth > WALKER_BAND_MM) & (depth <= WALKER_BAND_MM + 2.0)] = bone.label
        seeds[(depth > 0.5 * depth.max()) & near] = bone.label  # thin bones have no deep core
    box = ndimage.find_objects((seeds >= 0).astype(np.uint8))[0]
    names = np.unique(seeds[seeds > 0])
    # The library wants seeds without gaps in their numbers, and a bone may be out of view.
    numbered = np.where(seeds > 0, np.searchsorted(names, seeds) + 1, seeds)
    # Above the brightest soft tissue all is bone: only the outer edge of cortex is left as an obstacle.
    clipped = np.clip(hu[box], 0.0, BRIGHT_HU)
    walked = random_walker(clipped, numbered[box], beta=WALKER_BETA, mode="cg_j", tol=1e-3)
    found = np.append(0, names)[np.maximum(walked, 0)]
    result = np.zeros(hu.shape, dtype=np.uint8)
    result[box] = np.where(found < background, found, 0)
    for bone, depth in depths:
        result[depth > WALKER_BAND_MM] = bone.label
    return result


def _depths(image: sitk.Image, fit: Fit) -> list[tuple[Bone, NDArray[np.float64]]]:
    points = index_to_lps(image, np.stack(np.indices(image.GetSize()[::-1]), axis=-1))
    return [(bone, fit.depth(bone, points)) for bone in BONES if has_bone(fit.knee.atlas, bone)]


def classical(image: sitk.Image) -> Labels:
    """Threshold, marrow filled in, bones split by a watershed of the distance to their surface, named by position.

    Args:
        image: HU on an axis-aligned isotropic grid around the knee.
    """
    spacing = image.GetSpacing()[0]
    mask = _filled(sitk.GetArrayViewFromImage(image) > THRESHOLD_HU, spacing)
    solid = np.pad(mask, ((8, 8), (0, 0), (0, 0)), mode="edge")  # a cut shaft is no thinner at its end
    depth = ndimage.distance_transform_edt(solid)[8:-8] * spacing
    markers, count = ndimage.label(depth > MARKER_MM)
    size = np.bincount(markers.ravel(), minlength=count + 1)
    markers[(size < 0.2 * 1000 / spacing**3)[markers]] = 0
    pieces = watershed(-depth, markers, mask=mask)
    return _named(pieces, spacing)


def _filled(hard: NDArray[np.bool_], spacing: float) -> NDArray[np.bool_]:
    """Close the gaps of the cortex in axial slices and fill what it encloses."""
    radius = round(GAP_MM / 2 / spacing)
    filled = np.zeros_like(hard)
    for k, section in enumerate(hard):
        wide = np.pad(section, radius + 1)
        closed = ndimage.binary_fill_holes(ndimage.binary_closing(wide, disk(radius)))
        added = ndimage.binary_opening(closed & ~wide, disk(radius))
        filled[k] = ndimage.binary_fill_holes(wide | added)[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    return ndimage.binary_opening(filled, iterations=1)


def _named(pieces: NDArray[np.int32], spacing: float) -> Labels:
    """The two largest pieces are femur (upper) and tibia; patella lies in front of one, fibula beside the other."""
    labels = np.zeros(pieces.shape, dtype=np.uint8)
    size = np.bincount(pieces.ravel()) * spacing**3 / 1000
    size[0] = 0.0
    large = [int(k) for k in np.argsort(size)[::-1] if size[k] >= SMALLEST_ML]
    if len(large) < 2:
        return labels
    center = {k: np.array(ndimage.center_of_mass(pieces == k)) * spacing for k in large}
    femur, tibia = sorted(large[:2], key=lambda k: -center[k][0])
    labels[pieces == femur], labels[pieces == tibia] = FEMUR.label, TIBIA.label
    joint = (center[femur][0] + center[tibia][0]) / 2
    for k in large[2:]:
        upper = center[k][0] > joint
        bone = PATELLA if upper and center[k][1] < center[femur][1] - 20 else FIBULA
        if bone is FIBULA and (upper or abs(center[k][2] - center[tibia][2]) < 15):
            continue
        if not (labels == bone.label).any():
            labels[pieces == k] = bone.label
    return labels
