"""Which part of a plate belongs to which compartment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA, Bone, Compartment
from CTSMALib.anatomy.plate import Plate

STEEPEST = {FEMUR.name: 0.5, TIBIA.name: 0.6}  # least cosine between plate normal and bone axis
LARGEST_RISE_MM = {FEMUR.name: 13.0, TIBIA.name: 5.0}  # from the level of the half, along the bone axis
CENTRAL_SHARE = 0.09  # of the width on either side of the middle: eminence, notch
FEMORAL_CONDYLE = (0.06, 0.64)  # share of the antero-posterior extent, from posterior; the rest is trochlea


def compartment_support(plate: Plate, compartment: Compartment) -> NDArray[np.bool_]:
    """The lattice points (ni, nj) of a compartment's weight-bearing surface.

    Args:
        plate: plate of the compartment's bone.
        compartment: which half.
    """
    articular = _articular(plate)
    if not articular.any():
        return articular
    lateral = plate.lateral_mm[:, None] if compartment.lateral else -plate.lateral_mm[:, None]
    width = np.ptp(plate.lateral_mm[articular.any(axis=1)])
    support = articular & (lateral > CENTRAL_SHARE * width)
    if plate.bone is FEMUR:
        along = plate.anterior_mm[articular.any(axis=0)]
        low, high = along.min() + np.array(FEMORAL_CONDYLE) * np.ptp(along)
        support &= (plate.anterior_mm > low) & (plate.anterior_mm < high)
    return _largest_piece(support)


def _articular(plate: Plate) -> NDArray[np.bool_]:
    """Surface that faces the joint: near the articular level and not too steep."""
    known = np.isfinite(plate.points_mm[..., 2])
    if known.sum() < 50:
        return np.zeros(known.shape, dtype=bool)
    height = np.where(known, plate.points_mm[..., 2], 0.0)
    facing = np.abs(plate.inward[..., 2]) > STEEPEST[plate.bone.name]
    near = np.zeros(known.shape, dtype=bool)
    for half in (plate.lateral_mm > 0, plate.lateral_mm <= 0):
        own = known & half[:, None]
        level = _articular_level(plate, own)
        away = (height - level) if plate.bone is FEMUR else (level - height)
        near |= own & facing & (away < LARGEST_RISE_MM[plate.bone.name])
    return ndimage.binary_opening(near, iterations=2)


def _articular_level(plate: Plate, half: NDArray[np.bool_]) -> float:
    """Height of the weight-bearing surface of one half: the distal condyle, or the middle of the plateau."""
    heights = plate.points_mm[..., 2]
    if not half.any():
        return 0.0
    if plate.bone is FEMUR:
        return float(np.quantile(heights[half], 0.05))
    i, j = np.nonzero(half)
    middle = [np.abs(k - np.median(k)) <= 0.25 * np.ptp(k) for k in (i, j)]
    return float(np.median(heights[half][middle[0] & middle[1]]))


def _largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    if count == 0:
        return mask
    return ndimage.binary_fill_holes(pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1)


def compartments_of(bone: Bone) -> tuple[Compartment, ...]:
    """The medial and lateral compartment of femur or tibia."""
    return tuple(c for c in COMPARTMENTS if c.bone is bone)
