"""Volumes and surfaces of a result folder, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.errors import InputError
from CTSMALib.volumes.nifti_file import read_nifti_header, read_nifti_voxels

_REMEDY = "Run the analysis again."


def load_volume(analysis: KneeAnalysis, folder: Path, role: str) -> sitk.Image:
    """Read the volume of a role, LPS.

    Args:
        analysis: the findings.
        folder: where they were read from.
        role: of ``analysis.files``, for example ``"ct"``, or ``"map:<catalogue key>"``.

    Raises:
        InputError: the result does not name it, it lies outside the folder, or it is damaged.
    """
    path = _path(analysis, folder, role)
    try:
        return stored_volume(path)
    except (InputError, RuntimeError) as error:
        raise InputError(f"The result is damaged: {path.name} cannot be read completely.", _REMEDY) from error


def load_surface(analysis: KneeAnalysis, folder: Path, role: str) -> Any:
    """Read the surface of a role, for example ``"surface_femur"``: a ``vtkPolyData`` in LPS, mm.

    Raises:
        InputError: the result does not name it, it lies outside the folder, or it is damaged.
    """
    from vtkmodules.vtkCommonCore import vtkOutputWindow, vtkStringOutputWindow
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    path = _path(analysis, folder, role)
    reader = vtkXMLPolyDataReader()
    reader.SetReadFromInputString(True)
    shown = vtkOutputWindow.GetInstance()
    vtkOutputWindow.SetInstance(vtkStringOutputWindow())  # VTK tells of damage by printing
    try:
        reader.SetInputString(path.read_text(encoding="ascii"))
        reader.Update()
        readable = reader.GetErrorCode() == 0 and reader.GetOutput().GetNumberOfPoints() > 0
    except UnicodeDecodeError:
        readable = False
    finally:
        vtkOutputWindow.SetInstance(shown)
    if not readable:
        raise InputError(f"The result is damaged: {path.name} cannot be read completely.", _REMEDY)
    return reader.GetOutput()


def _path(analysis: KneeAnalysis, folder: Path, role: str) -> Path:
    maps = {f"map:{made.key}": made.file for made in analysis.maps}
    relative = {**analysis.files, **maps}.get(role)
    if not relative:
        raise InputError(f"The result names no {role} volume.", _REMEDY)
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"The result folder has no file {relative}.", _REMEDY)
    return path


def stored_volume(path: Path) -> sitk.Image:
    """A volume as it was written, LPS; ITK alone would fill what a short file lacks with 0.

    Raises:
        InputError: it is no volume, or not complete.
        RuntimeError: ITK cannot read its header.
    """
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
