"""Thickness of cartilage over the articular surfaces of femur, tibia and patella."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.soft_tissue.articular import femoral_share, patellar_share, tibial_share
from CTSMALib.virtual.spec import KneeSpec

Array = NDArray[np.float64]

COARSE_MM = 1.2  # thickness is smooth: it is worked out on a lattice about this coarse
OUTSIDE_MM, INSIDE_MM = 7.5, 3.0  # thickness is defined from that far outside the surface to that far inside
CLEFT_MM = 0.1
# How much of the gap between two bones, less the cleft, the cartilage of the first may fill.
GAP_SHARES = {
    (FEMUR.name, TIBIA.name): 0.5,
    (TIBIA.name, FEMUR.name): 0.5,
    (FEMUR.name, PATELLA.name): 0.45,
    (PATELLA.name, FEMUR.name): 0.55,
}


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points of a coarse lattice near a bone, and where on its surface they belong.

    Attributes:
        index: (3, n) of the coarse lattice.
        foot_mm: (n, 3) nearest points of the surface, in the frame of the bone.
        normal: (n, 3) outward unit normals.
    """

    index: NDArray[np.int64]
    foot_mm: Array
    normal: Array


def cartilage_thickness(knee: KneeShape, spec: KneeSpec) -> dict[str, Field]:
    """Thickness (mm) of the cartilage of femur, tibia and patella on the lattices of their depths.

    Where bones face each other in the extended knee, the two layers together are at least ``CLEFT_MM`` thinner than
    the gap: each takes no more than a fixed share of the gap at its own surface, and no gap measured at a point is
    larger than any line from that point to the other bone.

    Args:
        knee: bones and where they stand, extended.
        spec: grade, and the compartment it is about.
    """
    shares: dict[str, Callable[[KneeShape, KneeSpec, Array, Array], Array]] = {
        FEMUR.name: femoral_share,
        TIBIA.name: tibial_share,
        PATELLA.name: patellar_share,
    }
    result = {}
    for name, thickness_of in shares.items():
        depth = knee.bones[name].depth
        step = max(1, round(COARSE_MM / depth.spacing_mm))
        coarse = Field(depth.values[::step, ::step, ::step], depth.first_mm, depth.spacing_mm * step)
        points = surface_points(coarse, depth)
        thickness = _within_gap(knee, name, points.foot_mm, thickness_of(knee, spec, points.foot_mm, points.normal))
        values = np.zeros(coarse.values.shape, np.float32)
        values[tuple(points.index)] = thickness
        result[name] = depth.like(refined(values, step, depth.values.shape))
    return result


def surface_points(coarse: Field, depth: Field) -> SurfacePoints:
    """The points of a lattice near a bone's surface, and their nearest surface points.

    Args:
        coarse: depth at the points of the lattice.
        depth: the same at full resolution.
    """
    index = np.array(np.nonzero((coarse.values > -OUTSIDE_MM) & (coarse.values < INSIDE_MM)))
    points = (index.T * coarse.spacing_mm + coarse.first_mm)[:, ::-1]
    slope = np.stack(list(np.gradient(coarse.values, coarse.spacing_mm))[::-1], axis=-1)[tuple(index)]
    inward = slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-6)
    foot = points - coarse.values[tuple(index)][:, None] * inward
    foot -= depth.at(foot)[:, None] * inward
    return SurfacePoints(index, foot, -inward)


def _within_gap(knee: KneeShape, name: str, foot_mm: Array, thickness: Array) -> Array:
    """Thickness, smoothly limited to the share of the gaps to other bones."""
    in_knee = knee.reference[name].apply(foot_mm)
    for (own, other), share in GAP_SHARES.items():
        if own == name:
            gap = gap_to(knee.bones[other], knee.reference[other].invert(in_knee))
            thickness = smooth_minimum(thickness, share * (gap - CLEFT_MM))
    return thickness


def gap_to(bone: BoneShape, points_mm: Array) -> Array:
    """Distance (mm) of points (n, 3) in the frame of a bone from its surface; large beyond its lattice."""
    depth = bone.depth
    last = np.array([axis[-1] for axis in depth.axes_mm])[::-1]
    beyond = np.linalg.norm(points_mm - np.clip(points_mm, np.array(depth.first_mm)[::-1], last), axis=-1)
    return np.asarray(beyond - depth.at(points_mm))


def smooth_minimum(a: Array, b: Array) -> Array:
    """The lesser of two lengths, without a kink and never more; 0 where one is not positive."""
    a, b = np.maximum(a, 1e-3), np.maximum(b, 1e-3)
    low, ratio = np.minimum(a, b), np.minimum(a, b) / np.maximum(a, b)
    return np.asarray(np.where(low <= 1e-3, 0.0, low * (1 + ratio**14) ** (-1 / 14)))


def refined(values: NDArray[np.float32], step: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Linear interpolation of every ``step``-th point of a lattice to all of its points.

    Args:
        values: (z, y, x) at every ``step``-th point.
        step: 1 or more.
        shape: of the result.
    """
    for axis, count in enumerate(shape):
        at = np.minimum(np.arange(count) / step, values.shape[axis] - 1)
        low = np.minimum(at.astype(int), max(values.shape[axis] - 2, 0))
        weight = (at - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        high = np.minimum(low + 1, values.shape[axis] - 1)
        values = np.take(values, low, axis) * (1 - weight) + np.take(values, high, axis) * weight
    return values
