"""Segmentation of the bones of one knee: fitted atlases say which bone, the image says where it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image
from skimage.segmentation import watershed

from CTSMALib.anatomy.atlas import depth_inside
from CTSMALib.anatomy.bone_mask import BONE_OUTSIDE_ATLAS_HU, THRESHOLD_LIMITS_HU, fill_marrow, local_half_maximum
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone
from CTSMALib.anatomy.pose import Pose

CORE_MM = 3.0  # deeper than this in the fitted atlas is bone whatever its HU
GUESSED_DEPTH_MM = 2.9  # less than CORE_MM
AIR_HU = -300.0  # no marrow is darker; air, padding and what lies outside the image are
BAND_MM = 6.0  # bone may extend this far outside the fitted atlas (osteophytes, misfit)
SURE_MM = 6.0  # a difference in atlas depth that the fit's error cannot reverse
SEEDED_MM = 1.0  # further outside the fitted atlas, a bone may be its neighbor (fibula, patella)
APART_MM = 3.0  # from the fitted femur and tibia: a piece of another bone
VALLEY_REACH_MM = 6.0  # from the middle of a joint space to the plates
SMALLEST_SEED_ML = 0.4
CLOSING_MM = 4.0  # half the widest gap in the cortex that is bridged
SHARE_OF_LARGEST = 0.2
SMOOTHING_MM = 0.8  # Gaussian scale that rounds off single voxels

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class BonePoses:
    """The fitted poses of the two weight-bearing bones of one knee."""

    femur: Pose
    tibia: Pose

    def frame(self, bone: Bone) -> JointFrame:
        """Joint frame of femur or tibia."""
        return (self.femur if bone is FEMUR else self.tibia).frame(bone)


def segment_bones(image: sitk.Image, poses: BonePoses) -> Labels:
    """Label femur, tibia, patella and fibula, marrow filled in.

    Args:
        image: HU on an axis-aligned isotropic grid of about 1 mm around the knee.
        poses: atlas fits of femur and tibia.

    Returns:
        (z, y, x) labels on the grid of ``image``; a bone outside the image is absent.
    """
    hu = sitk.GetArrayViewFromImage(image)
    spacing = image.GetSpacing()[0]
    points = voxel_centers(image)
    depth = {b: _depth(p, b, points) for b, p in ((FEMUR, poses.femur), (TIBIA, poses.tibia))}
    deepest = np.maximum(depth[FEMUR], depth[TIBIA])
    floor = np.where(deepest > -2.0, THRESHOLD_LIMITS_HU[0], BONE_OUTSIDE_ATLAS_HU)
    hard = hu > np.maximum(local_half_maximum(hu, spacing), floor)
    mask = (deepest > CORE_MM) | (hard & (deepest > -BAND_MM))
    preference = depth[FEMUR] - depth[TIBIA]
    for near in (preference > 0, preference <= 0):
        # Bone by bone, because both bones together enclose the notch and the joint space.
        mask |= _enclosed(mask & near, spacing, gap_mm=6.0) & near & (deepest > -1.5)
    # The atlas decides wherever it is sure; the valley between two bright plates decides the rest.
    seeds = np.zeros(hu.shape, dtype=np.int32)
    sure = mask & (deepest > -SEEDED_MM)
    seeds[sure & (preference > SURE_MM)] = FEMUR.label
    seeds[sure & (preference < -SURE_MM)] = TIBIA.label
    small = _seeds_of_small_bones(hard & (deepest < -APART_MM), points, poses, spacing)
    seeds[small > 0] = small[small > 0]
    mask |= small > 0
    smooth = ndimage.gaussian_filter(np.clip(hu, -200, 1200), 0.6 / spacing)
    flooded = watershed(_valley_depth(smooth, spacing), seeds, mask=mask)
    return np.where(hu > AIR_HU, _tidy(flooded.astype(np.uint8), spacing), 0).astype(np.uint8)


def _valley_depth(hu: NDArray[np.floating], spacing: float) -> NDArray[np.floating]:
    """How far a voxel lies below the brighter bone on both sides of it, along the axis where that is most.

    Deep in a joint space, shallow in dark trabecular bone under a plate, which is bright on one side only.
    """
    reach = max(1, round(VALLEY_REACH_MM / spacing))
    depths = []
    for axis in range(3):
        before, after = (
            ndimage.maximum_filter1d(hu, reach, axis=axis, origin=side) for side in ((reach - 1) // 2, -(reach // 2))
        )
        depths.append(np.minimum(before, after) - hu)
    return np.maximum.reduce(depths)


def _enclosed(mask: NDArray[np.bool_], spacing: float, gap_mm: float) -> NDArray[np.bool_]:
    """What bone encloses in any of the three families of slices."""
    enclosed = np.zeros(mask.shape, dtype=bool)
    for axis in range(3):
        enclosed |= np.moveaxis(fill_marrow(np.moveaxis(mask, axis, 0), spacing, gap_mm), 0, axis)
    return enclosed


def _depth(pose: Pose, bone: Bone, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Depth inside the fitted atlas bone in patient mm.

    The shaft goes on where the atlas ends, but its outline is a guess there: no point counts as core.
    """
    in_atlas = pose.to_atlas(points)
    low = np.array(pose.atlas.labels.GetOrigin())
    top = low + (np.array(pose.atlas.labels.GetSize()) - 1) * np.array(pose.atlas.labels.GetSpacing())
    margin = 4.0  # the atlas's own end faces are not bone surface
    within = np.clip(in_atlas[..., 2], low[2] + margin, top[2] - margin)
    beyond = within != in_atlas[..., 2]
    in_atlas[..., 2] = within
    depth = depth_inside(pose.atlas, bone, in_atlas) * pose.scale
    return np.where(beyond, np.minimum(depth, GUESSED_DEPTH_MM), depth)


def _seeds_of_small_bones(
    hard: NDArray[np.bool_], points: NDArray[np.float64], poses: BonePoses, spacing: float
) -> NDArray[np.int32]:
    """Patella and fibula: pieces of bone away from femur and tibia, named by where they lie."""
    filled = fill_marrow(hard, spacing, gap_mm=4.0)
    pieces, _ = ndimage.label(filled)
    seeds = np.zeros(filled.shape, dtype=np.int32)
    femur, tibia = poses.frame(FEMUR), poses.frame(TIBIA)
    largest: dict[int, float] = {}
    for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
        where = pieces[box] == piece
        volume = where.sum() * spacing**3 / 1000
        center = points[box][where].mean(axis=0)
        label = _name(femur.to_anatomical(center), tibia.to_anatomical(center))
        if volume >= SMALLEST_SEED_ML and label and volume > largest.get(label, 0.0):
            seeds[seeds == label] = 0
            seeds[box][where] = label
            largest[label] = volume
    return seeds


def _name(in_femur: NDArray[np.float64], in_tibia: NDArray[np.float64]) -> int:
    """Label of a piece of bone from its center as (lateral, anterior, proximal) in either frame; 0 for neither."""
    if in_femur[1] > 25 and abs(in_femur[0]) < 35 and in_femur[2] > -25:
        return PATELLA.label
    if in_tibia[0] > 15 and in_tibia[1] < 12 and in_tibia[2] < -10:
        return FIBULA.label
    return 0


def _closed(mask: NDArray[np.bool_], spacing: float) -> NDArray[np.bool_]:
    """Morphological closing with a ball, which bridges missing pieces of thin cortex but no joint or notch.

    Bone is taken to continue beyond the image, so that a cut shaft is not eroded.
    """
    margin = int(np.ceil(CLOSING_MM / spacing)) + 1
    padded = np.pad(mask, margin, mode="edge")
    box = tuple(
        slice(max(part.start - margin, 0), part.stop + margin)
        for part in ndimage.find_objects(padded.astype(np.uint8))[0]
    )
    dilated = ndimage.distance_transform_edt(~padded[box]) <= CLOSING_MM / spacing
    padded[box] |= ndimage.distance_transform_edt(dilated) > CLOSING_MM / spacing
    return padded[margin:-margin, margin:-margin, margin:-margin]


def _axial_hulls(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Patella and fibula are nearly convex in axial section, and their cortex may be too thin to close otherwise."""
    hulls = np.zeros_like(mask)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        hulls[k] = convex_hull_image(mask[k])
    return hulls


def _tidy(labels: Labels, spacing: float) -> Labels:
    """Per bone: smooth, fill, keep the largest piece and others of similar size."""
    clean = np.zeros_like(labels)
    for bone in (FEMUR, TIBIA, PATELLA, FIBULA):
        mask = labels == bone.label
        if not mask.any():
            continue
        if bone in (FEMUR, TIBIA):
            filled = fill_marrow(_closed(mask, spacing), spacing, gap_mm=3.0)
        else:
            filled = _axial_hulls(mask)
        smooth = ndimage.gaussian_filter(filled.astype(np.float32), SMOOTHING_MM / spacing, mode="nearest") > 0.5
        pieces, count = ndimage.label(smooth)
        if count:
            sizes = np.bincount(pieces.ravel())
            sizes[0] = 0
            # The condyles are two pieces where the image ends below the notch.
            clean[(sizes >= SHARE_OF_LARGEST * sizes.max())[pieces] & (clean == 0)] = bone.label
    return clean
