"""Soft tissue follows the bones: where a point of a bent knee was when the knee was extended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import FRAME_OF, KneeShape, Placement
from CTSMALib.virtual.field import Field

Points = NDArray[np.float64]

NEAR_MM = 1.0
POWER = 3  # how fast a bone's hold on soft tissue falls with its distance
SHAFT = {FEMUR.name: 1, TIBIA.name: -1, FIBULA.name: -1, PATELLA.name: 0}  # where along proximal the bone goes on


def extended_points(points_mm: Points, knee: KneeShape, placements: dict[str, Placement]) -> Points:
    """Undo a posture.

    Each point moves as the bones do, weighted by how near they are: beside a bone it moves rigidly with it.

    Args:
        points_mm: (n, 3) in knee space.
        knee: with its extended reference.
        placements: of femur, tibia and patella in the posture.

    Returns:
        (n, 3) in knee space, the knee extended.
    """
    total = np.zeros((len(points_mm), 1))
    found = np.zeros_like(points_mm)
    for name, placement in placements.items():
        local = placement.invert(points_mm)
        away = np.min([outside_mm(knee.bones[b].depth, local, SHAFT[b]) for b in _moving_with(name)], axis=0)
        weight = (away + NEAR_MM)[:, None] ** -POWER
        found += weight * knee.reference[name].apply(local)
        total += weight
    return found / total


def _moving_with(name: str) -> list[str]:
    return [bone for bone, frame in FRAME_OF.items() if frame == name]


def outside_mm(depth: Field, points_mm: Points, shaft: int) -> NDArray[np.float64]:
    """Distance of points (n, 3) from a bone; 0 inside.

    Args:
        depth: of the bone.
        points_mm: in its frame.
        shaft: 1 where the bone goes on above its lattice, -1 below, 0 for neither.
    """
    low = np.array(depth.first_mm)[::-1]
    high = low + (np.array(depth.values.shape)[::-1] - 1) * depth.spacing_mm
    beyond = points_mm - np.clip(points_mm, low, high)
    if shaft > 0:
        beyond[:, 2] = np.minimum(beyond[:, 2], 0.0)
    elif shaft < 0:
        beyond[:, 2] = np.maximum(beyond[:, 2], 0.0)
    return np.maximum(-depth.at(points_mm), 0.0) + np.linalg.norm(beyond, axis=1)
