"""The knee bent a little: how femur and patella stand against the tibia in another posture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.contact import cleft_mm, gap_mm, kept_apart, plateau_points, seat_femur, seat_patella
from CTSMALib.virtual.bones.shape import KneeShape, Placement
from CTSMALib.virtual.field import Field

Points = NDArray[np.float64]

CONDYLE_SHARE = 0.55  # of the half width: the middle of a condyle
CONDYLE_BAND_MM = 6.0
TUBERCLE = (0.05, 0.62, -28.0)  # shares of the half extents, and mm below the joint; from memory
PATELLA_SHARE = 0.3  # of the flexion by which the patella tilts against the tibia; small flexion, from memory


@dataclass(frozen=True)
class Posture:
    """How a knee is held, against its extended reference. The femur moves, the tibia is looked at as fixed.

    Attributes:
        flexion_deg: 0 is extended.
        axial_deg: rotation of the femur about the leg's axis, positive turns its front laterally.
        anterior_mm, lateral_mm: displacement of the femur.
    """

    flexion_deg: float = 0.0
    axial_deg: float = 0.0
    anterior_mm: float = 0.0
    lateral_mm: float = 0.0


def placements(knee: KneeShape, cartilage_mm: Mapping[str, Field], posture: Posture) -> dict[str, Placement]:
    """Femur, tibia and patella in a posture.

    The femur turns about the axis of its condyles, and is then raised or lowered until the cartilages of both
    compartments are as near to each other as in the extended knee. The patella follows on its ligament and lies as near
    to the trochlea as before.

    Args:
        knee: seated.
        cartilage_mm: thickness by bone name.
        posture: wanted.
    """
    femur, patella = knee.reference[FEMUR.name], knee.reference[PATELLA.name]
    points = (plateau_points(knee, "TM"), plateau_points(knee, "TL"))
    distance = partial(cleft_mm, knee, cartilage_mm)
    medial, lateral = (distance(p, femur) for p in points)
    center = femur.apply(condyle_center(knee))
    # with the tibia held, flexion carries the shaft of the femur backward: a positive turn about the lateral axis
    turn = Rotation.from_euler("zx", [-posture.axial_deg, posture.flexion_deg], degrees=True).as_matrix()
    shift = np.array([posture.lateral_mm, posture.anterior_mm, 0.0])
    start = Placement(turn, center - turn @ center + shift).after(femur)
    placed = kept_apart(knee, seat_femur(knee, start, (medial, lateral), points, distance))
    return {
        FEMUR.name: placed,
        TIBIA.name: Placement.identity(),
        PATELLA.name: _patella(knee, posture, femur, placed, patella),
    }


def _patella(knee: KneeShape, posture: Posture, before: Placement, femur: Placement, patella: Placement) -> Placement:
    extent = knee.extents[TIBIA.name]
    lateral, anterior = extent.position_mm(*TUBERCLE[:2])
    tubercle = np.array([lateral, anterior, TUBERCLE[2]])
    surface = knee.bones[PATELLA.name].depth
    near = surface.points_mm()[np.abs(surface.values) < 0.6 * surface.spacing_mm]
    gap = gap_mm(knee, patella.apply(near), before)
    turn = Rotation.from_euler("x", PATELLA_SHARE * posture.flexion_deg, degrees=True).as_matrix()
    start = Placement(turn, tubercle - turn @ tubercle + [posture.lateral_mm, 0.0, 0.0]).after(patella)
    return seat_patella(knee, femur, start, gap)


def condyle_center(knee: KneeShape) -> Points:
    """A point on the axis of the femoral condyles: the mean center of circles through their lower and rear outline.

    Args:
        knee: its bones.

    Returns:
        (3,) in the frame of the femur, mm.
    """
    extent, depth = knee.extents[FEMUR.name], knee.bones[FEMUR.name].depth
    surface = depth.points_mm()[np.abs(depth.values) < 0.5 * depth.spacing_mm]
    centers = []
    for side in (-CONDYLE_SHARE, CONDYLE_SHARE):
        lateral = extent.center[0] + side * extent.half[0]
        band = surface[np.abs(surface[:, 0] - lateral) < CONDYLE_BAND_MM]
        lower = band[(band[:, 1] < extent.center[1]) & (band[:, 2] < band[:, 2].min() + extent.half[1])]
        y, z = lower[:, 1], lower[:, 2]
        found = np.linalg.lstsq(np.column_stack([y, z, np.ones_like(y)]), y**2 + z**2, rcond=None)[0]
        centers.append([lateral, 0.5 * found[0], 0.5 * found[1]])
    return np.mean(centers, axis=0)
