"""Bones of simple shape, of which every place's depth is known."""

from __future__ import annotations

import numpy as np

from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape
from CTSMALib.virtual.field import Field

SPACING_MM = 1.0
EXTENT = Extent((0.0, 0.0), (37.0, 25.0))


def a_knee() -> KneeShape:
    """A tibia with a flat plateau at height 0, a femur with two round condyles, and a round patella."""
    y, x = np.arange(-36.0, 36.5, SPACING_MM), np.arange(-48.0, 48.5, SPACING_MM)
    bones = {
        "tibia": _bone(TIBIA, np.arange(-70.0, 10.5, SPACING_MM), y, x),
        "femur": _bone(FEMUR, np.arange(-10.0, 70.5, SPACING_MM), y, x),
        "patella": _bone(PATELLA, np.arange(-28.0, 28.5, SPACING_MM), y, x[20:-20]),
    }
    return KneeShape("blocks", bones, {"femur": EXTENT, "tibia": EXTENT}, {})


def _bone(bone, z, y, x) -> BoneShape:
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    shaft = 1.0 - 0.5 * np.clip((np.abs(zz) - 15.0) / 25.0, 0.0, 1.0)
    wall = (1.0 - np.hypot(xx / (37.0 * shaft), yy / (25.0 * shaft))) * 25.0 * shaft
    if bone is TIBIA:
        depth = np.minimum(-zz, wall)
    elif bone is FEMUR:
        condyles = [25.0 - np.sqrt((xx - side) ** 2 + yy**2 + (zz - 25.0) ** 2) for side in (-20.0, 20.0)]
        depth = np.maximum(np.maximum(*condyles), np.minimum(zz - 25.0, wall))
    else:
        depth = (1.0 - np.sqrt((xx / 20.0) ** 2 + (yy / 10.0) ** 2 + (zz / 18.0) ** 2)) * 10.0
    field = Field(depth.astype(np.float32), (float(z[0]), float(y[0]), float(x[0])), SPACING_MM)
    return BoneShape(bone, field, np.zeros((0, 3)), ())
