"""The volumes of a result folder that pictures are cut from, and the joint frames they are cut along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.errors import InputError
from CTSMALib.volumes.nifti_file import read_nifti_header, read_nifti_voxels

_REMEDY = "Run the analysis again."


def load_volume(analysis: KneeAnalysis, folder: Path, role: str) -> sitk.Image:
    """Read the volume of a role (``"ct"``, ``"labels"``), LPS.

    Raises:
        InputError: the result does not name it, it lies outside the folder, or it is damaged.
    """
    relative = analysis.files.get(role)
    if not relative:
        raise InputError(f"The result names no {role} volume.", _REMEDY)
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"The result folder has no file {relative}.", _REMEDY)
    try:
        return _nifti(path)
    except (InputError, RuntimeError) as error:
        raise InputError(f"The result is damaged: {relative} cannot be read completely.", _REMEDY) from error


def _nifti(path: Path) -> sitk.Image:
    """A volume as it was written; ITK alone would fill what a short file lacks with 0."""
    header = read_nifti_header(path)
    reader = sitk.ImageFileReader()
    reader.SetImageIO("NiftiImageIO")
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise InputError(f"{path.name} is not a volume.", _REMEDY)
    voxels = read_nifti_voxels(path, header, reader.GetSize())
    if (header.slope, header.intercept) != (1.0, 0.0):
        voxels = voxels.astype(np.float32) * header.slope + header.intercept
    image = sitk.GetImageFromArray(voxels.astype(voxels.dtype.newbyteorder("="), copy=False))
    image.SetSpacing(reader.GetSpacing())
    image.SetOrigin(reader.GetOrigin())
    image.SetDirection(reader.GetDirection())
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
