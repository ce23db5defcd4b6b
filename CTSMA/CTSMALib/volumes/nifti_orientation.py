"""The orientation of a NIfTI-1 file, which it may say in two ways (https://nifti.nimh.nih.gov/nifti-1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROUNDED_DEGREES = 1.0  # rounded numbers differ by less
TURNED_DEGREES = 45.0  # more exchanges or reverses axes


def axes_of_quaternion(quaternion: Sequence[float], qfac: float) -> np.ndarray:
    """Directions of the image axes by method 2 of the standard, which the qform is.

    Args:
        quaternion: ``quatern_b``, ``quatern_c``, ``quatern_d``; the first of its four numbers follows from them.
        qfac: ``pixdim[0]``; negative where the third axis is turned back.

    Returns:
        (3, 3), one column per image axis, RAS; NaN where the numbers are none.
    """
    b, c, d = (float(v) for v in quaternion)
    rest = 1.0 - (b * b + c * c + d * d)
    if rest < 1e-7:  # a half turn, perhaps rounded to more than one
        with np.errstate(invalid="ignore"):
            b, c, d = np.array((b, c, d)) / np.sqrt(b * b + c * c + d * d)
        rest = 0.0
    a = np.sqrt(rest)
    axes = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    return axes * (1.0, 1.0, -1.0 if qfac < 0 else 1.0)


def largest_angle(axes: np.ndarray, matrix: np.ndarray) -> float:
    """The angle in degrees between the axes of two orientations that differ most; 180 where numbers are none.

    Args:
        axes: (3, 3), one unit vector per column.
        matrix: (3, 3), columns of any length, in the same space.
    """
    cosines = np.sum(axes * matrix, axis=0) / np.linalg.norm(matrix, axis=0)
    return float(np.degrees(np.arccos(np.clip(np.nan_to_num(cosines, nan=-1.0), -1.0, 1.0))).max())
