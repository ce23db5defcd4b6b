"""Cubes of whole scans around patches, along the axes of their bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import Patch
from CTSMALib.morphometry.direct_ct.patch_sampling import Steps, sample_label_patches, sample_patches
from CTSMALib.student.cubes import shape_of

Frames = Mapping[str, JointFrame]


def value_cubes(image: sitk.Image, frames: Frames, patches: Sequence[Patch], steps_mm: Steps) -> NDArray[np.float32]:
    """Values by linear interpolation.

    Args:
        image: the scan.
        frames: of the bones in it.
        patches: n, with centers in these frames.
        steps_mm: distance of cells.

    Returns:
        (n, proximal, anterior, lateral); NaN outside the image.
    """
    values = np.empty((len(patches), *shape_of(steps_mm)), dtype=np.float32)
    for bone, rows, centers in _by_bone(frames, patches):
        values[rows] = sample_patches(image, centers, frames[bone], step_mm=steps_mm)
    return values


def mask_cubes(mask: sitk.Image, frames: Frames, patches: Sequence[Patch], steps_mm: Steps) -> NDArray[np.bool_]:
    """Where a mask is set, by the nearest voxel; arguments and axes as of :func:`value_cubes`."""
    inside = np.zeros((len(patches), *shape_of(steps_mm)), dtype=bool)
    for bone, rows, centers in _by_bone(frames, patches):
        inside[rows] = sample_label_patches(mask, centers, frames[bone], step_mm=steps_mm) > 0
    return inside


def _by_bone(frames: Frames, patches: Sequence[Patch]) -> list[tuple[str, list[int], NDArray[np.float64]]]:
    """Bone, rows of its patches, and (n, 3) their centers in its frame."""
    found = []
    for bone in frames:
        rows = [n for n, patch in enumerate(patches) if patch.bone == bone]
        if rows:
            found.append((bone, rows, np.array([patches[n].center_anatomical_mm for n in rows])))
    return found
