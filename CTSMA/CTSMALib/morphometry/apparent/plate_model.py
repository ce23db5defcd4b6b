"""Apparent parameters of parallel plates, and how often lines in the slice plane enter bone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.recipe import Apparent

Bools = NDArray[np.bool_]

NOTHING = Apparent(float("nan"), float("nan"), float("nan"), float("nan"))


def plate_model(bv_tv: float, number_per_mm: float) -> Apparent:
    """Plates that fill a fraction of the volume and of which a line across meets so many per mm.

    Parfitt and others (J Clin Invest 1983;72:1396) and, for MR, Majumdar and others (from memory):
    Tb.N is the number, Tb.Th = (BV/TV) / Tb.N, Tb.Sp = (1 - BV/TV) / Tb.N.

    Args:
        bv_tv: bone volume fraction.
        number_per_mm: plates per mm.

    Returns:
        The four parameters, all NaN where there are no plates or nothing between them.
    """
    if not (0.0 < bv_tv < 1.0 and number_per_mm > 0.0):
        return NOTHING
    return Apparent(
        float(bv_tv), float(bv_tv / number_per_mm), float((1.0 - bv_tv) / number_per_mm), float(number_per_mm)
    )


def in_slice(across: int) -> tuple[int, int]:
    """The two array axes that lie in a slice.

    Args:
        across: the axis across slices.
    """
    first, second = (axis for axis in range(3) if axis != across)
    return first, second


def binary_parameters(bone: Bools, inside: Bools, spacing_mm: tuple[float, float, float], across: int) -> Apparent:
    """The plate model of a binary image, the number of plates being that of entries into bone.

    Plates that stand obliquely to both axes are met less often than along their normal (0.71 times at 45 degrees), as
    in every count along two axes; the values are apparent ones.

    Args:
        bone: (z, y, x) what is taken for bone.
        inside: (z, y, x) voxels that count.
        spacing_mm: (z, y, x).
        across: the axis across slices.
    """
    if not inside.any():
        return NOTHING
    rates = [entries_per_mm(bone, inside, spacing_mm[axis], axis) for axis in in_slice(across)]
    return plate_model(float(bone[inside].mean()), float(np.mean(rates)))


def entries_per_mm(bone: Bools, inside: Bools, step_mm: float, axis: int) -> float:
    """Entries into bone per mm of the grid's lines along an axis (P_L): half of all changes of phase.

    Args:
        bone: (z, y, x) what is taken for bone.
        inside: (z, y, x) voxels that count; a step counts where both of its ends do.
        step_mm: distance of voxels along the axis.
        axis: array axis.

    Returns:
        NaN where no step lies inside.
    """
    counted = _first(inside, axis) & _second(inside, axis)
    steps = int(np.count_nonzero(counted))
    if steps == 0:
        return float("nan")
    changes = np.count_nonzero((_first(bone, axis) != _second(bone, axis)) & counted)
    return float(0.5 * changes / (steps * step_mm))


def _first(values: Bools, axis: int) -> Bools:
    return np.moveaxis(values, axis, 0)[:-1]


def _second(values: Bools, axis: int) -> Bools:
    return np.moveaxis(values, axis, 0)[1:]
