"""The volumes of a result folder that pictures are cut from, and the joint frames they are cut along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.errors import InputError

_REMEDY = "Run the analysis again."


def load_volume(analysis: KneeAnalysis, folder: Path, role: str) -> sitk.Image:
    """Read the volume of a role (``"ct"``, ``"labels"``), LPS.

    Raises:
        InputError: the result does not name it, it lies outside the folder, or it cannot be read.
    """
    relative = analysis.files.get(role)
    if not relative:
        raise InputError(f"The result names no {role} volume.", _REMEDY)
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"The result folder has no file {relative}.", _REMEDY)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"The file {relative} of the result folder cannot be read.", _REMEDY) from error
    if image.GetDimension() != 3:
        raise InputError(f"The file {relative} of the result folder is not a volume.", _REMEDY)
    return image


def frame_of(analysis: KneeAnalysis, bone: str) -> JointFrame | None:
    """The joint frame of a bone; ``None`` where the analysis fitted none."""
    for found in analysis.bones:
        if found.name == bone and found.frame_origin_lps_mm is not None and found.frame_axes is not None:
            return JointFrame(
                np.array(found.frame_origin_lps_mm, dtype=float),
                np.array(found.frame_axes, dtype=float),
                bool(found.frame_mirrored),
            )
    return None
