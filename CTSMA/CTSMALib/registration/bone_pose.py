"""Where the knee of the CT lies in the MR, from bone labels on both: no contrast plays a part, only outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import FixedBone
from CTSMALib.volumes.rigid import Matrix, applied, rigid

POINTS = 400  # of each bone
TURN_DEG = 30.0  # of the starts, about each axis
FAR_MM = 12.0  # farther off is no worse; the depth of a bone is known that far around it
ROBUST_MM = 2.0
ARM_MM = 40.0  # a turn of 1 / 40 counts as much as a shift of 1 mm
EVALUATIONS = 40
LEAST_INSIDE = 0.25  # share of the points that must lie where bones were looked for
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BonePose:
    """Attributes: (4, 4) from LPS points of the CT to those of the MR; mean distance of the outlines there."""

    matrix: Matrix
    distance_mm: float


def pose_of_bones(fixed: FixedKnee, moving: FixedKnee) -> BonePose | None:
    """The motion that lays the outlines of femur and tibia, as one, onto those in the MR.

    Args:
        fixed: the CT.
        moving: bones of the MR, as of a CT.

    Returns:
        ``None`` where no bone is in both, or they nowhere share enough.
    """
    shared = [name for name in fixed.leading if name in moving.bones]
    if not shared:
        return None
    points = {name: _thinned(fixed.surface(name).points_mm) for name in shared}
    start = fixed.joint_mm if len(shared) > 1 else fixed.center_mm(shared[0])
    end = moving.joint_mm if len(shared) > 1 else moving.center_mm(shared[0])
    found = [_fitted(points, moving, start, end, turn) for turn in _turns()]
    best = min((pose for pose in found if pose is not None), key=lambda pose: pose.distance_mm, default=None)
    return best


def _turns() -> list[Array]:
    unit = np.radians(TURN_DEG) * np.eye(3)
    return [np.zeros(3), *unit, *-unit]


def _thinned(points: Array) -> Array:
    return points[:: max(1, len(points) // POINTS)]


def _fitted(points: dict[str, Array], moving: FixedKnee, start: Array, end: Array, turn: Array) -> BonePose | None:
    def matrix(x: Array) -> Matrix:
        return rigid(Rotation.from_rotvec(x[:3] / ARM_MM).as_matrix(), start, end + x[3:])

    def off(x: Array) -> Array:
        return np.concatenate([_depth(moving.bones[name], applied(matrix(x), p)) for name, p in points.items()])

    first = np.concatenate([turn * ARM_MM, np.zeros(3)])
    solution = least_squares(off, first, loss="soft_l1", f_scale=ROBUST_MM, max_nfev=EVALUATIONS, diff_step=1e-3)
    left = np.abs(off(solution.x))
    near = left < FAR_MM
    if near.mean() < LEAST_INSIDE:
        return None
    return BonePose(matrix(solution.x), float(left.mean()))


def _depth(bone: FixedBone, points_mm: Array) -> Array:
    """(n,) depth of LPS points in a bone of the MR, :data:`FAR_MM` where it is not known."""
    index = lps_to_index(bone.region, points_mm)
    depth = ndimage.map_coordinates(bone.depth_mm, index.T, order=1, mode="constant", cval=-FAR_MM)
    found: Array = np.clip(depth, -FAR_MM, FAR_MM)
    return found
