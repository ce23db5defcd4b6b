"""The exact motion of each bone between two scans, as ITK and as 3D Slicer write it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.virtual.body.knee_data import KneeData
from CTSMALib.virtual.body.order import BFFE, RESCAN
from CTSMALib.virtual.cohort.plain import as_json

MATRICES_FILE = "moving_to_fixed_ras.json"
_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])  # LPS to RAS and back


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
            _write_itk(matrix, folder / f"{bone}{ending}.tfm")
            matrices.setdefault(series, {})[bone] = moving_to_fixed_ras(matrix)
    (folder / MATRICES_FILE).write_bytes(as_json(matrices))


def moving_to_fixed_ras(fixed_to_moving_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse in RAS, which is what 3D Slicer applies to nodes of the moving scan.

    Args:
        fixed_to_moving_lps: (4, 4) rigid, from LPS points of the CT to those of the MR.

    Returns:
        (4, 4) from RAS points of the MR to those of the CT.
    """
    inverse = np.eye(4)
    inverse[:3, :3] = fixed_to_moving_lps[:3, :3].T
    inverse[:3, 3] = -inverse[:3, :3] @ fixed_to_moving_lps[:3, 3]
    return _FLIP @ inverse @ _FLIP + 0.0  # no negative zeros


def _write_itk(matrix: NDArray[np.float64], path: Path) -> None:
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    try:
        sitk.WriteTransform(transform, str(path))
    except RuntimeError as error:
        raise OSError(f"{path.name} could not be written") from error
