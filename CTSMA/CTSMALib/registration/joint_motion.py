"""How bones of a knee may move between two scans: where to start searching, and what cannot be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA
from CTSMALib.volumes.rigid import Matrix, angle_deg, applied, inverse, turned

FLEXION_DEG = (0.0, 12.0, -12.0, 24.0, -24.0)  # of one bone against the whole knee
BENT_DEG, TWISTED_DEG = (0.0, 10.0, -10.0, 20.0, -20.0, 30.0, -30.0), (0.0, 10.0, -10.0)
PATELLA_DEG = (0.0, 12.0, -12.0)
PATELLA_MM = ((0.0, 0.0), (0.0, 8.0), (0.0, -8.0), (-6.0, 0.0), (6.0, 0.0))  # along y and z
LATERAL, PROXIMAL = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])  # in a CT, near enough for a start


@dataclass(frozen=True)
class Limit:
    """Largest plausible motion of one bone against another between two scans at rest.

    Ranges of a knee in a coil against one that is extended follow reference-method f.5, with room to spare.
    """

    bone: str
    against: str
    most_deg: float
    most_mm: float


LIMITS = (
    Limit(FEMUR.name, TIBIA.name, 45.0, 18.0),
    Limit(PATELLA.name, FEMUR.name, 45.0, 30.0),
    Limit(FIBULA.name, TIBIA.name, 8.0, 5.0),
)


def flexed_starts(knee: Matrix, joint_mm: NDArray[np.float64]) -> list[Matrix]:
    """Starts for femur or tibia: the pose of the whole knee, bent about the joint.

    Args:
        knee: (4, 4) from the CT to the MR.
        joint_mm: (3,) LPS middle of the joint in the CT.
    """
    return [knee @ turned(LATERAL * angle, joint_mm, np.zeros(3)) for angle in FLEXION_DEG]


def bent_starts(other: Matrix, joint_mm: NDArray[np.float64]) -> list[Matrix]:
    """Starts for femur or tibia from where the other one was found: bent and turned about the joint.

    Args:
        other: (4, 4) motion of the other bone from the CT to the MR.
        joint_mm: (3,) LPS middle of the joint in the CT.
    """
    turns = itertools.product(BENT_DEG, TWISTED_DEG)
    return [other @ turned(LATERAL * bend + PROXIMAL * twist, joint_mm, np.zeros(3)) for bend, twist in turns]


def patella_starts(femur: Matrix, tibia: Matrix, center_mm: NDArray[np.float64]) -> list[Matrix]:
    """Starts for the patella: between the motions of femur and tibia, turned and shifted.

    Args:
        femur, tibia: (4, 4) from the CT to the MR.
        center_mm: (3,) LPS middle of the patella in the CT.
    """
    between = Rotation.from_matrix(np.stack([femur[:3, :3], tibia[:3, :3]])).mean().as_matrix()
    middle = np.eye(4)
    middle[:3, :3] = between
    middle[:3, 3] = 0.5 * (applied(femur, center_mm) + applied(tibia, center_mm)) - between @ center_mm
    starts = [femur, tibia]
    for angle in PATELLA_DEG:
        for y, z in PATELLA_MM:
            starts.append(middle @ turned(LATERAL * angle, center_mm, np.array([0.0, y, z])))
    return starts


def implausible(matrices: dict[str, Matrix], pivots_mm: dict[str, NDArray[np.float64]]) -> dict[str, str]:
    """Bones that cannot have moved as found against their neighbor, with the reason.

    Args:
        matrices: bone name to (4, 4) from the CT to the MR.
        pivots_mm: bone name to the (3,) LPS point of the CT whose displacement counts; that of the femur lies in the
            joint, as its middle moves with every bending.
    """
    reasons: dict[str, str] = {}
    for limit in LIMITS:
        if limit.bone in matrices and limit.against in matrices:
            relative = inverse(matrices[limit.against]) @ matrices[limit.bone]
            turn, shift = relative_motion(relative, pivots_mm[limit.bone])
            if turn > limit.most_deg or shift > limit.most_mm:
                reasons[limit.bone] = (
                    f"It would have turned by {turn:.0f}° and moved by {shift:.0f} mm against the {limit.against}."
                )
    return reasons


def relative_motion(relative: Matrix, center_mm: NDArray[np.float64]) -> tuple[float, float]:
    """Angle (degrees) of a motion, and displacement (mm) of a point."""
    return angle_deg(relative), float(np.linalg.norm(applied(relative, center_mm) - center_mm))
