"""Where femur and patella stand in knee space before the joint gets its final width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.landmarks import surface_points
from CTSMALib.virtual.bones.shape import BoneShape, Placement

Array = NDArray[np.float64]

JOINT_MM, PATELLA_MM = 4.0, 5.0
ROUNDS = 14
LARGEST_TILT = np.radians(5.0)
ACROSS_MM = 46.0  # from the middle of one condyle to the other
LARGEST_SHIFT_MM = 8.0
CLOSE_ENOUGH_MM = 0.03


def place_femur(bones: dict[str, BoneShape], start: Placement) -> Placement:
    """Lift and tilt the femur until it is equally far from both plateaus.

    Args:
        bones: by name.
        start: of the source anatomy.

    Returns:
        From the femur's frame to knee space; :data:`JOINT_MM` between the bones on either side.
    """
    points = surface_points(bones[FEMUR.name].depth, every=3)
    points = points[points[:, 2] < 32]
    tibia = bones[TIBIA.name].depth
    placement, tilt = start, 0.0
    for _ in range(ROUNDS):
        seen = placement.apply(points)
        away = -tibia.at(seen)
        gaps = [float(away[side * seen[:, 0] > 8].min()) for side in (-1, 1)]
        if max(abs(g - JOINT_MM) for g in gaps) < CLOSE_ENOUGH_MM:
            break
        turn = float(np.clip(tilt + 0.8 * (gaps[1] - gaps[0]) / ACROSS_MM, -LARGEST_TILT, LARGEST_TILT))
        lift = Placement(np.eye(3), np.array([0.0, 0.0, JOINT_MM - (gaps[0] + gaps[1]) / 2]))
        placement, tilt = lift.after(_about(placement.offset_mm, 1, turn - tilt).after(placement)), turn
    return placement


def place_patella(bones: dict[str, BoneShape], femur: Placement, tendon_ratio: float) -> Placement:
    """Put the patella in front of the trochlea, as high as its tendon lets it, upright as the femur.

    Args:
        bones: by name.
        femur: its placement.
        tendon_ratio: length of the tendon relative to the height of the patella.

    Returns:
        From the patella's frame to knee space; :data:`PATELLA_MM` between patella and femur.
    """
    patella, femoral = bones[PATELLA.name], bones[FEMUR.name].depth
    points = surface_points(patella.depth, every=3)
    apex, base = (_landmark(patella, f"patella-{name}") for name in ("apex", "base"))
    insertion = _landmark(bones[TIBIA.name], "tibia-tubercle")
    tendon = tendon_ratio * (base[2] - apex[2])
    across, forward = 0.0, 42.0
    placement = Placement(femur.rotation, np.zeros(3))
    for _ in range(3 * ROUNDS):
        offset = femur.apply(np.array([across, forward, 0.0])) * [1, 1, 0]
        reach = (offset + femur.rotation @ apex - insertion)[:2]
        height = insertion[2] + np.sqrt(max(tendon**2 - reach @ reach, (0.5 * tendon) ** 2))
        offset[2] = height - (femur.rotation @ apex)[2]
        placement = Placement(femur.rotation, offset)
        away = -femoral.at(femur.invert(placement.apply(points)))
        gaps = [float(away[side * points[:, 0] > 2].min()) for side in (-1, 1)]
        if abs(min(gaps) - PATELLA_MM) < CLOSE_ENOUGH_MM and abs(gaps[0] - gaps[1]) < 0.3:
            break
        forward += 0.8 * (PATELLA_MM - min(gaps))
        across = float(np.clip(across + 0.5 * (gaps[1] - gaps[0]), -LARGEST_SHIFT_MM, LARGEST_SHIFT_MM))
    return placement


def _landmark(shape: BoneShape, name: str) -> Array:
    return np.asarray(shape.landmarks_mm[shape.landmark_names.index(name)])


def _about(center: Array, axis: int, angle: float) -> Placement:
    """A rotation about a line through a point, along an axis of knee space."""
    cos, sin = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[i, i], rotation[i, j], rotation[j, i], rotation[j, j] = cos, -sin, sin, cos
    return Placement(rotation, center - rotation @ center)
