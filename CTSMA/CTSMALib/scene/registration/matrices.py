"""Between (4, 4) matrices of numpy and those of VTK."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def to_vtk(matrix: Matrix) -> Any:
    """A ``vtkMatrix4x4`` with the same numbers as a (4, 4) matrix."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    return result


def to_numpy(matrix: Any) -> Matrix:
    """The (4, 4) numbers of a ``vtkMatrix4x4``."""
    return np.array(matrix.GetData(), dtype=float).reshape(4, 4)
