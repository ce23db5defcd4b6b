"""Where the bones of a virtual knee stand in a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.virtual.bones.shape import Placement


@dataclass(frozen=True)
class KneePose:
    """One posture, placed in a scanner.

    Attributes:
        placements: femur, tibia and patella to their placement in knee space; the tibia's is the identity.
        leg: from knee space, in (lateral, anterior, proximal) of a right knee, to LPS; mirrored for a left knee.
    """

    placements: dict[str, Placement]
    leg: JointFrame

    def frame(self, bone: str) -> JointFrame:
        """The joint frame of femur, tibia or patella in the scan (LPS); a proper rigid frame on either side.

        Args:
            bone: its name.
        """
        placement = self.placements[bone]
        sign = np.array([-1.0 if self.leg.mirrored else 1.0, 1.0, 1.0])
        rotation = sign[:, None] * placement.rotation * sign  # conjugated by the mirror, still proper
        axes: NDArray[np.float64] = rotation.T @ self.leg.axes
        return JointFrame(self.leg.to_lps(placement.offset_mm), axes, self.leg.mirrored)


def moved(fixed: KneePose, moving: KneePose, bone: str) -> NDArray[np.float64]:
    """The rigid motion of a bone from one scan to another.

    Args:
        fixed: pose in the scan whose points are given, such as the CT.
        moving: pose in the other, such as the MR.
        bone: femur, tibia or patella.

    Returns:
        (4, 4) from LPS points of ``fixed`` to LPS points of ``moving``: what ITK calls the transform for resampling the
        moving image.
    """
    a, b = fixed.frame(bone), moving.frame(bone)
    matrix = np.eye(4)
    matrix[:3, :3] = b.axes.T @ a.axes
    matrix[:3, 3] = b.origin_mm - matrix[:3, :3] @ a.origin_mm
    return matrix
