"""Rigid motions as (4, 4) matrices: between two scans in LPS, and as 3D Slicer and ITK write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.errors import InputError

Matrix = NDArray[np.float64]
RIGID_TOLERANCE = 1e-4
_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])  # LPS to RAS and back


def rigid(rotation: Matrix, pivot_mm: Matrix, moved_to_mm: Matrix) -> Matrix:
    """The motion that turns about a point and carries it to another.

    Args:
        rotation: (3, 3) proper rotation.
        pivot_mm: (3,) the point.
        moved_to_mm: (3,) where it goes.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = np.asarray(moved_to_mm) - rotation @ np.asarray(pivot_mm)
    return matrix


def turned(rotation_vector_deg: Matrix, pivot_mm: Matrix, shift_mm: Matrix) -> Matrix:
    """A rotation about a point, then a translation.

    Args:
        rotation_vector_deg: (3,) axis times angle.
        pivot_mm: (3,) the point.
        shift_mm: (3,) translation.
    """
    rotation = Rotation.from_rotvec(np.asarray(rotation_vector_deg), degrees=True).as_matrix()
    return rigid(rotation, pivot_mm, np.asarray(pivot_mm) + shift_mm)


def applied(matrix: Matrix, points_mm: Matrix) -> Matrix:
    """Points (..., 3) moved by (4, 4)."""
    return np.asarray(points_mm) @ matrix[:3, :3].T + matrix[:3, 3]


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a rigid motion (4, 4)."""
    result = np.eye(4)
    result[:3, :3] = matrix[:3, :3].T
    result[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return result


def angle_deg(matrix: Matrix) -> float:
    """The angle of the rotation of a (4, 4) motion."""
    return float(np.degrees(Rotation.from_matrix(matrix[:3, :3]).magnitude()))


def moving_to_fixed_ras(fixed_to_moving_lps: Matrix) -> Matrix:
    """The inverse in RAS, which is what 3D Slicer applies to nodes of the moving scan.

    Args:
        fixed_to_moving_lps: (4, 4) rigid, from LPS points of the CT to those of the MR.

    Returns:
        (4, 4) from RAS points of the MR to those of the CT.
    """
    return _FLIP @ inverse(fixed_to_moving_lps) @ _FLIP + 0.0  # no negative zeros


def fixed_to_moving_lps(moving_to_fixed: Matrix) -> Matrix:
    """The inverse of :func:`moving_to_fixed_ras`."""
    return _FLIP @ inverse(moving_to_fixed) @ _FLIP + 0.0


def itk_transform(matrix: Matrix) -> sitk.AffineTransform:
    """A (4, 4) motion of LPS points as ITK's transform."""
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def write_itk(matrix: Matrix, path: Path) -> None:
    """Write ITK's transform file.

    Raises:
        OSError: it could not be written.
    """
    try:
        sitk.WriteTransform(itk_transform(matrix), str(path))
    except RuntimeError as error:
        raise OSError(f"{path.name} could not be written") from error


def read_itk(path: Path) -> Matrix:
    """A rigid motion (4, 4) of LPS points from ITK's transform file, as Slicer, ITK-SNAP, ANTs and elastix write it.

    Raises:
        InputError: it cannot be read, or is not rigid.
    """
    remedy = "Give a rigid transform (.tfm, .txt, .h5 or .mat of ITK) from the CT to the MR."
    try:
        transform = sitk.ReadTransform(str(path))
    except RuntimeError as error:
        raise InputError(f"'{path.name}' is no transform that can be read.", remedy) from error
    matrix = np.eye(4)
    probes = np.vstack([np.zeros(3), np.eye(3)])
    moved = np.array([transform.TransformPoint(p.tolist()) for p in probes])
    matrix[:3, 3], matrix[:3, :3] = moved[0], (moved[1:] - moved[0]).T
    far = np.array([97.0, -61.0, 43.0])
    linear = transform.IsLinear() and np.allclose(
        transform.TransformPoint(far.tolist()), applied(matrix, far), atol=1e-3
    )
    if not linear or not is_rigid(matrix):
        raise InputError(f"The transform in '{path.name}' is not rigid.", remedy)
    matrix[:3, :3] = Rotation.from_matrix(matrix[:3, :3]).as_matrix()
    return matrix


def is_rigid(matrix: Matrix) -> bool:
    """Whether a (4, 4) matrix only turns and moves, without reflection."""
    turn = matrix[:3, :3]
    if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)):
        return False
    orthonormal = np.abs(turn.T @ turn - np.eye(3)).max() < RIGID_TOLERANCE
    return bool(orthonormal and np.linalg.det(turn) > 0 and np.allclose(matrix[3], [0.0, 0.0, 0.0, 1.0]))
