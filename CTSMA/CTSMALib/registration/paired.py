"""What a registration makes of the images: the MR on the CT's grid, and paired boxes around patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import index_to_lps, lps_to_index, physical_box, voxel_centers
from CTSMALib.registration.fixed_points import FixedBone
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.record import PairedPatch
from CTSMALib.registration.similarity import sampled
from CTSMALib.volumes.geometry import crop_to_box
from CTSMALib.volumes.rigid import Matrix, applied

BOX_MM = 12.0  # as in virtual cohorts: holds an 8 mm patch turned by up to 25 degrees
FIELD_MM = 3.0  # spacing at which motions are blended
MARGIN_MM = 15.0  # around the bones
SHARPNESS = 2.0  # power of the distance by which motions of bones are blended between them
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motions:
    """Where every place of the CT appears in the MR.

    Attributes:
        bones: the bones of the CT that were registered.
        matrices: (4, 4) of each, by name.
        local: refinement.
    """

    bones: Mapping[str, FixedBone]
    matrices: Mapping[str, Matrix]
    local: LocalField

    def of_bone(self, bone: str, points_mm: Array) -> Array:
        """(n, 3) places in the MR of points (n, 3) that belong to a bone."""
        return self.local.shown_at(applied(self.matrices[bone], points_mm))

    def everywhere(self, points_mm: Array) -> Array:
        """(n, 3) places in the MR of any points: bones move rigidly, between them motions are blended smoothly."""
        total, weights = np.zeros_like(points_mm), np.zeros(len(points_mm))
        for name, matrix in self.matrices.items():
            depth = depth_at(self.bones[name], points_mm)
            weight = 1.0 / np.maximum(-depth, 0.3) ** SHARPNESS
            weight[depth >= 0] = 1e6
            total += weight[:, None] * applied(matrix, points_mm)
            weights += weight
        return self.local.shown_at(total / weights[:, None])


def depth_at(bone: FixedBone, points_mm: Array) -> NDArray[np.float64]:
    """(n,) depth (mm) inside a bone, negative outside; away from it the distance to the region around it is added."""
    index = lps_to_index(bone.region, points_mm)
    nearest = np.clip(np.rint(index), 0, np.array(bone.depth_mm.shape) - 1).astype(int)
    beyond = np.linalg.norm((index - nearest) * bone.region.GetSpacing()[::-1], axis=1)
    depth = bone.depth_mm[tuple(nearest.T)].astype(float)
    return np.where(beyond > 1.0, depth - beyond, depth)


def resampled_on(ct: sitk.Image, motions: Motions, moving: MovingKnee) -> sitk.Image:
    """The MR on the grid of the CT, every bone where the CT has it.

    Args:
        ct: whose grid is taken.
        motions: of the bones.
        moving: the MR.

    Returns:
        ``float32``; 0 where the MR shows nothing.
    """
    low, high = physical_box(ct)
    size = [int(n) for n in np.ceil((high - low) / FIELD_MM) + 2]
    coarse = sitk.Image(size, sitk.sitkUInt8)
    coarse.SetSpacing([FIELD_MM] * 3)
    coarse.SetOrigin(low.tolist())
    points = voxel_centers(coarse)
    moved = motions.everywhere(points.reshape(-1, 3)).reshape(points.shape)
    field = sitk.GetImageFromArray(moved - points, isVector=True)
    field.CopyInformation(coarse)
    transform = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
    blended = sitk.Resample(moving.image, ct, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    array = sitk.GetArrayFromImage(blended)
    for name in motions.matrices:
        _fill_bone(array, ct, motions, name, moving.level(0.0))
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(ct)
    return result


def _fill_bone(array: NDArray[np.float32], ct: sitk.Image, motions: Motions, name: str, level: MovingLevel) -> None:
    """Write what a bone's own motion shows into its voxels: the blending field is too coarse near its surface."""
    bone = motions.bones[name]
    depth = sitk.GetImageFromArray(bone.depth_mm)
    depth.CopyInformation(bone.region)
    inside = sitk.GetArrayFromImage(sitk.Resample(depth, ct, sitk.Transform(), sitk.sitkLinear, -1.0)) >= 0
    for z in np.flatnonzero(inside.any(axis=(1, 2))):
        index = np.argwhere(inside[z])
        points = index_to_lps(ct, np.column_stack([np.full(len(index), z), index]))
        signal = sampled(level.signal, level.to_index, motions.of_bone(name, points))
        array[z][inside[z]] = np.nan_to_num(signal)


def around_bones(ct: sitk.Image, bones: Mapping[str, FixedBone], margin_mm: float = MARGIN_MM) -> sitk.Image:
    """The part of a CT around bones."""
    boxes = []
    for bone in bones.values():
        inside = np.argwhere(bone.depth_mm > 0)
        boxes += [index_to_lps(bone.region, inside.min(axis=0)), index_to_lps(bone.region, inside.max(axis=0))]
    return crop_to_box(ct, np.min(boxes, axis=0) - margin_mm, np.max(boxes, axis=0) + margin_mm)


def paired_boxes(
    ct: sitk.Image, mr: sitk.Image, moving: MovingLevel, motions: Motions, patches: Sequence[PairedPatch]
) -> dict[str, NDArray]:  # fmt: skip
    """Boxes around patches in both scans, laid out as ``patches.npz`` of virtual cohorts.

    Returns:
        ``ids``; ``ct`` and ``mr`` (n, z, y, x): voxels of either scan's own grid; ``mr_on_ct``: the MR at the voxels of
        ``ct``; ``*_spacing_mm`` (3), z, y, x; ``*_first_mm`` (n, 3) LPS of first voxels; ``*_direction`` (3, 3);
        ``matrix`` (n, 4, 4) from the CT to the MR; ``estimated_error_mm`` (n).
    """
    centers = np.array([p.ct_mm for p in patches]).reshape(-1, 3)
    there = np.array([p.mr_mm for p in patches]).reshape(-1, 3)
    ct_boxes, mr_boxes = (_boxes(image, c) for image, c in ((ct, centers), (mr, there)))
    on_ct = [
        _on_ct(ct, box, moving, motions, p.bone) for box, p in zip(ct_boxes, patches, strict=True)
    ]  # fmt: skip
    return {
        "ids": np.array([p.id for p in patches], dtype="U32"),
        "ct": _cut(ct, ct_boxes), "mr": _cut(mr, mr_boxes), "mr_on_ct": _stacked(on_ct),
        **_geometry(ct, ct_boxes, "ct"), **_geometry(mr, mr_boxes, "mr"),
        "matrix": np.array([motions.matrices[p.bone] for p in patches]).reshape(-1, 4, 4),
        "estimated_error_mm": np.array([p.estimated_mm for p in patches]),
    }  # fmt: skip


Box = tuple[slice, slice, slice]


def _boxes(image: sitk.Image, centers_mm: Array) -> list[Box]:
    """Boxes (z, y, x) of one shape around points, moved inward at the border."""
    count = np.minimum(np.ceil(BOX_MM / np.array(image.GetSpacing())).astype(int), image.GetSize())
    boxes: list[Box] = []
    for center in centers_mm:
        middle = np.array(image.TransformPhysicalPointToContinuousIndex(center.tolist()))
        start = np.clip(np.rint(middle - 0.5 * (count - 1)).astype(int), 0, np.array(image.GetSize()) - count)
        x, y, z = (slice(int(a), int(a + n)) for a, n in zip(start, count, strict=True))
        boxes.append((z, y, x))
    return boxes


def _cut(image: sitk.Image, boxes: list[Box]) -> NDArray:
    array = sitk.GetArrayFromImage(image)
    return _stacked([array[box] for box in boxes])


def _stacked(parts: list[NDArray]) -> NDArray:
    return np.stack(parts) if parts else np.zeros((0, 1, 1, 1), np.float32)


def _on_ct(ct: sitk.Image, box: Box, moving: MovingLevel, motions: Motions, bone: str) -> NDArray[np.float32]:
    index = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij"), axis=-1)
    points = index_to_lps(ct, index).reshape(-1, 3)
    found: NDArray[np.float32] = sampled(moving.signal, moving.to_index, motions.of_bone(bone, points))
    return found.reshape(index.shape[:3])


def _geometry(image: sitk.Image, boxes: list[Box], name: str) -> dict[str, NDArray]:
    first = np.array([[s.start for s in box] for box in boxes]).reshape(-1, 3)
    return {
        f"{name}_spacing_mm": np.array(image.GetSpacing()[::-1]),
        f"{name}_first_mm": index_to_lps(image, first),
        f"{name}_direction": np.array(image.GetDirection()).reshape(3, 3),
    }
