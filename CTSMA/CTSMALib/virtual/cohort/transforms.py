"""The exact motion of each bone between two scans, as ITK and as 3D Slicer write it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.body.knee_data import KneeData
from CTSMALib.virtual.body.order import BFFE, RESCAN
from CTSMALib.virtual.cohort.plain import as_json
from CTSMALib.volumes.rigid import moving_to_fixed_ras, write_itk

MATRICES_FILE = "moving_to_fixed_ras.json"


def write_transforms(data: KneeData, folder: Path) -> None:
    """Write ``BONE.tfm``, ``BONE_rescan.tfm`` where there is a rescan, and :data:`MATRICES_FILE`.

    Args:
        data: of the knee.
        folder: exists.

    Raises:
        OSError: a file could not be written.
    """
    matrices: dict[str, dict[str, NDArray[np.float64]]] = {}
    for series, ending, moves in ((BFFE, "", data.transforms), (RESCAN, "_rescan", data.rescan_transforms)):
        for bone, matrix in moves.items():
            write_itk(matrix, folder / f"{bone}{ending}.tfm")
            matrices.setdefault(series, {})[bone] = moving_to_fixed_ras(matrix)
    (folder / MATRICES_FILE).write_bytes(as_json(matrices))
