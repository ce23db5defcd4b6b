"""Bone atlases: real labelled knees that are fitted to a CT to name its bones and to place its joint frames."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.anatomy.labels import BONES, FEMUR, TIBIA, Bone
from CTSMALib.resources import resource

SHELL_MM = 9.0  # background this far from bone takes part in the fit
CORTEX_MM = 2.5  # imaged cortex, blur included
MARROW_BRIGHTNESS = 0.4
FAR_MM = 100.0  # stands for any distance beyond the atlas volume


@dataclass(frozen=True, eq=False)
class Atlas:
    """One labelled right knee in its own LPS space.

    Attributes:
        name: file name without extension.
        labels: bone labels, axis-aligned.
        frames: bone name to (origin (3,), axes (3, 3)), as in :class:`~CTSMALib.anatomy.frame.JointFrame`.
    """

    name: str
    labels: sitk.Image
    frames: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

    @property
    def center_mm(self) -> NDArray[np.float64]:
        """A point in the middle of the joint space."""
        return (self.frames[FEMUR.name][0] + self.frames[TIBIA.name][0]) / 2


@functools.cache
def atlases() -> tuple[Atlas, ...]:
    """All atlases shipped with the project."""
    document = json.loads(resource("Atlas/atlas.json").read_text(encoding="utf-8"))
    found = []
    for name, entry in document["atlases"].items():
        labels = sitk.ReadImage(str(resource(f"Atlas/{name}.nii.gz")))
        frames = {bone: (np.array(f["origin_mm"]), _orthonormal(f["axes"])) for bone, f in entry["frames"].items()}
        found.append(Atlas(name, labels, frames))
    return tuple(found)


def _orthonormal(axes: list[list[float]]) -> NDArray[np.float64]:
    """The rotation nearest to axes that were rounded when they were written."""
    left, _, right = np.linalg.svd(np.array(axes))
    return left @ right


@functools.cache
def surface_samples(
    atlas: Atlas, bones: tuple[Bone, ...], sigma_mm: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sample points in the cortex of some bones and around it, and how bright each is expected to be.

    Deeper points are left out: marrow may be fat or dense, so its brightness says nothing about the pose.

    Args:
        atlas: the atlas to sample.
        bones: the bones that take part; other bones and their surroundings are left out.
        sigma_mm: Gaussian scale of the neighborhood.
        count: number of points, drawn with a fixed seed.

    Returns:
        Points (n, 3) in the atlas's LPS space, and expected brightness (n,) in 0 (soft tissue) to 1 (cortex).
    """
    values = sitk.GetArrayViewFromImage(atlas.labels)
    depth = np.max([_signed_depth(atlas, b) for b in BONES if has_bone(atlas, b)], axis=0)
    bright = np.where(depth < 0, 0.0, np.where(depth <= CORTEX_MM, 1.0, MARROW_BRIGHTNESS)).astype(np.float32)
    image = sitk.GetImageFromArray(bright)
    image.CopyInformation(atlas.labels)
    smooth = sitk.SmoothingRecursiveGaussian(image, sigma_mm)
    chosen = np.isin(values, [b.label for b in bones])
    others = (values > 0) & ~chosen
    near = (_distance(atlas.labels, chosen) < SHELL_MM) & (depth <= CORTEX_MM)
    candidates = np.argwhere(near & (_distance(atlas.labels, others) > 2.0))
    rng = np.random.default_rng(0)
    index = candidates[rng.choice(len(candidates), size=min(count, len(candidates)), replace=False)]
    points = index[:, ::-1] * np.array(atlas.labels.GetSpacing()) + np.array(atlas.labels.GetOrigin())
    return points, sitk.GetArrayViewFromImage(smooth)[tuple(index.T)].astype(float)


def _distance(like: sitk.Image, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance (mm) to a mask, 0 inside it; infinite where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(like)
    signed = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    return np.maximum(sitk.GetArrayFromImage(signed), 0)


def depth_inside(atlas: Atlas, bone: Bone, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance (mm) of points (..., 3) to the atlas bone's surface: positive inside, negative outside."""
    field = _signed_depth(atlas, bone)
    index = np.rint(lps_to_index(atlas.labels, points_mm)).astype(int)
    shape = np.array(field.shape)
    inside = np.all((index >= 0) & (index < shape), axis=-1)
    clipped = np.clip(index, 0, shape - 1)
    return np.where(inside, field[clipped[..., 0], clipped[..., 1], clipped[..., 2]], -FAR_MM)


@functools.cache
def _signed_depth(atlas: Atlas, bone: Bone) -> NDArray[np.float32]:
    return sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(atlas.labels == bone.label, True, False, True)  # inside positive, mm
    )


def has_bone(atlas: Atlas, bone: Bone) -> bool:
    """Whether the atlas labels a bone."""
    return bool((sitk.GetArrayViewFromImage(atlas.labels) == bone.label).any())


__all__ = ["BONES", "Atlas", "atlases", "depth_inside", "has_bone", "surface_samples"]
