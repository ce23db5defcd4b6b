"""Reading a CT from a single image file: NIfTI, NRRD or MetaImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress
from CTSMALib.volumes.checks import to_hu, to_int16
from CTSMALib.volumes.extent import check_geometry
from CTSMALib.volumes.geometry import check_direction, image_from_array, not_perpendicular
from CTSMALib.volumes.nifti_file import begins_like_nifti, nifti_notices, read_nifti_header, read_nifti_voxels
from CTSMALib.volumes.silence import libraries_silenced

_READERS = {"NIfTI": "NiftiImageIO", "NRRD": "NrrdImageIO", "MetaImage": "MetaImageIO"}
_FITS_INT16 = (sitk.sitkInt8, sitk.sitkUInt8, sitk.sitkInt16)


def read_image_file(path: Path, kind: str, progress: Progress) -> tuple[sitk.Image, tuple[Notice, ...]]:
    """Read and check one image file.

    Args:
        path: an existing file.
        kind: ``"NIfTI"``, ``"NRRD"`` or ``"MetaImage"``.
        progress: told the fraction done.

    Returns:
        HU as ``int16`` in LPS, and what had to be done to read it.

    Raises:
        InputError: the file is damaged, is not one CT volume, or has no usable geometry.
    """
    what = f"The image '{path.name}'"
    progress("Reading slices", 0.0)
    if kind == "NIfTI" and not path.name.lower().endswith((".nii", ".nii.gz")):
        raise InputError(f"'{path.name}' is a NIfTI file by content but not by name.", "Rename it to end in .nii.")
    _check_beginning(path, kind)
    reader = _information(path, kind, what)
    size, spacing, direction = _volume_geometry(reader, what)
    check_geometry(size, spacing, what)
    check_direction(direction, what)
    if kind == "NIfTI":
        header = read_nifti_header(path)
        notices = nifti_notices(header)
        rounded = to_int16(read_nifti_voxels(path, header, size), header.slope, header.intercept)
    else:
        notices = _silence(reader, kind)
        rounded = to_int16(_pixels(reader, what).reshape(size[::-1]))
    progress("Reading slices", 0.7)
    checked = to_hu(rounded.array, what, rescale_known=False)
    result = image_from_array(checked.array, spacing, reader.GetOrigin()[:3], np.array(direction).reshape(3, 3))
    return result, (*notices, *rounded.notices, *checked.notices)


def _check_beginning(path: Path, kind: str) -> None:
    """Files are recognized by their names too; those must not be called damaged that never were such an image."""
    if kind == "NIfTI":
        fits = begins_like_nifti(path)
    elif kind == "NRRD":
        with path.open("rb") as file:
            fits = file.read(4) == b"NRRD"
    else:  # MetaImage has no signature
        return
    if not fits:
        raise InputError(f"'{path.name}' is not a {kind} image, though its name says so.", "Give the CT itself.")


def _information(path: Path, kind: str, what: str) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        with libraries_silenced():
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise _explained(error, what) from error
    kinds = reader.GetPixelID()
    if reader.GetNumberOfComponents() > 1 or kinds in (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64):
        raise InputError(
            f"{what} has several values per voxel (color, vector or complex numbers).", "Give the CT itself, in HU."
        )
    return reader


def _volume_geometry(
    reader: sitk.ImageFileReader, what: str
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    dimension, size = reader.GetDimension(), reader.GetSize()
    if dimension < 3 or min(size[:3]) < 2:
        raise InputError(f"{what} is a single slice.", "Give a volume that covers the knee.")
    if any(n > 1 for n in size[3:]):
        raise InputError(f"{what} holds {size[3]} volumes.", "Save one of them as a file of its own.")
    matrix = np.array(reader.GetDirection()).reshape(dimension, dimension)[:3, :3]
    return size[:3], reader.GetSpacing()[:3], tuple(float(v) for v in matrix.ravel())


def _silence(reader: sitk.ImageFileReader, kind: str) -> tuple[Notice, ...]:
    if kind != "NRRD" or "NRRD_space" in reader.GetMetaDataKeys():
        return ()
    text = "The file does not say how the patient lies in the image, so left and right may be swapped."
    return (Notice("orientation-unknown", text),)


def _pixels(reader: sitk.ImageFileReader, what: str) -> np.ndarray:
    # 32-bit floats hold every HU exactly and spare the memory of a 64-bit image.
    reader.SetOutputPixelType(sitk.sitkInt16 if reader.GetPixelID() in _FITS_INT16 else sitk.sitkFloat32)
    try:
        with libraries_silenced():
            return sitk.GetArrayFromImage(reader.Execute())
    except (RuntimeError, MemoryError) as error:
        raise _explained(error, what) from error


def _explained(error: Exception, what: str) -> InputError:
    said = str(error).lower()
    if "orthonormal" in said or "determinant" in said or "direction" in said:
        return not_perpendicular(what)
    if "spacing" in said:
        return InputError(f"{what} has no usable voxel size.", "Convert the original DICOM images again.")
    return InputError(f"{what} is damaged or incomplete.", "Copy or export it again, with all its files.")
